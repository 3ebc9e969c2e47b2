# Pinned results of lme4, lmerTest and pbkrtest for tests/analysis/mixed/test_lme4_reference.py.
# Usage: Rscript validation/lme4/reference.R   (from the root of the repository; minutes)
# Data: validation/lme4/data, written by make_data.R. Output: validation/lme4/reference.json, versions inside.
source(file.path("validation", "lme4", "common.R"))
suppressMessages({library(lmerTest); library(pbkrtest)})

synth <- models$synth1k$formula
models <- c(models, list(
  synth5k = list(data = "synth5k", formula = synth),
  synth5k_ri = list(data = "synth5k", formula = sub("1+typology|model", "1|model", synth, fixed = TRUE)),
  synth5k_w = list(data = "synth5k", formula = synth, weights = "w")))
kenward_roger <- c("sleepstudy", "sleepstudy_ri", "penicillin", "cake", "dyestuff", "pastes", "synth1k")

results <- list()
for (name in names(models)) for (reml in c(TRUE, FALSE)) {
  model <- models[[name]]
  d <- read_set(model$data)
  if (is.null(model$weights)) m <- lme4::lmer(as.formula(model$formula), d, REML = reml, control = tight) else
    m <- lme4::lmer(as.formula(model$formula), d, REML = reml, weights = w, control = tight)
  r <- c(list(name = name, data = model$data, formula = model$formula, weights = model$weights, reml = reml,
              n = nrow(d), q = ncol(getME(m, "Z"))), describe(m, reml))
  if (reml) {
    s <- summary(as_lmerModLmerTest(m))$coefficients
    r$satterthwaite <- unname(s[, "df"]); r$p_value <- unname(s[, "Pr(>|t|)"])
    if (name %in% kenward_roger) {
      s <- summary(as_lmerModLmerTest(m), ddf = "Kenward-Roger")$coefficients
      r$kenward_roger <- list(df = unname(s[, "df"]), std_error = unname(s[, "Std. Error"]))
    }
    modes <- ranef(m, condVar = FALSE)
    r$modes <- lapply(modes, function(x) list(level = rownames(x), term = names(x), value = unname(as.matrix(x))))
  }
  results[[length(results) + 1]] <- r
  cat(sprintf("%-24s REML=%d criterion %.8f\n", name, reml, r$criterion))
}
pin(list(models = results), "reference.json", c("lme4", "lmerTest", "pbkrtest"))
