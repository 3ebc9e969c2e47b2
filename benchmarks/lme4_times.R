# Seconds of repeated lmer() calls, one line each. Usage: Rscript lme4_times.R DATA.csv FORMULA REPEATS
suppressMessages(library(lme4))
a <- commandArgs(TRUE)
d <- read.csv(a[1], stringsAsFactors = TRUE)
f <- as.formula(a[2])
invisible(lmer(f, d))
for (i in seq_len(as.integer(a[3]))) cat(system.time(lmer(f, d))[["elapsed"]], "\n")
cat("lme4", as.character(packageVersion("lme4")), "R", as.character(getRversion()), "\n")
