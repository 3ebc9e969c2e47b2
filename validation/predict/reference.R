# Predictions of lme4 for languages it has not seen: every language of the BLOOM gains left out in turn.
# Usage: Rscript validation/predict/reference.R   (from the root of the repository; a minute or two)
# Data: validation/scale/data/xmtf_gains.csv. Output: validation/predict/reference.json, versions inside.
#
# The formula is the one that `analyze predict` builds from distance and model size on these rows. predict() gives
# levels not seen an effect of zero (allow.new.levels), known ones their conditional mode.
suppressMessages({library(lme4); library(jsonlite)})
tight <- lmerControl(optimizer = "nloptwrap", check.conv.singular = "ignore", calc.derivs = FALSE,
                     optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
formula <- paste("gain ~ typology + log_params + (1|language) + (1 + typology||target_task) + (1|model)",
                 "+ (1|intermediate_task) + (1|language:target_task) + (1|model:target_task) + (1|baseline)")
d <- read.csv(file.path("validation", "scale", "data", "xmtf_gains.csv"))

leave_out <- function(language) {
  out <- d$language == language
  m <- suppressMessages(suppressWarnings(lmer(as.formula(formula), d[!out, ], REML = TRUE, control = tight)))
  predicted <- unname(predict(m, d[out, ], allow.new.levels = TRUE))
  list(language = language, criterion = unname(getME(m, "devcomp")$cmp["REML"]), rows = sum(out),
       mae = mean(abs(predicted - d$gain[out])), predicted = predicted)
}

folds <- lapply(sort(unique(d$language)), leave_out)
versions <- list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")))
write(toJSON(list(versions = versions, formula = formula, folds = folds), digits = NA, auto_unbox = TRUE, null = "null",
             na = "null"), file.path("validation", "predict", "reference.json"))
