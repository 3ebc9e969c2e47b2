# Pinned results of metafor and clubSandwich for tests/analysis/meta.
# Usage: Rscript validation/metafor/meta.R   (from the root of the repository; some minutes)
# Data: validation/metafor/data (hackshaw1998.csv is written here, from metadat) and validation/lme4/data.
# Output: validation/metafor/meta.json, versions inside.
suppressMessages({library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})
root <- "validation"
hackshaw <- dat.hackshaw1998[, c("study", "yi", "vi")]
write.csv(hackshaw, file.path(root, "metafor/data/hackshaw1998.csv"), row.names = FALSE)
bcg <- read.csv(file.path(root, "metafor/data/bcg_effects.csv"))
konstantopoulos <- read.csv(file.path(root, "metafor/data/konstantopoulos2011.csv"))
synth <- head(read.csv(file.path(root, "lme4/data/synth1k.csv")), 300)
synth$yi <- synth$gain
synth$vi <- synth$sei^2
synth$row <- seq_len(nrow(synth))
sets <- list(bcg = bcg, konstantopoulos = konstantopoulos, hackshaw = hackshaw, synth = synth)

tight <- list(threshold = 1e-14, maxiter = 100000, tol = 1e-14)
formulas <- list(bcg = list(~ 1, ~ ablat, ~ ablat + factor(alloc)), konstantopoulos = list(~ 1, ~ year), hackshaw = list(~ 1),
                 synth = list(~ typology + log_params))
methods <- c("REML", "ML", "DL", "PM", "EB", "FE")
number <- function(x) if (is.null(x)) NULL else as.numeric(x)

models <- list()
for (set in names(formulas)) for (mods in formulas[[set]]) for (method in methods) for (test in c("knha", "z", "t")) {
  m <- suppressWarnings(rma(yi, vi, mods = mods, data = sets[[set]], method = method, test = test, control = tight))
  p <- predict(m)
  X <- model.matrix(m)
  # metafor's restricted likelihood has log |X'X| / 2 added; lme4's and ours do not.
  ll <- as.numeric(logLik(m)) - if (method == "REML") 0.5 * as.numeric(determinant(crossprod(X))$modulus) else 0
  entry <- list(data = set, formula = deparse(mods), method = method, test = test, tau2 = m$tau2, estimate = number(m$beta),
    std_error = m$se, statistic = m$zval, p_value = m$pval, conf_low = m$ci.lb, conf_high = m$ci.ub, I2 = m$I2, H2 = m$H2, QE = m$QE,
    QEp = m$QEp, QM = m$QM, QMp = m$QMp, log_likelihood = ll, fitted = number(p$pred)[1:3], fitted_se = number(p$se)[1:3],
    pi_low = number(p$pi.lb)[1:3], pi_high = number(p$pi.ub)[1:3])
  if (m$p == 1) for (name in c("fitted", "fitted_se", "pi_low", "pi_high")) entry[[name]] <- entry[[name]][1]
  if (m$p > 1) entry$R2 <- number(m$R2)
  if (method != "FE" && test == "knha") {
    ci <- confint(m, control = list(tol = 1e-12, maxiter = 10000))$random
    entry$q_profile <- list(tau2 = number(ci["tau^2", 2:3]), I2 = number(ci["I^2(%)", 2:3]), H2 = number(ci["H^2", 2:3]))
  }
  models[[length(models) + 1]] <- entry
}

influences <- list()
for (case in list(list("bcg", ~ 1, "REML", "knha"), list("bcg", ~ 1, "DL", "z"), list("bcg", ~ ablat, "REML", "knha"),
                  list("hackshaw", ~ 1, "PM", "z"))) {
  m <- rma(yi, vi, mods = case[[2]], data = sets[[case[[1]]]], method = case[[3]], test = case[[4]], control = tight)
  found <- influence(m)
  i <- found$inf
  dfbetas <- matrix(unlist(unclass(found$dfbs)[seq_len(m$p)]), ncol = m$p)
  influences[[length(influences) + 1]] <- list(data = case[[1]], formula = deparse(case[[2]]), method = case[[3]], test = case[[4]],
    rstudent = i$rstudent, dffits = i$dffits, cook = i$cook.d, cov_ratio = i$cov.r, tau2 = i$tau2.del, QE = i$QE.del, hat = i$hat,
    weight = i$weight, dfbetas = dfbetas)
}

