# Examples of the documentation of lmerTest, lme4 and nlme, refitted: their data, models, tests of terms and means.
# Usage: Rscript validation/peers/mixed.R   (from the root of the repository; a minute)
# Output: validation/peers/mixed.json, versions inside. validation/peers/agreement.py compares.
#
# Models of nlme are written in lme4's notation and fitted by nlme: log-likelihood, estimates, standard errors and
# standard deviations are nlme's. Means over equal cells are lmerTest's ls_means; those over the rows observed are
# averages of model.matrix with the factor set in every row, tested by contest1D. Tukey's p-values are R's ptukey.
suppressMessages({library(lmerTest); library(nlme); library(jsonlite)})
number <- function(x) as.numeric(x)
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
examples <- list()
pin <- function(example) examples[[length(examples) + 1]] <<- example

tests <- function(m) lapply(c("I", "II", "III"), function(type) {
  a <- as.data.frame(anova(m, type = type))
  list(type = type, term = I(rownames(a)), F = I(a[["F value"]]), num_df = I(a$NumDF), den_df = I(a$DenDF), p = I(a[["Pr(>F)"]]))
})

means <- function(m, d, factor) {
  cells <- ls_means(m, which = factor)
  found <- list(list(factor = factor, over = "cells", level = I(sub(paste0("^", factor), "", rownames(cells))), estimate = I(cells$Estimate),
                     std_error = I(cells[["Std. Error"]]), df = I(cells$df)))
  rows <- lapply(levels(d[[factor]]), function(level) {
    d[[factor]][] <- level
    contest1D(m, colMeans(model.matrix(delete.response(terms(m)), d)), confint = TRUE)
  })
  found[[2]] <- list(factor = factor, over = "rows", level = I(levels(d[[factor]])), estimate = I(sapply(rows, function(r) r$Estimate)),
                     std_error = I(sapply(rows, function(r) r[["Std. Error"]])), df = I(sapply(rows, function(r) r$df)))
  pairs <- ls_means(m, which = factor, pairwise = TRUE)
  t <- abs(pairs[["t value"]])
  found[[1]]$pairs <- list(contrast = I(rownames(pairs)), estimate = I(pairs$Estimate), std_error = I(pairs[["Std. Error"]]), df = I(pairs$df),
    none = I(2 * pt(-t, pairs$df)), holm = I(p.adjust(2 * pt(-t, pairs$df), "holm")),
    tukey = I(ptukey(t * sqrt(2), nlevels(d[[factor]]), pairs$df, lower.tail = FALSE)))
  found
}

tested <- function(name, source, formula, d, factors = character()) {
  text <- as.formula(formula)
  d <- droplevels(na.omit(d[, all.vars(text)]))
  m <- do.call(lmer, list(text, d, control = tight))  # by value: the fit is looked into again
  v <- as.data.frame(VarCorr(m), order = "lower.tri")
  pin(list(name = name, source = source, kind = "mixed", package = "lmerTest", method = "REML", formula = formula, levels = lapply(Filter(is.factor, d), levels),
    data = lapply(d, function(x) if (is.factor(x)) as.character(x) else x), log_likelihood = number(logLik(m)), estimate = unname(fixef(m)),
    std_error = number(sqrt(diag(as.matrix(vcov(m))))), terms = names(fixef(m)), std_dev = sort(v$sdcor[is.na(v$var2)]), anova = tests(m),
    means = do.call(c, c(list(list()), lapply(factors, function(factor) means(m, d, factor))))))
}

grouped <- function(name, source, formula, d, m) {
  if (!is.null(m$na.action)) stop("rows with missing values")
  v <- suppressWarnings(number(VarCorr(m)[, "StdDev"]))
  used <- all.vars(as.formula(formula))
  pin(list(name = name, source = source, kind = "mixed", package = "nlme", method = m$method, formula = formula,
    levels = lapply(Filter(is.factor, as.list(as.data.frame(d)[, used])), levels),
    data = lapply(as.list(as.data.frame(d)[, used]), function(x) if (is.factor(x)) as.character(x) else number(x)),
    log_likelihood = number(logLik(m)), estimate = unname(fixef(m)), std_error = number(sqrt(diag(vcov(m)))),
    terms = names(fixef(m)), std_dev = sort(v[!is.na(v)]), anova = list(), means = list()))
}

