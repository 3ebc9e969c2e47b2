# Terms that nest, and nested ones crossed by others: what the engine eliminates in a chain.
# Usage: Rscript validation/lme4/nested.R   (from the root of the repository; minutes)
# Data: validation/lme4/data/gains.csv.xz and pupils.csv.xz, written here from a seed.
# Output: validation/lme4/nested.json, versions inside.
source(file.path("validation", "lme4", "common.R"))
suppressMessages(library(lmerTest))
set.seed(20061, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

write_set <- function(d, name) {
  packed <- xzfile(file.path(root, "data", paste0(name, ".csv.xz")), "w", compression = 9)
  write.csv(d, packed, row.names = FALSE, quote = FALSE)
  close(packed)
}
code <- function(...) as.integer(interaction(..., drop = TRUE))
effect <- function(codes, sd) rnorm(max(codes), 0, sd)[codes]

# Gains of a sweep: baselines within languages within tasks, runs within models and tasks, a tenth of the rows missing.
g <- expand.grid(language = 1:60, target_task = 1:8, model = 1:3, seed = 1:2, intermediate = 1:2)
g <- g[sort(sample.int(nrow(g), round(0.9 * nrow(g)))), ]
g$baseline_run <- code(g$model, g$seed, g$target_task)
g$run <- code(g$baseline_run, g$intermediate)
g$baseline <- code(g$baseline_run, g$language)
g$typology <- round(runif(60), 4)[g$language]
g$log_params <- c(-0.5, 0.2, 1.1)[g$model]
g$w <- round(runif(nrow(g), 0.5, 2), 4)
g$gain <- round(2 - 1.5 * g$typology + 0.5 * g$log_params + effect(g$language, 1.1) + effect(g$target_task, 1.5) +
  effect(code(g$language, g$target_task), 0.9) + effect(g$baseline, 0.8) + effect(g$run, 0.6) +
  effect(g$baseline_run, 0.5) + rnorm(nrow(g), 0, 1.2), 4)
write_set(g[, c("gain", "typology", "log_params", "w", "language", "target_task", "baseline", "run", "baseline_run")],
          "gains")

# Pupils within classes within schools, two marks or more each, crossed by examiners; a slope by school.
p <- data.frame(pupil = 1:1800)
p$class <- sample.int(450, 1800, replace = TRUE)
p$school <- sample.int(90, 450, replace = TRUE)[p$class]
p <- p[rep(1:1800, sample(2:4, 1800, replace = TRUE)), ]
p$examiner <- sample.int(20, nrow(p), replace = TRUE)
p$x <- round(rnorm(nrow(p)), 4)
slopes <- matrix(rnorm(180), 90) %*% chol(matrix(c(1, 0.3, 0.3, 0.4), 2))
p$score <- round(50 + 2 * p$x + slopes[p$school, 1] + slopes[p$school, 2] * p$x + effect(p$class, 0.8) +
  effect(p$pupil, 1.4) + effect(p$examiner, 0.7) + rnorm(nrow(p), 0, 1.5), 4)
write_set(p[, c("score", "x", "school", "class", "pupil", "examiner")], "pupils")

models <- list(
  gains = list(data = "gains", weights = NULL, formula = paste(
    "gain ~ typology + log_params + (1|language) + (1|target_task) + (1|language:target_task) + (1|baseline)",
    "+ (1|run) + (1|baseline_run)")),
  gains_weights = list(data = "gains", weights = "w", formula = paste(
    "gain ~ typology + log_params + (1|language) + (1|target_task) + (1|language:target_task) + (1|baseline)",
    "+ (1|run)")),
  pupils = list(data = "pupils", weights = NULL, formula =
    "score ~ x + (1 + x|school) + (1|school:class) + (1|school:class:pupil) + (1|examiner)"))

results <- list()
for (name in names(models)) for (reml in c(TRUE, FALSE)) {
  model <- models[[name]]
  d <- read.csv(file.path(root, "data", paste0(model$data, ".csv.xz")))
  for (k in setdiff(names(d), c("gain", "score", "typology", "log_params", "w", "x"))) d[[k]] <- factor(d[[k]])
  call <- list(as.formula(model$formula), d, REML = reml, control = tight)
  if (!is.null(model$weights)) call$weights <- d[[model$weights]]
  m <- do.call(lme4::lmer, call)
  entry <- c(list(name = name, data = model$data, formula = model$formula, weights = model$weights, reml = reml,
                  n = nrow(d), q = ncol(getME(m, "Z")), theta = unname(getME(m, "theta"))), describe(m, reml))
  if (reml && name != "gains_weights") entry$satterthwaite <- unname(coef(summary(as_lmerModLmerTest(m)))[, "df"])
  results[[length(results) + 1]] <- entry
  cat(sprintf("%-14s REML=%d criterion %.8f\n", name, reml, entry$criterion))
}
pin(list(models = results), "nested.json", c("lme4", "lmerTest"))
