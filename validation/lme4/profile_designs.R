# 95% profile intervals of lme4 on random designs with two or three correlated effects.
# Usage: Rscript validation/lme4/profile_designs.R   (from the root of the repository; about half an hour)
# Output: validation/lme4/data/profile_designs.csv (drawn here from one seed) and validation/lme4/profile_designs.json.
#
# The intervals are confint(m, method = "profile") as it stands: maximum likelihood, limits interpolated by splines from
# deviances minimised under lme4's default control. NA where lme4 gives none; `warnings` are its own.
source(file.path("validation", "lme4", "common.R"))
level <- 0.95
seed <- 20261127
formulas <- c(slope = "y ~ x + (x | g)", factor = "y ~ f + (f | g)", slopes = "y ~ x + z + (x + z | g)",
              crossed = "y ~ x + (x | g) + (1 | h)", slopes_crossed = "y ~ x + z + (x + z | g) + (1 | h)")
each <- 5

draw <- function(name) {
  levels <- sample(12:25, 1)
  rows <- levels * sample(9:14, 1)
  d <- data.frame(g = sprintf("g%02d", rep_len(seq_len(levels), rows)), h = sprintf("h%d", sample(8, rows, TRUE)),
                  x = round(rnorm(rows), 3), z = round(runif(rows, 0, 4), 3), f = sprintf("f%d", sample(0:2, rows, TRUE)))
  columns <- model.matrix(switch(name, factor = ~ f, slope = , crossed = ~ x, ~ x + z), d)
  k <- ncol(columns)
  root <- matrix(rnorm(k * k), k) * 0.6 + diag(0.5, k)
  effects <- matrix(rnorm(levels * k), levels) %*% t(root)
  d$y <- round(rowSums(columns * effects[as.integer(factor(d$g)), ]) + rnorm(8)[as.integer(factor(d$h))] * grepl("crossed", name) +
                 0.3 * d$x + rnorm(rows), 3)
  d
}

set.seed(seed)
names_drawn <- rep(names(formulas), each)
drawn <- lapply(names_drawn, draw)
labels <- paste(names_drawn, rep(seq_len(each), each = length(formulas)), sep = "_")
names(drawn) <- labels
write.csv(do.call(rbind, lapply(labels, function(label) cbind(design = label, drawn[[label]]))),
          file.path("validation", "lme4", "data", "profile_designs.csv"), row.names = FALSE, quote = FALSE)

# Two designs from elsewhere, in which profile() of an earlier version of this package failed.
drawn <- c(list(slopes_given = read_set("profile_slopes"), factor_given = read_set("profile_factor")), drawn)
names_drawn <- c("slopes", "factor", names_drawn)
labels <- names(drawn)

results <- lapply(seq_along(drawn), function(i) {
  formula <- formulas[[names_drawn[i]]]
  said <- character()
  m <- suppressWarnings(lmer(as.formula(formula), drawn[[i]], REML = FALSE, control = tight))
  limits <- tryCatch(withCallingHandlers(confint(m, method = "profile", level = level, quiet = TRUE),
    warning = function(w) { said <<- union(said, conditionMessage(w)); invokeRestart("muffleWarning") }),
    error = function(e) { said <<- union(said, conditionMessage(e)); NULL })
  v <- as.data.frame(VarCorr(m), order = "lower.tri")
  fixed <- names(fixef(m))
  rows <- data.frame(kind = c(ifelse(is.na(v$var2), "std_dev", "correlation"), rep("fixed", length(fixed))),
                     group = c(v$grp, rep("", length(fixed))), term = c(v$var1, fixed),
                     other = c(v$var2, rep(NA, length(fixed))), estimate = c(v$sdcor, unname(fixef(m))))
  rows$conf_low <- if (is.null(limits)) NA else limits[, 1]
  rows$conf_high <- if (is.null(limits)) NA else limits[, 2]
  cat(labels[i], said, "\n")
  list(name = labels[i], formula = formula, n = nrow(drawn[[i]]), singular = isSingular(m, tol = 1e-4),
       deviance = as.numeric(-2 * logLik(m)), warnings = I(said), intervals = rows)
})
pin(list(level = level, likelihood = "ML", seed = seed, designs = results), "profile_designs.json")
