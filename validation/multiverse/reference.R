# A hundred specifications of the bundled multiverse, fitted by lme4 with lmerTest's and pbkrtest's degrees of freedom.
# Usage: Rscript validation/multiverse/reference.R   (from the root of the repository; minutes)
# Data: validation/multiverse/data, written by specifications.py. Output: reference.json, versions inside.
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
root <- file.path("validation", "multiverse")

tight <- lmerControl(optimizer = "nloptwrap", check.conv.singular = "ignore", calc.derivs = FALSE,
                     optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
rows <- read.csv(file.path(root, "data", "rows.csv"), stringsAsFactors = TRUE)
specs <- read.csv(file.path(root, "data", "specifications.csv"), colClasses = c(kept = "character"))

fits <- list()
for (i in seq_len(nrow(specs))) {
  s <- specs[i, ]
  d <- droplevels(rows[strsplit(s$kept, "")[[1]] == "1", ])
  d$outcome <- d[[paste0("outcome_", s$outcome)]]
  d$typology <- d[[s$distance]]
  m <- suppressMessages(suppressWarnings(lmerTest::lmer(as.formula(s$formula), d, REML = TRUE, control = tight)))
  ddf <- if (s$df_method == "kenward-roger") "Kenward-Roger" else "Satterthwaite"
  L <- as.numeric(names(fixef(m)) == "typology")
  found <- contest1D(m, L, ddf = ddf)
  fits[[i]] <- list(specification = s$specification, df_method = s$df_method, n_obs = nrow(d),
                    estimate = found[["Estimate"]], std_error = found[["Std. Error"]], df = found[["df"]],
                    criterion = unname(getME(m, "devcomp")$cmp["REML"]), singular = isSingular(m))
}
versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(p) as.character(packageVersion(p)), simplify = FALSE)
write(toJSON(list(versions = c(list(R = as.character(getRversion())), versions), fits = fits),
             digits = NA, auto_unbox = TRUE, null = "null", na = "null"), file.path(root, "reference.json"))
