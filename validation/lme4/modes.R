# Conditional modes of lme4 with their standard deviations.
# Usage: Rscript validation/lme4/modes.R   (from the root of the repository; seconds)
# Data: validation/lme4/data. Output: validation/lme4/modes.json, versions inside.
#
# The standard deviation is that of the random effect given the data and all parameters at their estimates (lme4's
# condVar): it ignores the uncertainty of the fixed effects and the variances.
source(file.path("validation", "lme4", "common.R"))
results <- lapply(c("sleepstudy", "penicillin", "pastes", "synth1k"), function(name) {
  modes <- ranef(fit(name, TRUE), condVar = TRUE)
  groups <- lapply(modes, function(x) {
    posterior <- attr(x, "postVar")
    std_dev <- matrix(sqrt(apply(posterior, 3, diag)), ncol = ncol(x), byrow = TRUE)
    list(level = rownames(x), term = I(names(x)), value = unname(as.matrix(x)), std_dev = std_dev)
  })
  list(name = name, data = models[[name]]$data, formula = models[[name]]$formula, reml = TRUE, groups = groups)
})
pin(list(models = results), "modes.json")