left <- list()
for (case in list(list("bcg", "REML", "knha"), list("bcg", "DL", "z"), list("hackshaw", "ML", "z"))) {
  m <- rma(yi, vi, data = sets[[case[[1]]]], method = case[[2]], test = case[[3]], control = tight)
  l <- leave1out(m)
  left[[length(left) + 1]] <- list(data = case[[1]], method = case[[2]], test = case[[3]], estimate = l$estimate, std_error = l$se,
    p_value = l$pval, conf_low = l$ci.lb, conf_high = l$ci.ub, Q = l$Q, tau2 = l$tau2, I2 = l$I2, H2 = l$H2)
}

asymmetry <- list()
for (set in c("bcg", "hackshaw", "konstantopoulos")) for (kind in c("lm", "rma")) {
  m <- rma(yi, vi, data = sets[[set]], method = "REML", test = if (kind == "lm") "z" else "knha", control = tight)
  r <- regtest(m, model = kind)
  asymmetry[[length(asymmetry) + 1]] <- list(data = set, kind = kind, statistic = r$zval, p_value = r$pval, df = number(r$ddf),
    limit = r$est, limit_low = r$ci.lb, limit_high = r$ci.ub)
}

fills <- list()
for (set in c("bcg", "hackshaw", "konstantopoulos")) for (estimator in c("L0", "R0")) for (side in c("left", "right")) {
  m <- rma(yi, vi, data = sets[[set]], method = "REML", test = "z", control = tight)
  f <- trimfill(m, side = side, estimator = estimator)
  own <- trimfill(m, estimator = estimator)
  fills[[length(fills) + 1]] <- list(data = set, estimator = estimator, side = side, k0 = f$k0, std_error_k0 = f$se.k0,
    estimate = number(f$beta), std_error = f$se, tau2 = f$tau2, default_side = own$side)
}

# metafor's optimisers stop early where the likelihood is flat, or refuse tight rules: the best of several, from the best so far.
searches <- list(list(), list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 10000),
  list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000),
  list(optimizer = "nlminb", rel.tol = 1e-12, x.tol = 1e-12, eval.max = 10000, iter.max = 10000),
  list(optimizer = "bobyqa", rhobeg = 1e-3, rhoend = 1e-11, maxfun = 100000))
finest <- function(fit, start) {
  best <- NULL
  for (control in c(searches, searches)) {
    more <- if (is.null(best) || is.null(start)) list() else start(best)
    again <- tryCatch(suppressWarnings(fit(c(control, more))), error = function(e) NULL)
    if (!is.null(again) && (is.null(best) || as.numeric(logLik(again)) > as.numeric(logLik(best)))) best <- again
  }
  best
}
from_sigma <- function(best) list(sigma2.init = pmax(best$sigma2, 1e-8))

selections <- list()
for (set in c("bcg", "hackshaw", "konstantopoulos")) for (alternative in c("greater", "less")) {
  m <- rma(yi, vi, data = sets[[set]], method = "ML", test = "z", control = tight)
  s <- finest(function(control) selmodel(m, type = "stepfun", steps = .025, alternative = alternative, control = control), NULL)
  if (is.null(s) || s$delta[2] > 99) next  # no effect is significant on this side: delta runs into metafor's bound of 100
  selections[[length(selections) + 1]] <- list(data = set, alternative = alternative, estimate = number(s$beta), std_error = s$se,
    tau2 = s$tau2, delta = s$delta[2], delta_se = s$se.delta[2], log_likelihood = as.numeric(logLik(s)),
    LRT = s$LRT, LRTp = s$LRTp)
}

