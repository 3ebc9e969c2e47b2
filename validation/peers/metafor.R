# Examples of the documentation of metafor and metadat, refitted: their data, models and results.
# Usage: Rscript validation/peers/metafor.R   (from the root of the repository; a minute)
# Output: validation/peers/metafor.json, versions inside. validation/peers/agreement.py compares.
#
# `source` is the help page whose example has the model. Facts only: the data sets' numbers and what the fits return.
suppressMessages({library(metafor); library(metadat); library(jsonlite)})
number <- function(x) if (is.null(x)) NULL else as.numeric(x)
examples <- list()
pin <- function(example) examples[[length(examples) + 1]] <<- Filter(Negate(is.null), example)

# The best of several searches, as metafor's optimisers stop early where the likelihood is flat.
searches <- list(list(), list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 10000),
  list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000),
  list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-12, eval.max = 10000, iter.max = 10000),
  list(optimizer = "bobyqa", rhobeg = 1e-2, rhoend = 1e-10, maxfun = 100000))
finest <- function(...) {
  best <- NULL
  asked <- as.list(substitute(list(...)))[-1]  # rma.mv looks its arguments up in the data
  where <- parent.frame()
  for (control in searches) {
    found <- tryCatch(suppressWarnings(eval(as.call(c(quote(rma.mv), asked, list(control = control))), where)),
                      error = function(e) { last <<- conditionMessage(e); NULL })
    if (!is.null(found) && (is.null(best) || as.numeric(logLik(found)) > as.numeric(logLik(best)))) best <- found
  }
  if (is.null(best)) stop(last)
  best
}
last <- NULL

# Without log |X'X| / 2, which metafor adds to a restricted likelihood.
plain <- function(m) {
  X <- m$X
  as.numeric(logLik(m)) - if (m$method == "REML") 0.5 * as.numeric(determinant(crossprod(X))$modulus) else 0
}

# `columns` are pinned under our names; V in full where rows share errors.
several <- function(name, source, m, columns, V, moderators, random, struct = NULL) {
  pin(list(name = name, source = source, kind = "rma.mv", method = m$method, data = columns,
    variances = if (is.null(dim(V))) V else NULL, covariance = if (is.null(dim(V))) NULL else unname(as.matrix(V)),
    moderators = moderators, random = random, struct = struct, log_likelihood = plain(m), estimate = number(m$beta),
    std_error = m$se, sigma2 = if (m$withS) m$sigma2 else NULL, tau2 = if (m$withG) number(if (m$struct[1] == "GEN") diag(m$G) else m$tau2) else NULL,
    rho = if (m$withG && !m$struct[1] %in% c("DIAG", "ID")) number(m$rho) else NULL, Q = m$QE))
}

berkey <- dat.berkey1998
V <- vcalc(vi = 1, cluster = author, rvars = c(v1i, v2i), data = berkey)
columns <- with(berkey, list(y = yi, outcome = outcome, trial = paste0("t", trial), year = year - 1983))
for (struct in c("UN", "CS", "HCS", "DIAG", "ID")) for (method in c("REML", "ML"))
  several(paste("berkey1998", struct, method), "dat.berkey1998", finest(yi, V, mods = ~ outcome - 1, random = ~ outcome | trial,
    struct = struct, data = berkey, method = method), columns, V, "0 + outcome", "(outcome|trial)", struct)
several("berkey1998 year", "dat.berkey1998", finest(yi, V, mods = ~ outcome + outcome:I(year - 1983) - 1, random = ~ outcome | trial,
  struct = "UN", data = berkey, method = "ML"), columns, V, "0 + outcome + outcome:year", "(outcome|trial)", "UN")

