# Pinned results of metafor for tests/analysis/mixed/test_metafor_reference.py.
# Usage: Rscript validation/metafor/reference.R   (from the root of the repository; a minute)
# Data: validation/metafor/data and validation/lme4/data. Output: validation/metafor/reference.json, versions inside.
suppressMessages({library(metafor); library(jsonlite); library(Matrix)})
root <- "validation"
konstantopoulos <- read.csv(file.path(root, "metafor/data/konstantopoulos2011.csv"))
bcg <- read.csv(file.path(root, "metafor/data/bcg.csv"))
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = bcg)
write.csv(data.frame(trial = bcg$trial, ablat = bcg$ablat, alloc = bcg$alloc, yi = as.numeric(bcg$yi), vi = bcg$vi),
          file.path(root, "metafor/data/bcg_effects.csv"), row.names = FALSE)
synth <- head(read.csv(file.path(root, "lme4/data/synth1k.csv")), 300)  # rma.mv needs minutes for the whole set
synth$vi <- synth$sei^2
synth$row <- seq_len(nrow(synth))
K <- as.matrix(read.csv(file.path(root, "lme4/data/synth5k_K.csv"), row.names = 1))
colnames(K) <- rownames(K)

# Rows 3i+1 .. 3i+3 share a sampling error: their covariance is the smallest of their variances times 0.6.
block <- (synth$row - 1) %/% 3
V <- matrix(0, nrow(synth), nrow(synth))
for (b in unique(block)) { i <- which(block == b); V[i, i] <- 0.6 * min(synth$vi[i]) }
diag(V) <- synth$vi
synth$language2 <- synth$language

# A set whose languages do follow the kernel: 40 languages, 6 rows each.
set.seed(20054, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
related <- expand.grid(row = 1:6, language = rownames(K))
u <- as.vector(t(chol(K)) %*% rnorm(40)) * 2 + rnorm(40) * 0.7
related$x <- round(rep(rnorm(40), each = 6), 6)
related$vi <- round(runif(240, .1, .8), 6)
related$y <- round(1 + 0.5 * related$x + u[match(related$language, rownames(K))] + rnorm(240) * sqrt(related$vi + 0.5), 6)
related$language2 <- related$language
related$id <- seq_len(nrow(related))
write.csv(related[, c("language", "x", "vi", "y")], file.path(root, "metafor/data/related.csv"), row.names = FALSE)

tight <- list(reltol = 1e-14, maxit = 5000)
models <- list(
  konstantopoulos_nested = function(m) rma.mv(yi, vi, random = ~ 1 | district/school, data = konstantopoulos, method = m, control = tight),
  konstantopoulos_year = function(m) rma.mv(yi, vi, mods = ~ year, random = ~ 1 | district/school, data = konstantopoulos, method = m, control = tight),
  konstantopoulos_district = function(m) rma.mv(yi, vi, random = ~ 1 | district, data = konstantopoulos, method = m, control = tight),
  bcg_trial = function(m) rma.mv(yi, vi, mods = ~ ablat, random = ~ 1 | trial, data = bcg, method = m, control = tight),
  synth_crossed = function(m) rma.mv(gain, vi, mods = ~ typology + log_params, random = list(~ 1 | language, ~ 1 | target_task, ~ 1 | row),
    data = synth, method = m, sparse = TRUE, control = tight),
  synth_crossed_no_residual = function(m) rma.mv(gain, vi, mods = ~ typology + log_params, random = list(~ 1 | language, ~ 1 | target_task),
    data = synth, method = m, sparse = TRUE, control = tight),
  synth_blocks = function(m) rma.mv(gain, V, mods = ~ typology + log_params, random = list(~ 1 | language, ~ 1 | target_task, ~ 1 | row),
    data = synth, method = m, sparse = TRUE, control = tight),
  synth_blocks_no_residual = function(m) rma.mv(gain, V, mods = ~ typology + log_params, random = list(~ 1 | language, ~ 1 | target_task),
    data = synth, method = m, sparse = TRUE, control = tight),
  synth_kernel = function(m) rma.mv(gain, vi, mods = ~ typology + log_params, random = list(~ 1 | language, ~ 1 | language2, ~ 1 | target_task, ~ 1 | row),
    R = list(language2 = K), Rscale = "none", data = synth, method = m, sparse = TRUE, control = tight),
  synth_kernel_only = function(m) rma.mv(gain, vi, mods = ~ typology + log_params, random = list(~ 1 | language2, ~ 1 | target_task, ~ 1 | row),
    R = list(language2 = K), Rscale = "none", data = synth, method = m, sparse = TRUE, control = tight),
  related_kernel = function(m) rma.mv(y, vi, mods = ~ x, random = list(~ 1 | language, ~ 1 | language2, ~ 1 | id),
    R = list(language2 = K), Rscale = "none", data = related, method = m, control = tight))

results <- list()
for (name in names(models)) for (method in c("REML", "ML")) {
  m <- models[[name]](method)
  X <- model.matrix(m)
  # metafor's restricted likelihood has log |X'X| / 2 added; lme4's and ours do not.
  ll <- as.numeric(logLik(m)) - if (method == "REML") 0.5 * as.numeric(determinant(crossprod(X))$modulus) else 0
  results[[length(results) + 1]] <- list(name = name, reml = method == "REML", terms = colnames(X), estimate = as.numeric(m$beta),
    std_error = m$se, factors = m$s.names, sigma2 = m$sigma2, log_likelihood = ll)
  cat(sprintf("%-28s %-4s logLik %.6f sigma2 %s\n", name, method, ll, paste(signif(m$sigma2, 6), collapse = " ")))
}
# A list and not a named vector: toJSON drops the names of a vector.
versions <- list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")))
write(toJSON(list(versions = versions, models = results), digits = NA, auto_unbox = TRUE), file.path(root, "metafor/reference.json"))
