# Nonlinear mixed fits with outside programs: a saturating power law and a threshold, as analysis/scaling/forms.py has them.
# Usage: Rscript validation/scale/reference.R   (from the root of the repository; minutes)
# Output: validation/scale/reference.json, and the synthetic sets it fits in validation/scale/data.
#
# Two ways to the same maximum of the likelihood: lme4::lmer with the nonlinear parameter given, maximised over it by
# optimise() between neighbours of the best of a grid; and nlme::nlme, which estimates it with the rest (exact here: the
# random effect enters linearly). The 95% interval is where the profile of lmer's deviance rises by qchisq(0.95, 1).
# xmtf_gains.csv contains the gains of BLOOM from 560M to 176B parameters that `analyze scale` reads
# (`analyze fit --rows` writes such rows).
suppressMessages({library(lme4); library(nlme); library(jsonlite)})
root <- file.path("validation", "scale")
tight <- lmerControl(optimizer = "nloptwrap", check.conv.singular = "ignore", calc.derivs = FALSE,
                     optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
rise <- qchisq(0.95, 1)

power_basis <- function(z, alpha, origin) -expm1(-alpha * log(2) * (z - origin)) / (alpha * log(2))
hinge_basis <- function(z, t, origin) pmax(0, z - t)

# Synthetic sets: 12 languages by 4 tasks by 7 sizes, crossed effects, a slope of its own for each language.
set.seed(20261121)
simulate_set <- function(basis, parameter, slope) {
  z <- log2(c(0.3, 0.6, 1.2, 2.5, 5, 11, 24))
  d <- expand.grid(language = sprintf("l%02d", 1:12), target_task = paste0("t", 1:4), log_params = z)
  curve <- basis(d$log_params, parameter, min(z))
  d$score <- 40 + (slope + rnorm(12, 0, 0.6)[as.integer(d$language)]) * curve + rnorm(12, 0, 3)[as.integer(d$language)] +
    rnorm(4, 0, 5)[as.integer(d$target_task)] + rnorm(7, 0, 0.5)[as.integer(factor(d$log_params))] +
    rnorm(nrow(d), 0, 1.5)
  d$model <- paste0("m", as.integer(factor(d$log_params)))
  d$score <- round(d$score, 6)
  d$log_params <- round(d$log_params, 10)
  d
}
write_set <- function(d, name) write.csv(d, file.path(root, "data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
write_set(simulate_set(power_basis, 0.5, 6), "power")
write_set(simulate_set(hinge_basis, 0.7, 4), "threshold")

crossed <- "score ~ scale + (1 + scale||language) + (1|target_task) + (1|model)"
cases <- list(
  list(name = "power", data = "power", outcome = "score", form = "power", formula = crossed, range = c(0.02, 2)),
  list(name = "power_intercepts", data = "power", outcome = "score", form = "power",
       formula = "score ~ scale + (1|language)", range = c(0.02, 2)),
  list(name = "threshold", data = "threshold", outcome = "score", form = "threshold", formula = crossed,
       range = c(-1.5, 3)),
  list(name = "xmtf_power", data = "xmtf_gains", outcome = "gain", form = "power",
       formula = paste("gain ~ scale + (1 + scale||language) + (1 + scale||target_task) + (1|model)",
                       "+ (1|intermediate_task) + (1|language:target_task) + (1|model:target_task) + (1|baseline)"),
       range = c(0.02, 1)))

run <- function(case) {
  d <- read.csv(file.path(root, "data", paste0(case$data, ".csv")), stringsAsFactors = TRUE)
  basis <- if (case$form == "power") power_basis else hinge_basis
  fit <- function(parameter) {
    d$scale <- basis(d$log_params, parameter, min(d$log_params))
    suppressMessages(suppressWarnings(lmer(as.formula(case$formula), d, REML = FALSE, control = tight)))
  }
  deviance_at <- function(parameter) -2 * as.numeric(logLik(fit(parameter)))
  grid <- if (case$form == "power") exp(seq(log(case$range[1]), log(case$range[2]), length.out = 20)) else
    seq(case$range[1], case$range[2], length.out = 30)
  heights <- sapply(grid, deviance_at)
  i <- which.min(heights)
  found <- optimise(deviance_at, grid[c(max(i - 1, 1), min(i + 1, length(grid)))], tol = 1e-8)
  best <- found$minimum
  limit <- function(side) {
    step <- 0.05 * (1 + abs(best)); outside <- best
    repeat { outside <- if (case$form == "power") outside * exp(side * 0.2) else outside + side * step
             if (deviance_at(outside) > found$objective + rise) break }
    uniroot(function(u) deviance_at(u) - found$objective - rise, sort(c(best, outside)), tol = 1e-8)$root
  }
  m <- fit(best)
  low <- limit(-1); high <- limit(1)
  at <- range(grid)
  list(name = case$name, data = case$data, outcome = case$outcome, form = case$form, formula = case$formula,
       parameter = best, conf_low = low, conf_high = high, log_likelihood = -found$objective / 2,
       aic = as.numeric(AIC(m)) + 2, intercept = unname(fixef(m)[1]), slope = unname(fixef(m)[2]),
       given = list(parameter = at, log_likelihood = -sapply(at, deviance_at) / 2))
}

nonlinear <- function() {
  d <- read.csv(file.path(root, "data", "power.csv"))
  d$steps <- d$log_params - min(d$log_params)
  m <- nlme(score ~ a + b * -expm1(-alpha * log(2) * steps) / (alpha * log(2)), d, fixed = a + b + alpha ~ 1,
            random = a ~ 1 | language, start = c(a = 40, b = 6, alpha = 0.4), method = "ML",
            control = nlmeControl(pnlsTol = 1e-6, tolerance = 1e-8, minScale = 1e-12, maxIter = 500, msMaxIter = 500))
  list(name = "power_intercepts", alpha = unname(fixef(m)["alpha"]), intercept = unname(fixef(m)["a"]),
       slope = unname(fixef(m)["b"]), log_likelihood = as.numeric(logLik(m)))
}

results <- lapply(cases, function(case) { cat(case$name, "\n"); run(case) })
versions <- sapply(c("lme4", "nlme"), function(p) as.character(packageVersion(p)), simplify = FALSE)
write(toJSON(list(versions = c(list(R = as.character(getRversion())), versions), models = results,
                  nlme = list(nonlinear())), digits = NA, auto_unbox = TRUE, null = "null", na = "null"),
      file.path(root, "reference.json"))
