#!/usr/bin/env bash
# mice makes five imputations by default; D1() and anova() then compare two models that differ by one coefficient.
# The F statistic is the square of the t statistic that pool() reports for that coefficient, so both should agree.
# mice 3.15.0 with mitml 0.4.4 (Debian 12) takes Reiter's degrees of freedom, which are made for k (m - 1) above 4.
# With one coefficient and five imputations that product is 4: the denominator has 4 degrees of freedom, whatever the rows.
# With four imputations they are negative and p is missing, with three both are missing; six give nearly those of pool().
# Li, Raghunathan and Rubin give a formula for products up to 4; the same code uses it for large samples.
# It matters for added variables one at a time: at the default p is 0.05 here where the coefficient's own p is 0.008.
# Seen (60 rows, a quarter of x missing):
#   m = 3   pool: t^2 8.786, df 33.4, p 0.0056   D1: F 8.786, df NaN, p NaN
#   m = 4   pool: t^2 9.014, df 51.3, p 0.0041   D1: F 9.014, df -297.7, p NaN
#   m = 5   pool: t^2 7.732, df 38.2, p 0.0084   D1: F 7.732, df 4.0, p 0.0498
#   m = 6   pool: t^2 7.944, df 45.7, p 0.0071   D1: F 7.944, df 22.9, p 0.0098
#   m = 8   pool: t^2 9.253, df 46.5, p 0.0039   D1: F 9.253, df 39.2, p 0.0042

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in mice=3.15.0 mitml=0.4.4; do
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
suppressMessages(library(mice))
set.seed(1)
n <- 60
d <- data.frame(x = rnorm(n))
d$y <- 0.4 * d$x + rnorm(n)
d$x[sample(n, 15)] <- NA
complete <- n - 2
for (m in c(3, 4, 5, 6, 8)) {
  imputed <- mice(d, m = m, printFlag = FALSE, seed = 1)
  long <- with(imputed, lm(y ~ x))
  short <- with(imputed, lm(y ~ 1))
  own <- summary(pool(long))[2, ]
  test <- suppressWarnings(D1(long, short)$result)
  cat(sprintf("m = %d   pool: t^2 %.3f, df %.1f, p %.4f   D1: F %.3f, df %.1f, p %.4f\n",
    m, own$statistic^2, own$df, own$p.value, test[1], test[3], test[4]))
  b <- sapply(long$analyses, function(fit) coef(fit)[["x"]])
  within <- mean(sapply(long$analyses, function(fit) vcov(fit)["x", "x"]))
  between <- (1 + 1 / m) * var(b)
  large <- (m - 1) * (1 + within / between)^2
  rows <- (complete + 1) / (complete + 3) * complete * within / (within + between)
  stopifnot(all.equal(own$df, 1 / (1 / large + 1 / rows)), all.equal(own$statistic^2, test[[1]], tolerance = 1e-6))
  stopifnot(switch(as.character(m), "3" = is.nan(test[3]), "4" = test[3] < 0 && is.nan(test[4]), "5" = test[3] == 4,
    abs(log(test[4] / own$p.value)) < 0.5))
  stopifnot(m > 4 || is.nan(test[4]), m != 5 || test[4] > 5 * own$p.value)
}
END
