# Further estimators of metafor's rma, and the regressions of PET and PEESE, for tests/analysis/meta.
# Usage: Rscript validation/metafor/estimators.R   (from the root of the repository; seconds)
# Data: validation/metafor/data. Output: validation/metafor/estimators.json, versions inside.
suppressMessages({library(metafor); library(jsonlite)})
root <- file.path("validation", "metafor")
sets <- lapply(c(bcg = "bcg_effects", konstantopoulos = "konstantopoulos2011", hackshaw = "hackshaw1998"),
               function(file) read.csv(file.path(root, "data", paste0(file, ".csv"))))
formulas <- list(bcg = list(~ 1, ~ ablat, ~ ablat + factor(alloc)), konstantopoulos = list(~ 1, ~ year), hackshaw = list(~ 1))
tight <- list(threshold = 1e-14, maxiter = 100000, tol = 1e-14)
number <- function(x) as.numeric(x)

models <- list()
for (set in names(sets)) for (mods in formulas[[set]]) for (method in c("HE", "HS", "SJ", "PMM")) for (test in c("knha", "z")) {
  m <- suppressWarnings(rma(yi, vi, mods = mods, data = sets[[set]], method = method, test = test, control = tight))
  models[[length(models) + 1]] <- list(data = set, formula = deparse(mods), method = method, test = test, tau2 = m$tau2,
    estimate = number(m$beta), std_error = m$se, p_value = m$pval, I2 = m$I2, log_likelihood = number(logLik(m)))
}

# PET and PEESE as weighted least squares with the dispersion estimated, and in the random-effects model.
regressions <- list()
for (set in names(sets)) for (kind in c("lm", "rma")) for (name in c("PET", "PEESE")) {
  d <- sets[[set]]
  d$precision <- if (name == "PET") sqrt(d$vi) else d$vi
  if (kind == "lm") {
    m <- lm(yi ~ precision, data = d, weights = 1 / vi)
    found <- cbind(coef(summary(m)), confint(m))
  } else {
    m <- rma(yi, vi, mods = ~ precision, data = d, test = "knha", control = tight)
    found <- cbind(m$beta, m$se, m$zval, m$pval, m$ci.lb, m$ci.ub)
  }
  regressions[[length(regressions) + 1]] <- list(data = set, kind = kind, name = name, limit = number(found[1, ]),
                                                 slope = number(found[2, ]))
}

versions <- list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")))
write(toJSON(list(versions = versions, models = models, regressions = regressions), digits = NA, auto_unbox = TRUE),
      file.path(root, "estimators.json"))
