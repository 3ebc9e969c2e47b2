# lme4's REML criterion, estimates and standard errors on 200 random designs of 20 kinds.
# Usage: Rscript validation/lme4/random_designs.R   (from the root of the repository; a few minutes)
# Output: validation/lme4/data/random_designs.csv.xz (drawn here from one seed) and validation/lme4/random_designs.json.
#
# Each design is fitted with the tight control of common.R and, if that ends higher, with lme4's bobyqa: what is pinned
# is the lower of the two criteria, so that "never worse than lme4" is against the better of its searches.
source(file.path("validation", "lme4", "common.R"))
seed <- 20261128
each <- 10
bobyqa <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 50000))

# What varies by g and by h, standard deviations of these effects, and what else is out of the ordinary.
kind <- function(formula, g = c(1, 0, 0), h = 0, levels = c(8, 20), per = c(4, 9), rho = 0, more = "")
  list(formula = formula, g = g, h = h, levels = levels, per = per, rho = rho, more = more)
kinds <- list(
  intercepts = kind("y ~ x + (1|g)"),
  crossed = kind("y ~ x + f + (1|g) + (1|h)", h = 0.8),
  nested = kind("y ~ x + (1|g/k)", more = "nested"),
  cells = kind("y ~ x + (1|g) + (1|h) + (1|g:h)", h = 0.8, more = "cells"),
  slope = kind("y ~ x + (1 + x|g)", g = c(1, 0.7, 0), rho = 0.3),
  uncorrelated = kind("y ~ x + (1 + x||g)", g = c(1, 0.7, 0)),
  slope_alone = kind("y ~ x + (0 + x|g)", g = c(0, 0.9, 0)),
  two_slopes = kind("y ~ x + z + (1 + x + z|g)", g = c(1, 0.7, 0.5), per = c(8, 14)),
  levels_of_a_factor = kind("y ~ f + (0 + f|g)", g = c(1, 0.4, 0), per = c(9, 15)),
  slopes_by_two = kind("y ~ x + (1 + x|g) + (1 + x|h)", g = c(1, 0.7, 0), h = 0.8, per = c(8, 12)),
  slope_crossed = kind("y ~ x*z + (1 + x|g) + (1|h)", g = c(1, 0.7, 0), h = 0.8),
  no_intercept = kind("y ~ 0 + f + x:f + (1|g) + (1|h)", h = 0.6),
  weighted = kind("y ~ x + (1 + x|g)", g = c(1, 0.6, 0), more = "weights"),
  no_variance = kind("y ~ x + (1 + x|g) + (1|h)", g = c(0, 0, 0)),
  perfect_correlation = kind("y ~ x + (1 + x|g)", g = c(1, 0.8, 0), rho = 0.995),
  many_small_groups = kind("y ~ x + (1|g)", levels = c(40, 60), per = c(2, 3)),
  few_levels = kind("y ~ x + (1|g) + (1|h)", levels = c(3, 4), per = c(15, 25), h = 0.5),
  badly_scaled = kind("y ~ big + (1 + big|g)", g = c(1, 0.7, 0), per = c(8, 12)),
  outliers = kind("y ~ x + (1|g) + (1|h)", h = 0.8, more = "t"),
  two_crossed_slopes = kind("y ~ x + z + (1 + x|g) + (0 + z|h)", g = c(1, 0.5, 0), h = 0.6, per = c(8, 12)))

draw <- function(k) {
  levels <- sample(k$levels[1]:k$levels[2], 1)
  rows <- levels * sample(k$per[1]:k$per[2], 1)
  d <- data.frame(g = sprintf("g%02d", sample(rep_len(seq_len(levels), rows))), h = sprintf("h%d", sample(6, rows, TRUE)),
                  k = sprintf("k%d", sample(4, rows, TRUE)), f = sprintf("f%d", sample(0:2, rows, TRUE)),
                  x = round(rnorm(rows), 3), z = round(runif(rows, 0, 4), 3), w = 1)
  d$big <- 1e4 + 1e3 * d$x
  own <- matrix(rnorm(levels * 3), levels)
  own[, 2] <- k$rho * own[, 1] + sqrt(1 - k$rho^2) * own[, 2]
  g <- as.integer(factor(d$g)); h <- as.integer(factor(d$h))
  noise <- if (k$more == "t") rt(rows, 2.2) else rnorm(rows)
  if (k$more == "weights") { d$w <- round(runif(rows, 0.2, 5), 3); noise <- noise / sqrt(d$w) }
  cells <- if (k$more == "nested") paste(d$g, d$k) else if (k$more == "cells") paste(d$g, d$h) else rep("", rows)
  codes <- as.integer(factor(cells))
  y <- 0.5 * d$x + own[cbind(g, 1)] * k$g[1] + own[cbind(g, 2)] * k$g[2] * d$x + own[cbind(g, 3)] * k$g[3] * d$z +
    k$h * rnorm(6)[h] * (if (grepl("z|h", k$formula, fixed = TRUE)) d$z else 1) + noise
  if (k$more %in% c("nested", "cells")) y <- y + 0.7 * rnorm(max(codes))[codes]
  d$y <- round(y, 3)
  d
}

set.seed(seed)
labels <- paste(rep(names(kinds), each = each), rep(seq_len(each), length(kinds)), sep = "_")
drawn <- lapply(rep(kinds, each = each), draw)
names(drawn) <- labels
out <- xzfile(file.path(root, "data", "random_designs.csv.xz"))
write.csv(do.call(rbind, lapply(labels, function(label) cbind(design = label, drawn[[label]]))), out,
          row.names = FALSE, quote = FALSE)

results <- lapply(labels, function(label) {
  k <- kinds[[sub("_[0-9]+$", "", label)]]
  d <- drawn[[label]]
  fits <- lapply(list(tight, bobyqa), function(control)
    suppressMessages(suppressWarnings(lmer(as.formula(k$formula), d, weights = w, control = control))))
  found <- sapply(fits, REMLcrit)
  m <- fits[[which.min(found)]]
  list(name = label, formula = k$formula, n = nrow(d), criterion = min(found), default = found[1],
       singular = isSingular(m, tol = 1e-4), terms = names(fixef(m)), estimate = unname(fixef(m)),
       std_error = unname(sqrt(diag(as.matrix(vcov(m))))), sigma = sigma(m))
})
pin(list(seed = seed, designs = results), "random_designs.json")
