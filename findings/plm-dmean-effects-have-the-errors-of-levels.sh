#!/usr/bin/env bash
# fixef(type = "dmean") of plm gives fixed effects as deviations from their mean; its help says the errors are of that type.
# In plm 2.6-2 (Debian 12) they are the errors of the levels; for "dfirst" they are right.
# A level is where the regression line meets x = 0, so its error grows with the distance of the data from there.
# A deviation from the mean does not depend on where x starts, and has a small error, as least squares with dummies shows.
# Here the errors are nineteen times too large: no unit differs from the mean, where six of nine do.
# It matters when regions are said to be above or below average.
# Seen (10 units, 20 years, x between 47 and 53):
#   unit 1   deviation -0.318   plm: error 3.953, t -0.08   dummies: error 0.212, t -1.50
#   unit 2   deviation 0.976   plm: error 3.938, t 0.25   dummies: error 0.212, t 4.61
#   unit 3   deviation 1.057   plm: error 3.949, t 0.27   dummies: error 0.212, t 4.99
#   beyond 1.97: plm 0 of 9, dummies 6 of 9

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
have=$(Rscript -e "cat(as.character(packageVersion('plm')))" 2> /dev/null || true)
if [ "$have" != "2.6.2" ]; then
  echo "This needs R's plm 2.6.2 (Debian 12: r-cran-plm); found: ${have:-none}."
  exit 1
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
Rscript --vanilla - << 'END'
suppressMessages(library(plm))
set.seed(1)
n <- 10; years <- 20
d <- data.frame(id = rep(1:n, each = years), year = rep(1:years, n), x = 50 + rnorm(n * years))
d$y <- 0.5 * d$x + rnorm(n)[d$id] + rnorm(n * years)
fit <- plm(y ~ x, pdata.frame(d), model = "within")
got <- summary(fixef(fit, type = "dmean"))
level <- summary(fixef(fit))
first <- summary(fixef(fit, type = "dfirst"))
d$unit <- factor(d$id)
contrasts(d$unit) <- contr.sum(n)
sums <- summary(lm(y ~ unit + x, d))$coefficients[2:n, ]
treat <- summary(lm(y ~ factor(id) + x, d))$coefficients[2:n, ]
by_hand <- function(i) {
  a <- (1:n == i) - 1 / n
  means <- tapply(d$x, d$id, mean)
  within <- sum((d$x - means[d$id])^2)
  s2 <- sum(residuals(fit)^2) / (n * years - n - 1)
  sqrt(s2 * (sum(a^2) / years + sum(a * means)^2 / within))
}
for (i in 1:3) cat(sprintf("unit %d   deviation %.3f   plm: error %.3f, t %.2f   dummies: error %.3f, t %.2f\n",
  i, got[i, 1], got[i, 2], got[i, 3], sums[i, 2], sums[i, 3]))
cat(sprintf("beyond 1.97: plm %d of 9, dummies %d of 9\n", sum(abs(got[1:9, 3]) > 1.97), sum(abs(sums[, 3]) > 1.97)))
stopifnot(all.equal(unname(got[1:9, 1]), unname(sums[, 1])), all.equal(got[, 2], level[, 2]))
stopifnot(all.equal(unname(sums[, 2]), sapply(1:9, by_hand)), all.equal(unname(first[, 2]), unname(treat[, 2])))
stopifnot(all(got[1:9, 2] > 10 * sums[, 2]))
END
