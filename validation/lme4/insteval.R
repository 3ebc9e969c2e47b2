# A large crossed set: 73,421 evaluations of 1,128 lecturers by 2,972 students (InstEval of lme4).
# Usage: Rscript validation/lme4/insteval.R   (from the root of the repository; minutes)
# Data: validation/lme4/data/insteval.csv.xz. Output: validation/lme4/insteval.json, versions inside.
source(file.path("validation", "lme4", "common.R"))
d <- read.csv(file.path(root, "data", "insteval.csv.xz"), colClasses = c(rep("factor", 4), "integer"))

models <- list(insteval = "y ~ service + (1|s) + (1|d)",
               insteval_dept = "y ~ service + (1|s) + (1|d) + (1|dept:service)")
results <- list()
for (name in names(models)) for (reml in c(TRUE, FALSE)) {
  m <- lme4::lmer(as.formula(models[[name]]), d, REML = reml, control = tight)
  results[[length(results) + 1]] <- c(list(name = name, formula = models[[name]], reml = reml, n = nrow(d),
                                           q = ncol(getME(m, "Z")), theta = unname(getME(m, "theta"))),
                                      describe(m, reml))
  cat(sprintf("%-14s REML=%d criterion %.8f\n", name, reml, results[[length(results)]]$criterion))
}
pin(list(models = results), "insteval.json")
