# Pinned results of lme4, lmerTest and pbkrtest for tests/analysis/mixed/test_lme4_reference.py.
# Usage: Rscript validation/lme4/reference.R   (from the root of the repository; minutes)
# Data: validation/lme4/data, written by make_data.R. Output: validation/lme4/reference.json, versions inside.
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
root <- file.path("validation", "lme4")

synth <- paste("gain ~ typology*log_params + log_corpus + (1|language) + (1|target_task) + (1|intermediate_task)",
               "+ (1|study) + (1+typology|model)")
synth_ri <- sub("1+typology|model", "1|model", synth, fixed = TRUE)
models <- list(
  sleepstudy = list(data = "sleepstudy", formula = "Reaction ~ Days + (Days|Subject)"),
  sleepstudy_ri = list(data = "sleepstudy", formula = "Reaction ~ Days + (1|Subject)"),
  sleepstudy_uncorrelated = list(data = "sleepstudy", formula = "Reaction ~ Days + (Days||Subject)"),
  penicillin = list(data = "penicillin", formula = "diameter ~ 1 + (1|plate) + (1|sample)"),
  cake = list(data = "cake", formula = "angle ~ recipe*temp + (1|recipe:replicate)"),
  dyestuff = list(data = "dyestuff", formula = "Yield ~ 1 + (1|Batch)"),
  dyestuff2 = list(data = "dyestuff2", formula = "Yield ~ 1 + (1|Batch)"),
  pastes = list(data = "pastes", formula = "strength ~ 1 + (1|batch/cask)"),
  synth1k = list(data = "synth1k", formula = synth),
  synth5k = list(data = "synth5k", formula = synth),
  synth5k_ri = list(data = "synth5k", formula = synth_ri),
  synth5k_w = list(data = "synth5k", formula = synth, weights = "w"))
kenward_roger <- c("sleepstudy", "sleepstudy_ri", "penicillin", "cake", "dyestuff", "pastes", "synth1k")

# Tighter than lme4's defaults, so that what is compared is the minimum and not where a search stopped.
tight <- lmerControl(optimizer = "nloptwrap",
                     optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))

describe <- function(m, reml) {
  vc <- as.data.frame(VarCorr(m))
  list(terms = names(fixef(m)), estimate = unname(fixef(m)), std_error = unname(sqrt(diag(as.matrix(vcov(m))))),
       covariance = unname(as.matrix(vcov(m))), sigma = sigma(m), variance = vc[, c("grp", "var1", "var2", "vcov")],
       log_likelihood = as.numeric(logLik(m)),
       criterion = unname(getME(m, "devcomp")$cmp[if (reml) "REML" else "dev"]), singular = isSingular(m))
}

results <- list()
for (name in names(models)) for (reml in c(TRUE, FALSE)) {
  model <- models[[name]]
  d <- read.csv(file.path(root, "data", paste0(model$data, ".csv")), stringsAsFactors = TRUE)
  if (model$data == "cake") for (k in c("recipe", "replicate")) d[[k]] <- factor(d[[k]])
  if (is.null(model$weights)) m <- lme4::lmer(as.formula(model$formula), d, REML = reml, control = tight) else
    m <- lme4::lmer(as.formula(model$formula), d, REML = reml, weights = w, control = tight)
  r <- c(list(name = name, data = model$data, formula = model$formula, weights = model$weights, reml = reml,
              n = nrow(d), q = ncol(getME(m, "Z"))), describe(m, reml))
  if (reml) {
    s <- summary(as_lmerModLmerTest(m))$coefficients
    r$satterthwaite <- unname(s[, "df"]); r$p_value <- unname(s[, "Pr(>|t|)"])
    if (name %in% kenward_roger) {
      s <- summary(as_lmerModLmerTest(m), ddf = "Kenward-Roger")$coefficients
      r$kenward_roger <- list(df = unname(s[, "df"]), std_error = unname(s[, "Std. Error"]))
    }
    modes <- ranef(m, condVar = FALSE)
    r$modes <- lapply(modes, function(x) list(level = rownames(x), term = names(x), value = unname(as.matrix(x))))
  }
  results[[length(results) + 1]] <- r
  cat(sprintf("%-24s REML=%d criterion %.8f\n", name, reml, r$criterion))
}
versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(p) as.character(packageVersion(p)))
write(toJSON(list(versions = c(R = as.character(getRversion()), versions), models = results),
             digits = NA, auto_unbox = TRUE, null = "null", na = "null"), file.path(root, "reference.json"))
