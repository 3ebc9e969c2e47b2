# Seconds of one bootMer() call. Usage: Rscript bootmer_times.R DATA.csv FORMULA DRAWS
suppressMessages(library(lme4))
a <- commandArgs(TRUE)
d <- read.csv(a[1], stringsAsFactors = TRUE)
m <- lmer(as.formula(a[2]), d)
s <- function(fit) c(fixef(fit), as.data.frame(VarCorr(fit))$sdcor)
cat(system.time(bootMer(m, s, nsim = as.integer(a[3]), seed = 1))[["elapsed"]], "\n")