ishak <- reshape(dat.ishak2007, direction = "long", idvar = "study", v.names = c("yi", "vi"),
                 varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
ishak <- ishak[order(ishak$study, ishak$time), ]
ishak <- ishak[!is.na(ishak$yi), ]
V <- vcalc(vi, cluster = study, time1 = time, phi = 0.97, data = ishak)
columns <- with(ishak, list(y = yi, time = time, study = study))
for (struct in c("HAR", "AR", "CS", "HCS"))
  several(paste("ishak2007", struct), "dat.ishak2007", finest(yi, V, mods = ~ factor(time) - 1, random = ~ time | study, struct = struct,
    data = ishak), columns, V, "0 + factor(time)", "(time|study)", struct)

kalaian <- dat.kalaian1996
V <- vcalc(vi, cluster = study, type = outcome, data = kalaian, rho = 0.66)
kalaian$loghrs <- log(kalaian$hrs) - mean(log(kalaian$hrs), na.rm = TRUE)
columns <- with(kalaian, list(y = yi, outcome = outcome, study = study, loghrs = loghrs))
several("kalaian1996", "dat.kalaian1996", finest(yi, V, mods = ~ outcome - 1, random = ~ outcome | study, struct = "UN", data = kalaian),
        columns[c("y", "outcome", "study")], V, "0 + outcome", "(outcome|study)", "UN")
keep <- !is.na(kalaian$loghrs)
several("kalaian1996 hours", "dat.kalaian1996", finest(yi, V[keep, keep], mods = ~ outcome + outcome:loghrs - 1, random = ~ outcome | study,
  struct = "UN", data = kalaian[keep, ]), lapply(columns, function(column) column[keep]), V[keep, keep], "0 + outcome + outcome:loghrs",
  "(outcome|study)", "UN")

obrien <- dat.obrien2003
obrien$bmicent <- with(obrien, bmi - ave(bmi, study))
obrien <- escalc(measure = "PR", xi = cases, ni = total, data = obrien)
obrien$yi <- obrien$yi * 100
obrien$vi <- number(obrien$vi) * 100^2
columns <- with(obrien, list(y = number(yi), study = paste0("s", study), group = paste0("g", grp), bmi = bmicent))
several("obrien2003 nested", "dat.obrien2003", finest(yi, vi, mods = ~ bmicent, random = ~ 1 | study/grp, data = obrien), columns, obrien$vi, "bmi",
        "(1|study/group)")
several("obrien2003 slopes", "dat.obrien2003", finest(yi, vi, mods = ~ bmicent, random = ~ bmicent | study, struct = "GEN", data = obrien),
        columns, obrien$vi, "bmi", "(bmi|study)", "UN")

knapp <- dat.knapp2017
several("knapp2017", "dat.knapp2017", finest(yi, vi, random = ~ 1 | study/comp, data = knapp),
        with(knapp, list(y = number(yi), study = paste0("s", study), comp = paste0("c", comp))), number(knapp$vi), NULL, "(1|study/comp)")

assink <- dat.assink2016
several("assink2016", "dat.assink2016", finest(yi, vi, random = ~ 1 | study/esid, data = assink),
        with(assink, list(y = yi, study = paste0("s", study), esid = paste0("e", esid))), assink$vi, NULL, "(1|study/esid)")

konstantopoulos <- dat.konstantopoulos2011
columns <- with(konstantopoulos, list(y = number(yi), district = paste0("d", district), school = paste0("s", school)))
several("konstantopoulos2011", "dat.konstantopoulos2011", finest(yi, vi, random = ~ 1 | district/school, data = konstantopoulos), columns,
        number(konstantopoulos$vi), NULL, "(1|district/school)")
several("konstantopoulos2011 CS", "dat.konstantopoulos2011", finest(yi, vi, random = ~ school | district, struct = "CS", data = konstantopoulos),
        columns, number(konstantopoulos$vi), NULL, "(school|district)", "CS")

# Ordinary models: every estimator, and moderators.
# As tight as Fisher's scoring can be asked for: below the last digit of tau2 it never ends.
tight <- lapply(c(1e-14, 1e-12, 1e-10, 1e-8), function(threshold) list(threshold = threshold, maxiter = 10000, tol = 1e-14))
ordinary <- function(name, source, d, mods, moderators, columns, method, test) {
  m <- NULL
  for (control in tight) if (is.null(m))
    m <- tryCatch(suppressWarnings(rma(yi, vi, mods = mods, data = d, method = method, test = test, control = control)),
                  error = function(e) NULL)
  pin(list(name = paste(name, method), source = source, kind = "rma", method = method, test = test,
    data = columns, variances = number(d$vi), moderators = moderators, log_likelihood = plain(m), estimate = number(m$beta),
    std_error = m$se, tau2 = m$tau2, I2 = m$I2, Q = m$QE))
}
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
columns <- with(bcg, list(y = number(yi), ablat = ablat, year = year, alloc = alloc))
for (method in c("REML", "ML", "DL", "HE", "HS", "SJ", "PM", "PMM", "EB", "FE"))
  ordinary("bcg", "rma.uni", bcg, ~ 1, NULL, columns, method, "z")
ordinary("bcg latitude and year", "rma.uni", bcg, ~ ablat + year, "ablat + year", columns, "REML", "knha")
ordinary("bcg allocation", "dat.bcg", bcg, ~ factor(alloc) + year, "alloc + year", columns, "REML", "z")
bangert <- dat.bangertdrowns2004
ordinary("bangertdrowns2004", "dat.bangertdrowns2004", bangert, ~ 1, NULL, list(y = number(bangert$yi)), "REML", "z")
ordinary("normand1999", "dat.normand1999", escalc(measure = "MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
  data = dat.normand1999), ~ 1, NULL, list(y = number(with(dat.normand1999, m1i - m2i))), "DL", "z")

# Location and scale.
scaled <- function(name, source, d, mods, scale, moderators, scale_moderators, columns, method) {
  m <- NULL
  for (control in list(list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-12), list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16),
                       list())) {
    found <- tryCatch(suppressWarnings(rma(yi, vi, mods = mods, scale = scale, data = d, method = method, control = control)),
                      error = function(e) NULL)
    if (!is.null(found) && (is.null(m) || as.numeric(logLik(found)) > as.numeric(logLik(m)))) m <- found
  }
  pin(list(name = paste(name, method), source = source, kind = "scale", method = method, test = "z", data = columns, variances = number(d$vi),
    moderators = moderators, scale = scale_moderators, log_likelihood = plain(m), estimate = number(m$beta), std_error = m$se,
    alpha = number(m$alpha), alpha_se = m$se.alpha, Q = m$QE))
}
columns <- with(bangert, list(y = number(yi), meta = as.numeric(meta)))
keep <- !is.na(bangert$meta)
for (method in c("REML", "ML"))
  scaled("bangertdrowns2004 scale", "dat.bangertdrowns2004", bangert[keep, ], ~ meta, ~ meta, "meta", "meta", lapply(columns, function(x) x[keep]), method)
columns <- with(bcg, list(y = number(yi), ablat = ablat))
scaled("bcg scale", "rma.uni", bcg, ~ ablat, ~ ablat, "ablat", "ablat", columns, "REML")
scaled("bcg constant scale", "rma.uni", bcg, ~ ablat, ~ 1, "ablat", "1", columns, "REML")

versions <- list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")))
write(toJSON(list(versions = versions, examples = examples), digits = NA, auto_unbox = TRUE, null = "null", na = "null"),
      file.path("validation", "peers", "metafor.json"))
