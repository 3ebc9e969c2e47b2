# Shared by the scripts in this folder. They are run from the root of the repository.
suppressMessages({library(lme4); library(jsonlite)})
root <- file.path("validation", "lme4")

# Tighter than lme4's defaults, so that what is compared is the minimum and not where a search stopped.
tight <- lmerControl(optimizer = "nloptwrap",
                     optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))

read_set <- function(name) {
  d <- read.csv(file.path(root, "data", paste0(name, ".csv")), stringsAsFactors = TRUE)
  if (name == "cake") for (k in c("recipe", "replicate")) d[[k]] <- factor(d[[k]])
  d
}

# The models that several scripts ask about, by the name they are pinned under; reference.R has more.
models <- list(
  sleepstudy = list(data = "sleepstudy", formula = "Reaction ~ Days + (Days|Subject)"),
  sleepstudy_ri = list(data = "sleepstudy", formula = "Reaction ~ Days + (1|Subject)"),
  sleepstudy_uncorrelated = list(data = "sleepstudy", formula = "Reaction ~ Days + (Days||Subject)"),
  penicillin = list(data = "penicillin", formula = "diameter ~ 1 + (1|plate) + (1|sample)"),
  cake = list(data = "cake", formula = "angle ~ recipe*temp + (1|recipe:replicate)"),
  dyestuff = list(data = "dyestuff", formula = "Yield ~ 1 + (1|Batch)"),
  dyestuff2 = list(data = "dyestuff2", formula = "Yield ~ 1 + (1|Batch)"),
  pastes = list(data = "pastes", formula = "strength ~ 1 + (1|batch/cask)"),
  synth1k = list(data = "synth1k", formula = paste(
    "gain ~ typology*log_params + log_corpus + (1|language) + (1|target_task) + (1|intermediate_task)",
    "+ (1|study) + (1+typology|model)")))

# Satterthwaite and Kenward-Roger need lmerTest's own class, so the fit is made by lme4 and converted where asked.
# do.call puts the values into the call itself: bootMer and profile evaluate it again elsewhere.
fit <- function(name, reml, control = tight)
  with(models[[name]], do.call(lme4::lmer, list(as.formula(formula), read_set(data), REML = reml, control = control)))

# Variances, standard deviations and correlations of a fit, one row each; var2 is set for correlations only.
components <- function(m) as.data.frame(VarCorr(m))[, c("grp", "var1", "var2", "vcov", "sdcor")]

describe <- function(m, reml) {
  list(terms = names(fixef(m)), estimate = unname(fixef(m)), std_error = unname(sqrt(diag(as.matrix(vcov(m))))),
       covariance = unname(as.matrix(vcov(m))), sigma = sigma(m),
       variance = components(m)[, c("grp", "var1", "var2", "vcov")], log_likelihood = as.numeric(logLik(m)),
       criterion = unname(getME(m, "devcomp")$cmp[if (reml) "REML" else "dev"]), singular = isSingular(m))
}

# Lists and not named vectors: toJSON drops the names of a vector.
pin <- function(results, file, packages = "lme4") {
  versions <- sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE)
  versions <- c(list(R = as.character(getRversion())), versions)
  write(toJSON(c(list(versions = versions), results), digits = NA, auto_unbox = TRUE, null = "null", na = "null"),
        file.path(root, file))
}
