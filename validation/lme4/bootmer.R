# Parametric bootstrap of lme4 (bootMer, new random effects in every draw) for fixed effects and variance components.
# Usage: Rscript validation/lme4/bootmer.R   (from the root of the repository; minutes)
# Data: validation/lme4/data. Output: validation/lme4/bootmer.json, versions and seed inside.
#
# Random streams differ between programs, so what is pinned is the distribution of the draws. A correlation does not
# exist where a variance is zero; `missing` counts such draws, which the other numbers leave out.
source(file.path("validation", "lme4", "common.R"))
seed <- 20260
draws <- 1000
probabilities <- c(0.025, 0.25, 0.5, 0.75, 0.975)

statistics <- function(m) {
  v <- components(m)
  c(fixef(m), v$sdcor)
}

kinds <- function(m) {
  v <- components(m)
  fixed <- names(fixef(m))
  data.frame(kind = c(rep("fixed", length(fixed)), ifelse(is.na(v$var2), "std_dev", "correlation")),
             group = c(rep("", length(fixed)), v$grp), term = c(fixed, v$var1),
             other = c(rep(NA, length(fixed)), v$var2))
}

results <- lapply(c("sleepstudy", "penicillin", "synth1k"), function(name) {
  # lme4's own control: 1e-8 of a draw is negligible compared with the spread between draws.
  m <- fit(name, TRUE, lmerControl(calc.derivs = FALSE, check.conv.singular = "ignore"))
  started <- Sys.time()
  set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
  b <- bootMer(m, statistics, nsim = draws, use.u = FALSE, type = "parametric")
  stopifnot(all(complete.cases(b$t[, kinds(m)$kind != "correlation"])))
  rows <- cbind(kinds(m), estimate = unname(b$t0), mean = colMeans(b$t, na.rm = TRUE),
                sd = apply(b$t, 2, sd, na.rm = TRUE), missing = colSums(is.na(b$t)),
                zero = colSums(b$t == 0, na.rm = TRUE))
  rownames(rows) <- NULL
  rows$quantiles <- lapply(seq_len(ncol(b$t)), function(j)
    unname(quantile(b$t[, j], probabilities, na.rm = TRUE)))
  cat(sprintf("%-12s %d draws in %.0f s\n", name, draws, as.numeric(Sys.time() - started, units = "secs")))
  print(rows, digits = 5)
  list(name = name, data = models[[name]]$data, formula = models[[name]]$formula, reml = TRUE, nsim = draws,
       statistics = rows)
})
pin(list(seed = seed, probabilities = probabilities, models = results), "bootmer.json")
