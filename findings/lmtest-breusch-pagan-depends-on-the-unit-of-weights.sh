#!/usr/bin/env bash
# Weights in lm() are inverse variances up to a factor: times a hundred, estimates, errors and tests stay the same.
# bptest() of lmtest 0.9-40 (Debian 12) takes a weighted model, and its statistic changes with that factor.
# It weighs the explained part of the squared residuals and not their total, so p is what one likes.
# The squared residuals are not weighted: in a model whose weights are right, it finds the variance that they allow for.
# By hand, squared residuals are weighted first, and n R-squared of their regression on x does not depend on the factor.
# It matters for regressions of regional averages weighted by people: weights in persons or in millions give another answer.
# Seen (one sample of 200 rows, and 300 more, all with the right weights):
#   weights times 0.1    BP     1.81, p 0.178   by hand 1.36, p 0.243
#   weights times 1      BP    17.53, p 0.000   by hand 1.36, p 0.243
#   weights times 10     BP  3508.62, p 0.000   by hand 1.36, p 0.243
#   weights times 100    BP 32931.37, p 0.000   by hand 1.36, p 0.243
#   300 samples with right weights: rejected at 5 % in 0.977, by hand in 0.060

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
hand <- function(m) {
  e2 <- weights(m) * residuals(m)^2
  200 * summary(lm(e2 ~ m$model$x))$r.squared
}
p <- function(bp) pchisq(bp, 1, lower.tail = FALSE)
draw <- function() {
  d <- data.frame(x = rnorm(200))
  d$w <- exp(d$x)
  d$y <- d$x + rnorm(200) / sqrt(d$w)
  d
}
set.seed(1)
d <- draw()
bps <- hands <- c()
for (k in c(0.1, 1, 10, 100)) {
  d$v <- k * d$w
  m <- lm(y ~ x, d, weights = v)
  if (k == 0.1) first <- coef(summary(m)) else stopifnot(all.equal(coef(summary(m)), first))
  bp <- bptest(m)$statistic
  cat(sprintf("weights times %-5s  BP %8.2f, p %.3f   by hand %.2f, p %.3f\n", k, bp, p(bp), hand(m), p(hand(m))))
  bps <- c(bps, bp); hands <- c(hands, hand(m))
}
reject <- rowMeans(replicate(300, {
  m <- lm(y ~ x, draw(), weights = w)
  c(bptest(m)$p.value, p(hand(m))) < 0.05
}))
cat(sprintf("300 samples with right weights: rejected at 5 %% in %.3f, by hand in %.3f\n", reject[1], reject[2]))
stopifnot(max(hands) - min(hands) < 1e-8, max(bps) > 2 * min(bps), reject[1] > 0.5, reject[2] < 0.1)
END
