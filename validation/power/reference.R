# Power of the slope in balanced designs: by the noncentral t distribution, and in data simulated and tested in R.
# Usage: Rscript validation/power/reference.R   (from the root of the repository; minutes)
# Output: validation/power/reference.json, versions inside. Distances are evenly spaced from 0.2 to 0.8.
suppressMessages({library(lme4); library(lmerTest); library(jsonlite)})
root <- file.path("validation", "power")
set.seed(20)

# A language's mean gain has the variance of languages, of languages within tasks over the tasks, and of the residual
# over the gains of the language; the slope is a regression of these means with L - 2 degrees of freedom.
power_of <- function(effect, d) {
  x <- seq(0.2, 0.8, length.out = d$languages)
  mean_variance <- d$v_language + d$v_cell_task / d$tasks + d$v_residual / (d$tasks * d$models)
  se <- 0.1 * sqrt(mean_variance / sum((x - mean(x))^2))
  bound <- qt(0.975, d$languages - 2)
  ncp <- abs(effect) / se
  pt(-bound, d$languages - 2, ncp) + pt(bound, d$languages - 2, ncp, lower.tail = FALSE)
}
design <- function(languages, tasks, models, v_language, v_cell_task, v_residual)
  list(languages = languages, tasks = tasks, models = models, v_language = v_language, v_cell_task = v_cell_task,
       v_residual = v_residual)
designs <- list(design(10, 4, 3, 15, 8, 28), design(10, 3, 3, 4, 2, 30), design(25, 6, 7, 15, 8, 28),
                design(25, 3, 3, 15, 8, 28), design(40, 4, 3, 15, 8, 28), design(40, 3, 3, 2, 1, 30))
closed <- lapply(designs, function(d) {
  mde <- uniroot(function(e) power_of(e, d) - 0.8, c(1e-6, 50), tol = 1e-12)$root
  c(d, list(effect = -1.5, power = power_of(-1.5, d), detectable = mde))
})

simulated <- lapply(list(c(design(10, 4, 3, 15, 8, 28), effect = -3), c(design(20, 3, 3, 15, 8, 28), effect = -2)),
                    function(d) {
  cells <- expand.grid(language = factor(seq_len(d$languages)), task = factor(seq_len(d$tasks)),
                       model = factor(seq_len(d$models)))
  x <- seq(0.2, 0.8, length.out = d$languages)[cells$language]
  draws <- 200
  hit <- replicate(draws, {
    cells$x <- x
    cells$y <- 10 * d$effect * x + rnorm(d$languages, 0, sqrt(d$v_language))[cells$language] +
      rnorm(d$tasks, 0, 4)[cells$task] + rnorm(d$models, 0, 4)[cells$model] +
      rnorm(d$languages * d$tasks, 0, sqrt(d$v_cell_task))[interaction(cells$language, cells$task)] +
      rnorm(d$tasks * d$models, 0, 3)[interaction(cells$task, cells$model)] + rnorm(nrow(cells), 0, sqrt(d$v_residual))
    m <- suppressMessages(suppressWarnings(lmerTest::lmer(
      y ~ x + (1 | language) + (1 | task) + (1 | model) + (1 | language:task) + (1 | model:task), cells)))
    contest1D(m, c(0, 1))[["Pr(>|t|)"]] < 0.05
  })
  c(d, list(draws = draws, significant = sum(hit)))
})
versions <- sapply(c("lme4", "lmerTest"), function(p) as.character(packageVersion(p)), simplify = FALSE)
write(toJSON(list(versions = c(list(R = as.character(getRversion())), versions), closed = closed,
                  simulated = simulated), digits = NA, auto_unbox = TRUE, null = "null", na = "null"),
      file.path(root, "reference.json"))
