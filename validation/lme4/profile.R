# 95% profile intervals of lme4 for standard deviations, correlations and fixed effects.
# Usage: Rscript validation/lme4/profile.R   (from the root of the repository; minutes)
# Data: validation/lme4/data. Output: validation/lme4/profile.json, versions and settings inside.
#
# lme4 profiles the maximum likelihood deviance, whatever the fit was made by. `spline_low` and `spline_high` are what
# confint(profile(m)) says: it interpolates, and for fixed effects minimises under lme4's default control. `conf_low`
# and `conf_high` come from the same deviance (lme4's own deviance function of standard deviations and correlations;
# for a fixed effect, the fit without its column and with it as an offset), minimised over all other parameters under
# the tight control, with the limit found as a root. The tests compare with the roots.
# nloptwrap warns of "roundoff" where it has reached the last digit of the deviance; the minimum it returns is usable.
source(file.path("validation", "lme4", "common.R"))
level <- 0.95
settings <- list(delta.cutoff = 1 / 32, maxpts = 500, devtol = 1e-7, signames = FALSE)
rise <- qchisq(level, 1)
names_kept <- c("sleepstudy", "sleepstudy_uncorrelated", "penicillin", "dyestuff", "dyestuff2", "pastes", "cake")
# How close to its bound a correlation may come (the covariance must keep a Cholesky factor), how near zero a standard
# deviation is tried before its limit is zero (relative to sigma), and how exact a root is (relative).
nearly_one <- 1 - 1e-9
nearly_zero <- 1e-7
root_tolerance <- 1e-9

# The best minimum from several starts: a search that starts where a variance is zero can stay there.
minimum <- function(f, starts, lower, upper) {
  found <- lapply(starts, function(start)
    lme4:::optwrap("nloptwrap", f, start, lower = lower, upper = upper, control = tight$optCtrl, calc.derivs = FALSE))
  found[[which.min(sapply(found, function(one) one$fval))]]
}

# Walks from the estimate until the deviance has risen enough, then finds where; `bound` if it never does.
limit <- function(excess, estimate, step, bound) {
  inside <- estimate
  repeat {
    outside <- estimate + step
    if ((step < 0 && outside <= bound) || (step > 0 && outside >= bound)) {
      outside <- if (bound == 0) nearly_zero * abs(step) else bound
      if (excess(outside) < 0) return(bound)
    }
    if (excess(outside) > 0) break
    inside <- outside
    step <- 1.5 * step
  }
  uniroot(excess, sort(c(inside, outside)), tol = root_tolerance * abs(outside), maxiter = 200)$root
}

# Excess of the deviance over its minimum and `rise`, with parameter k of lme4's deviance function fixed.
variance_excess <- function(deviance, optimum, k, lower, upper, base) {
  start <- optimum[-k]
  apart <- ifelse(lower == 0, pmax(optimum, tail(optimum, 1)), optimum)[-k]  # no standard deviation below sigma
  function(x) {
    best <- minimum(function(other) deviance(append(other, x, k - 1)), list(start, apart), lower[-k], upper[-k])
    start <<- best$par
    best$fval - base - rise
  }
}

fixed_excess <- function(formula, d, j, theta, base) {
  parts <- lFormula(formula, d, REML = FALSE, control = tight)
  own <- parts$X[, j]
  parts$X <- lme4:::.modelMatrixDrop(parts$X, j)
  start <- theta
  apart <- ifelse(parts$reTrms$lower == 0, pmax(theta, 1), theta)
  function(x) {
    parts$fr[["(offset)"]] <- x * own
    f <- do.call(mkLmerDevfun, parts)
    best <- minimum(f, list(start, apart), parts$reTrms$lower, rep(Inf, length(theta)))
    start <<- best$par
    best$fval - base - rise
  }
}

intervals <- function(name) {
  m <- fit(name, FALSE)
  base <- as.numeric(-2 * logLik(m))
  deviance <- lme4:::devfun2(m, useSc = TRUE, signames = FALSE)
  optimum <- attr(deviance, "optimum")
  fixed <- names(fixef(m))
  v <- as.data.frame(VarCorr(m), order = "lower.tri")  # the order of the parameters of the deviance function
  correlation <- !is.na(v$var2)
  optimum <- unname(optimum[seq_len(nrow(v))])
  stopifnot(isTRUE(all.equal(optimum, v$sdcor)))
  lower <- ifelse(correlation, -nearly_one, 0)
  upper <- ifelse(correlation, nearly_one, Inf)
  spline <- confint(do.call(profile, c(list(m), settings)), level = level)
  rows <- data.frame(kind = c(ifelse(correlation, "correlation", "std_dev"), rep("fixed", length(fixed))),
                     name = rownames(spline), group = c(v$grp, rep("", length(fixed))), term = c(v$var1, fixed),
                     other = c(v$var2, rep(NA, length(fixed))), estimate = c(optimum, unname(fixef(m))),
                     spline_low = spline[, 1], spline_high = spline[, 2])
  std_error <- c(ifelse(correlation, 0.1, 0.1 * pmax(optimum, sigma(m))), sqrt(diag(as.matrix(vcov(m)))))
  for (k in seq_len(nrow(rows))) {
    i <- k - nrow(v)
    excess <- if (i <= 0) variance_excess(deviance, optimum, k, lower, upper, base) else
      fixed_excess(as.formula(models[[name]]$formula), read_set(models[[name]]$data), i, getME(m, "theta"), base)
    bounds <- if (i <= 0) c(lower[k], upper[k]) else c(-Inf, Inf)
    rows$conf_low[k] <- if (rows$estimate[k] == bounds[1]) bounds[1] else
      limit(excess, rows$estimate[k], -std_error[k], bounds[1])
    rows$conf_high[k] <- limit(excess, rows$estimate[k], std_error[k], bounds[2])
  }
  print(rows, digits = 9)
  rows
}

results <- lapply(names_kept, function(name)
  list(name = name, data = models[[name]]$data, formula = models[[name]]$formula,
       deviance = as.numeric(-2 * logLik(fit(name, FALSE))), intervals = intervals(name)))
pin(list(level = level, likelihood = "ML", profile_settings = settings, root_tolerance = root_tolerance,
         models = results), "profile.json")
