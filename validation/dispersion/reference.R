# Residual standard deviations by covariate and by group, fitted by nlme and glmmTMB.
#     python validation/dispersion/make.py && Rscript validation/dispersion/reference.R
suppressMessages({library(nlme); library(glmmTMB); library(jsonlite)})
d <- read.csv("validation/dispersion/rows.csv", stringsAsFactors = TRUE)
ctl <- lmeControl(opt = "optim", msTol = 1e-12, tolerance = 1e-10, niterEM = 50, returnObject = TRUE)
a <- lme(y ~ x, random = ~1 | g, weights = varExp(form = ~z), data = d, control = ctl)
b <- lme(y ~ x, random = ~1 | g, weights = varIdent(form = ~1 | k), data = d, control = ctl)
m <- glmmTMB(y ~ x + (1 | g) + (1 | k), dispformula = ~z, data = d, REML = TRUE)
relative <- coef(b$modelStruct$varStruct, unconstrained = FALSE)
# nlme names the group that has a ratio of one after the first row; the others are relative to it.
out <- data.frame(
  model = c("nlme varExp", "nlme varIdent", "glmmTMB crossed"),
  criterion = c(-2 * a$logLik, -2 * b$logLik, -2 * as.numeric(logLik(m))),
  intercept = c(fixef(a)[1], fixef(b)[1], fixef(m)$cond[1]),
  slope = c(fixef(a)[2], fixef(b)[2], fixef(m)$cond[2]),
  # glmmTMB's dispersion of a normal outcome is the log variance in this version: half of it is the log deviation.
  first = c(coef(a$modelStruct$varStruct), relative[["k1"]], fixef(m)$disp[2] / 2),
  second = c(NA, relative[["k2"]], NA),
  first_se = c(NA, NA, sqrt(diag(vcov(m)$disp))[2] / 2))
versions <- list(R = as.character(getRversion()), nlme = as.character(packageVersion("nlme")),
                 glmmTMB = as.character(packageVersion("glmmTMB")))
write_json(list(versions = versions, models = out), "validation/dispersion/reference.json", auto_unbox = TRUE,
           digits = NA, pretty = TRUE, na = "null")