robusts <- list()
club <- function(name, m, cluster) {
  r <- coef_test(m, vcov = "CR2", cluster = cluster, test = "Satterthwaite")
  n <- conf_int(m, vcov = "CR2", cluster = cluster, test = "Satterthwaite")
  list(name = name, estimate = r$beta, std_error = r$SE, df = r$df_Satt, p_value = r$p_Satt, conf_low = n$CI_L, conf_high = n$CI_U)
}
uni <- function(set, mods, method = "REML") rma(yi, vi, mods = mods, data = sets[[set]], method = method, control = tight)
robusts[[1]] <- club("konstantopoulos_uni", uni("konstantopoulos", ~ 1), konstantopoulos$district)
robusts[[2]] <- club("konstantopoulos_uni_year", uni("konstantopoulos", ~ year), konstantopoulos$district)
robusts[[3]] <- club("synth_language", uni("synth", ~ typology + log_params), synth$language)
robusts[[4]] <- club("synth_language_dl", uni("synth", ~ typology, "DL"), synth$language)
nested <- finest(function(control) rma.mv(yi, vi, random = ~ 1 | district/school, data = konstantopoulos, control = control), from_sigma)
nested_year <- finest(function(control) rma.mv(yi, vi, mods = ~ year, random = ~ 1 | district/school, data = konstantopoulos,
                                               control = control), from_sigma)
robusts[[5]] <- club("konstantopoulos_nested", nested, konstantopoulos$district)
robusts[[6]] <- club("konstantopoulos_nested_year", nested_year, konstantopoulos$district)

# Rows 3i+1 .. 3i+3 share a sampling error: their covariance is the smallest of their variances times 0.6.
block <- (synth$row - 1) %/% 3
V <- matrix(0, nrow(synth), nrow(synth))
for (b in unique(block)) { i <- which(block == b); V[i, i] <- 0.6 * min(synth$vi[i]) }
diag(V) <- synth$vi
crossed <- finest(function(control) rma.mv(yi, vi, random = list(~ 1 | language, ~ 1 | target_task, ~ 1 | row), data = synth,
                                           sparse = TRUE, control = control), from_sigma)
blocks <- finest(function(control) rma.mv(yi, V, random = list(~ 1 | language, ~ 1 | target_task, ~ 1 | row), data = synth,
                                          sparse = TRUE, control = control), from_sigma)
blocks_typology <- finest(function(control) rma.mv(yi, V, mods = ~ typology, random = list(~ 1 | language, ~ 1 | target_task, ~ 1 | row),
                                                   data = synth, sparse = TRUE, control = control), from_sigma)
level <- function(name, m, V) {
  W <- solve(as.matrix(V)); X <- model.matrix(m)
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
  typical <- (m$k - m$p) / sum(diag(P))
  p <- predict(m)
  list(name = name, sigma2 = m$sigma2, estimate = number(m$beta), std_error = m$se, QE = m$QE, QEp = m$QEp,
    log_likelihood = as.numeric(logLik(m)) - 0.5 * as.numeric(determinant(crossprod(X))$modulus),
    typical = typical, I2 = 100 * m$sigma2 / (sum(m$sigma2) + typical), pi_low = number(p$pi.lb)[1], pi_high = number(p$pi.ub)[1],
    weights = number(weights(m, type = if (m$p == 1) "rowsum" else "diagonal")))
}
levels <- list(level("konstantopoulos_nested", nested, diag(konstantopoulos$vi)),
  level("konstantopoulos_nested_year", nested_year, diag(konstantopoulos$vi)),
  level("synth_crossed", crossed, diag(synth$vi)), level("synth_blocks", blocks, V), level("synth_blocks_typology", blocks_typology, V))

versions <- list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
  metadat = as.character(packageVersion("metadat")), clubSandwich = as.character(packageVersion("clubSandwich")))
write(toJSON(list(versions = versions, models = models, influence = influences, leave_one_out = left, asymmetry = asymmetry,
  trim_and_fill = fills, selection = selections, robust = robusts, levels = levels), digits = NA, auto_unbox = TRUE),
  file.path(root, "metafor/meta.json"))
