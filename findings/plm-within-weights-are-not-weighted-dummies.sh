#!/usr/bin/env bash
# A weighted fixed-effects regression equals weighted least squares with a dummy per unit.
# R's fixest, Stata's areg and linearmodels hold to that: they take weighted means away.
# plm 2.6-2 (Debian 12) takes unweighted means away and weights afterwards.
# Slope and standard error then belong to another estimator, whose unit effects are fixed before the weights act.
# plm warns of nothing, and its pooling model treats weights as lm does.
# It matters for panels weighted by population.
# Seen:
#   plm, within                      0.66404 (0.08649)
#   weighted least squares, dummies  0.67197 (0.08570)
#   unweighted means, then weights   0.66404

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in plm=2.6.2; do
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
suppressMessages(library(plm))
set.seed(1)
d <- data.frame(id = rep(1:30, each = 8), year = rep(2001:2008, 30))
d$x <- rnorm(240) + rnorm(30)[d$id]
d$w <- runif(240, 0.2, 3)
d$y <- d$x * (0.2 + 0.3 * d$w) + rnorm(30)[d$id] + rnorm(240)
got <- plm(y ~ x, d, index = c("id", "year"), model = "within", weights = w)
dummies <- lm(y ~ x + factor(id), d, weights = w)
away <- function(v) v - ave(v, d$id)
hand <- sum(d$w * away(d$x) * away(d$y)) / sum(d$w * away(d$x)^2)
line <- function(name, b, se) cat(sprintf("%-32s %.5f (%.5f)\n", name, b, se))
line("plm, within", coef(got)[["x"]], sqrt(vcov(got)[1, 1]))
line("weighted least squares, dummies", coef(dummies)[["x"]], summary(dummies)$coef["x", 2])
cat(sprintf("%-32s %.5f\n", "unweighted means, then weights", hand))
pool <- c(coef(plm(y ~ x, d, index = c("id", "year"), model = "pooling", weights = w))[["x"]],
          coef(lm(y ~ x, d, weights = w))[["x"]])
stopifnot(all.equal(coef(got)[["x"]], hand), all.equal(pool[1], pool[2]),
          abs(coef(got)[["x"]] - coef(dummies)[["x"]]) > 1e-3)
END
