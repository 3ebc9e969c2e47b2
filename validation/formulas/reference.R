# Columns that R makes of right-hand sides, row by row, and values of outcomes; also on rows that the fit has not seen.
# Usage: Rscript validation/formulas/reference.R   (from the root of the repository; seconds)
# Output: validation/formulas/data.csv and reference.json, versions inside.
suppressMessages({library(jsonlite); library(splines)})

set.seed(17)
n <- 30
data <- data.frame(
  y = round(rnorm(n, 5, 2), 4), x = round(rnorm(n), 4), z = round(runif(n, 0.5, 9), 4), k = rep(0:2, length.out = n),
  f = sample(rep(c("a", "b", "c"), length.out = n)), h = sample(rep(c("u", "v"), length.out = n)),
  w = round(runif(n, -1, 3), 4))
data$y <- round(data$y + 0.8 * data$x, 4)
data$f <- factor(data$f); data$h <- factor(data$h)
fitted <- data[1:22, ]
new <- data[23:30, ]
new$x[1] <- 9; new$z[2] <- 25  # beyond the rows of the fit

right <- c(
  "1", "x", "x + z", "x - 1", "0 + x", "-1 + x", "x + 0", "x + 1", "x:z", "x*z", "x*z*k", "(x + z)^2", "(x + z + k)^2 - x:z",
  "(x + z + k)^3", "x^2", "I(x^2)", "I(x*z)", "I((x - z)/(k + 1))", "x + I(z > 3)", "x + (z > 3)", "f", "0 + f", "f - 1", "0 + f + h",
  "0 + h + f", "0 + x + f", "f + h", "f*h", "f:x", "f*x", "f*x - f", "f*x - x", "f:h + f", "x:f + x", "0 + f:x", "0 + f*x",
  "f/x", "f/(x + z)", "x/f", "f %in% x", "(f + h)^2", "x*f*h", "x:f:h + x", "x + x:f + f", "factor(k)", "x*factor(k)",
  "factor(k) + f", "log(z)", "log(z, 2)", "log2(z)", "log10(z)", "log1p(z)", "sqrt(z)", "exp(-z)", "abs(x)", "sin(x) + cos(x)",
  "scale(x)", "scale(x, scale = FALSE)", "scale(x, center = FALSE)", "scale(log(z))", "I(x - mean(x))",
  "I((x - mean(x))/sd(x))", "I(x > median(x))", "pmin(x, 1)", "pmax(x, z, 2)", "ifelse(x > 0, 1, 0)",
  "ifelse(f == \"a\" & z > 2, z, 0)", "poly(x, 2)", "poly(x, 3)", "poly(x, 2, raw = TRUE)", "poly(x, 2):z", "f*poly(x, 2)",
  "ns(x, 3)", "ns(x, df = 4)", "ns(x, knots = c(-0.5, 0.5))", "ns(z, 2)", "ns(x, 1)", "bs(x, df = 4)", "bs(x, 5)",
  "bs(x, knots = c(0), degree = 2)", "f:ns(x, 2) + f", "as.numeric(k)", "round(z)", "floor(z) + sign(x)", "x + h:f + f",
  "x * (f + h)", "x * (f + h) - f:x", "cut(w, c(-2, 0, 1, 4))", "cut(w, c(-2, 0, 1, 4), right = FALSE)")
left <- c("y", "log(z)", "y - z", "2*y", "I(y*2)", "scale(y)", "sqrt(z)/2", "-y", "y^2", "(y + z)/2", "log(z) - log1p(z)")

columns <- lapply(right, function(text) {
  terms <- delete.response(terms(as.formula(paste("y ~", text))))
  frame <- model.frame(terms, fitted)
  matrix <- model.matrix(terms, frame)
  # poly, ns, bs and scale keep what they learned; mean, sd and median in I(...) would not, and are not tested here.
  again <- if (grepl("mean|median", text)) NULL else {
    other <- suppressWarnings(model.frame(attr(frame, "terms"), new, na.action = na.pass, xlev = .getXlevels(terms, frame)))
    suppressWarnings(model.matrix(attr(frame, "terms"), other))
  }
  found <- list(side = "right", formula = text, names = I(colnames(matrix)), fitted = unname(matrix))
  if (!is.null(again)) found$new <- unname(again)
  found
})
outcomes <- lapply(left, function(text) {
  frame <- model.frame(as.formula(paste(text, "~ 1")), fitted)
  list(side = "left", formula = text, values = as.numeric(model.response(frame)))
})
data$set <- rep(c("fitted", "new"), c(nrow(fitted), nrow(new)))
data$x[23] <- new$x[1]; data$z[24] <- new$z[2]
write.csv(data, file.path("validation", "formulas", "data.csv"), row.names = FALSE, quote = FALSE)
write_json(list(versions = list(R = as.character(getRversion())), columns = columns, outcomes = outcomes),
           file.path("validation", "formulas", "reference.json"), digits = 12, auto_unbox = TRUE, null = "null", na = "null")
