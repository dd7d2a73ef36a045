#!/usr/bin/env bash
# A RESET test adds powers of the fitted values to a model, and Godfrey's test adds lags of its residuals.
# lmtest 0.9-40 (Debian 12) takes a weighted model for both, and tests the model without weights; fitted values and residuals are others.
# Its Durbin-Watson test refuses: "weighted regressions are not supported". These two, the rainbow and Harvey-Collier tests say nothing.
# By hand, RESET is the F test of squared and cubed fitted values in the weighted regression, as anova() gives it.
# It matters where a weighted regression is reported with its specification tests: they belong to another regression.
# Seen:
#   RESET            weighted model 25.0858   model without weights 25.0858   by hand, weighted 43.3016
#   Breusch-Godfrey  weighted model 0.3842   model without weights 0.3842   by hand, weighted 2.0583
#   rainbow and Harvey-Collier tests: the same with and without weights

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in lmtest=0.9.40; do
  have=$(Rscript -e "cat(as.character(packageVersion('${wanted%=*}')))" 2> /dev/null || true)
  if [ "$have" != "${wanted#*=}" ]; then
    echo "This needs R's ${wanted%=*} ${wanted#*=} (Debian 12: r-cran-${wanted%=*}); found: ${have:-none}."
    exit 1
  fi
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
Rscript --vanilla - << 'END'
suppressMessages(library(lmtest))
set.seed(3)
d <- data.frame(x = rnorm(200))
d$w <- exp(2 * d$x)
d$y <- d$x + 0.3 * d$x^2 + rnorm(200) / sqrt(d$w)
m <- lm(y ~ x, d, weights = w)
u <- lm(y ~ x, d)
d$f <- fitted(m)
f <- anova(m, lm(y ~ x + I(f^2) + I(f^3), d, weights = w))
cat(sprintf("RESET            weighted model %.4f   model without weights %.4f   by hand, weighted %.4f\n",
            resettest(m)$statistic, resettest(u)$statistic, f$F[2]))
d$l <- c(0, residuals(m)[-200])
g <- lm(residuals(m) ~ x + l, d, weights = w)
lm1 <- 200 * (1 - sum(d$w * residuals(g)^2) / sum(d$w * residuals(m)^2))
cat(sprintf("Breusch-Godfrey  weighted model %.4f   model without weights %.4f   by hand, weighted %.4f\n",
            bgtest(m)$statistic, bgtest(u)$statistic, lm1))
same <- function(test) isTRUE(all.equal(test(m)$statistic, test(u)$statistic))
for (name in c("resettest", "bgtest", "raintest", "harvtest")) {
  test <- get(name)
  cat(sprintf("%-10s the same with and without weights: %s\n", name, same(test)))
  stopifnot(same(test))
}
refused <- tryCatch(dwtest(m), error = conditionMessage)
cat("dwtest     ", refused, "\n")
stopifnot(grepl("weighted regressions are not supported", refused),
          abs(resettest(m)$statistic / f$F[2] - 1) > 0.2, abs(bgtest(m)$statistic - lm1) > 0.1,
          !isTRUE(all.equal(coef(m), coef(u))))
END
