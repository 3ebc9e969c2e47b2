# Joint F tests (lmerTest, pbkrtest), likelihood-ratio tests and fits without one level of a grouping factor (lme4).
# Usage: Rscript validation/lme4/inference.R   (from the root of the repository; minutes)
# Data: validation/lme4/data. Output: validation/lme4/inference.json, versions inside.
source(file.path("validation", "lme4", "common.R"))
suppressMessages({library(lmerTest); library(pbkrtest)})

# Each contrast sets the coefficients it names to zero at once.
contrasts <- list(
  list(model = "sleepstudy", name = "all", terms = c("(Intercept)", "Days")),
  list(model = "sleepstudy", name = "days", terms = "Days"),
  list(model = "cake", name = "recipe", terms = c("recipeB", "recipeC")),
  list(model = "cake", name = "interaction", terms = c("recipeB:temp", "recipeC:temp")),
  list(model = "cake", name = "recipe_and_interaction",
       terms = c("recipeB", "recipeC", "recipeB:temp", "recipeC:temp")),
  list(model = "cake", name = "slopes", terms = c("temp", "recipeB:temp", "recipeC:temp")),
  list(model = "synth1k", name = "typology", terms = c("typology", "typology:log_params")),
  list(model = "synth1k", name = "moderators",
       terms = c("typology", "log_params", "log_corpus", "typology:log_params")))

tests <- list()
for (contrast in contrasts) {
  m <- as_lmerModLmerTest(fit(contrast$model, TRUE))
  L <- diag(length(fixef(m)))[match(contrast$terms, names(fixef(m))), , drop = FALSE]
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    found <- contest(m, L, joint = TRUE, ddf = ddf)
    tests[[length(tests) + 1]] <- list(
      model = contrast$model, data = models[[contrast$model]]$data, formula = models[[contrast$model]]$formula,
      name = contrast$name, terms = I(contrast$terms), df = tolower(ddf), statistic = found[["F value"]],
      num_df = found[["NumDF"]], den_df = found[["DenDF"]], p_value = found[["Pr(>F)"]])
  }
}

comparisons <- list()
for (pair in list(
  list(data = "sleepstudy", smaller = "Reaction ~ Days + (1|Subject)", larger = "Reaction ~ Days + (Days||Subject)"),
  list(data = "sleepstudy", smaller = "Reaction ~ Days + (1|Subject)", larger = "Reaction ~ Days + (Days|Subject)"),
  list(data = "sleepstudy", smaller = "Reaction ~ 1 + (Days|Subject)", larger = "Reaction ~ Days + (Days|Subject)"),
  list(data = "pastes", smaller = "strength ~ 1 + (1|batch:cask)", larger = "strength ~ 1 + (1|batch/cask)"),
  list(data = "penicillin", smaller = "diameter ~ 1 + (1|plate)", larger = "diameter ~ 1 + (1|plate) + (1|sample)"),
  list(data = "cake", smaller = "angle ~ recipe + temp + (1|recipe:replicate)",
       larger = "angle ~ recipe*temp + (1|recipe:replicate)"),
  list(data = "synth1k", smaller = sub("1+typology|model", "1|model", models$synth1k$formula, fixed = TRUE),
       larger = models$synth1k$formula))) {
  d <- read_set(pair$data)
  smaller <- lme4::lmer(as.formula(pair$smaller), d, REML = FALSE, control = tight)
  larger <- lme4::lmer(as.formula(pair$larger), d, REML = FALSE, control = tight)
  found <- anova(smaller, larger, refit = FALSE)
  comparisons[[length(comparisons) + 1]] <- c(
    pair, list(chisq = found$Chisq[2], df = found$Df[2], p_value = found[["Pr(>Chisq)"]][2]))
}

# Fixed effects without each level in turn; the variances are estimated anew each time.
influence <- list()
for (case in list(c("sleepstudy", "Subject"), c("penicillin", "plate"), c("penicillin", "sample"))) {
  model <- models[[case[1]]]
  d <- read_set(model$data)
  levels <- levels(factor(d[[case[2]]]))
  without <- lapply(levels, function(level)
    lme4::lmer(as.formula(model$formula), droplevels(d[d[[case[2]]] != level, ]), REML = TRUE, control = tight))
  influence[[length(influence) + 1]] <- list(
    model = case[1], data = model$data, formula = model$formula, reml = TRUE, group = case[2], level = levels,
    terms = I(names(fixef(without[[1]]))), estimate = unname(do.call(rbind, lapply(without, fixef))),
    singular = sapply(without, isSingular))
}
pin(list(tests = tests, comparisons = comparisons, influence = influence), "inference.json",
    c("lme4", "lmerTest", "pbkrtest"))