data("ham", "carrots", "TVbo", package = "lmerTest")
tested("ham", "lmerTest: lmer, ls_means", "Informed.liking ~ Gender + Information * Product + (1 | Consumer) + (1 | Consumer:Product)",
       ham, c("Product", "Information"))
tested("carrots", "lmerTest: carrots", "Preference ~ sens2 + Homesize + (1 + sens2 | Consumer)", carrots, "Homesize")
tested("TVbo", "lmerTest: TVbo", "Sharpnessofmovement ~ TVset * Picture + (1 | Assessor) + (1 | Assessor:TVset)", TVbo, c("TVset", "Picture"))
cake <- lme4::cake
tested("cake", "lmerTest: anova.lmerModLmerTest", "angle ~ recipe * temp + (1 | recipe:replicate)", cake, "recipe")
sleep <- lme4::sleepstudy
tested("sleepstudy", "lmerTest: lmer", "Reaction ~ Days + (Days | Subject)", sleep)
set.seed(8)
tested("ham, unbalanced", "lmerTest: anova type II and III differ", "Informed.liking ~ Gender * Information * Product + Age + (1 | Consumer)",
       ham[sample(nrow(ham), 400), ], c("Product", "Gender"))

control <- lmeControl(opt = "optim", msTol = 1e-12, reltol = 1e-14, msMaxIter = 1000, tolerance = 1e-10)
grouped("Orthodont", "nlme: lme", "distance ~ age + (age | Subject)", Orthodont, lme(distance ~ age, Orthodont, ~ age | Subject, control = control))
grouped("Orthodont by sex", "nlme: lme", "distance ~ age + Sex + (1 | Subject)", Orthodont,
        lme(distance ~ age + Sex, Orthodont, ~ 1 | Subject, control = control))
grouped("Oats", "nlme: Oats", "yield ~ nitro + (1 | Block / Variety)", Oats, lme(yield ~ nitro, Oats, ~ 1 | Block / Variety, control = control))
grouped("Machines", "nlme: Machines", "score ~ Machine + (1 | Worker / Machine)", Machines,
        lme(score ~ Machine, Machines, ~ 1 | Worker / Machine, control = control))
grouped("Rail", "nlme: Rail", "travel ~ 1 + (1 | Rail)", Rail, lme(travel ~ 1, Rail, ~ 1 | Rail, control = control))
grouped("Rail ML", "nlme: Rail", "travel ~ 1 + (1 | Rail)", Rail, lme(travel ~ 1, Rail, ~ 1 | Rail, method = "ML", control = control))
grouped("ergoStool", "nlme: ergoStool", "effort ~ Type + (1 | Subject)", ergoStool, lme(effort ~ Type, ergoStool, ~ 1 | Subject, control = control))
grouped("BodyWeight", "nlme: BodyWeight", "weight ~ Time * Diet + (Time | Rat)", BodyWeight,
        lme(weight ~ Time * Diet, BodyWeight, ~ Time | Rat, control = control))
grouped("Pixel", "nlme: Pixel", "pixel ~ day + I(day^2) + (day | Dog) + (1 | Side:Dog)", Pixel,
        lme(pixel ~ day + I(day^2), Pixel, list(Dog = ~ day, Side = ~ 1), control = control))

versions <- sapply(c("lmerTest", "lme4", "nlme"), function(p) as.character(packageVersion(p)), simplify = FALSE)
write(toJSON(list(versions = c(list(R = as.character(getRversion())), versions), examples = examples), digits = NA, auto_unbox = TRUE, null = "null",
             na = "null"), file.path("validation", "peers", "mixed.json"))
