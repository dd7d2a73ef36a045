#!/usr/bin/env bash
# GEE with an AR(1) working correlation takes the correlation of two years two apart as that of neighbours, squared.
# geeglm() of geepack 1.3.9 (Debian 12) has waves for the years, "also used in connection with missing values".
# It numbers the years that occur in the data from one: where no unit has year 2, years 1 and 3 become neighbours.
# If half of the units have year 2, all is right; if the last of them goes, the same years count differently, without a word.
# By hand, the correlation solves the mean of residual products of all pairs of years, each with its own power.
# It matters for panels of census or survey years, and for any panel with one year left out.
# Seen (300 units, four years, correlation of 0.8):
#   all years                  geepack 0.780   by hand 0.780
#   half the units lack year 2 geepack 0.779
#   all units lack year 2      geepack 0.691   by hand 0.780   years 1, 3, 4 taken for 1, 2, 3: 0.689

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in geepack=1.3.9; do
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
suppressMessages(library(geepack))
set.seed(4)
d <- data.frame(id = rep(1:300, each = 4), year = rep(1:4, 300), x = rnorm(1200))
d$y <- d$x + as.vector(replicate(300, arima.sim(list(ar = 0.8), 4)))
ar1 <- function(e) unname(geeglm(y ~ x, id = id, waves = year, data = e, corstr = "ar1")$geese$alpha)
# least squares of standardised residual products on the correlation to the power of the distance in years
hand <- function(e, distance) {
  r <- residuals(lm(y ~ x, e)); r <- r / sd(r)
  R <- matrix(r, ncol = 300); k <- nrow(R)
  p <- which(upper.tri(diag(k)), arr.ind = TRUE)
  far <- abs(distance[p[, 1]] - distance[p[, 2]])
  optimize(function(a) sum(sapply(seq_along(far), function(j) sum((R[p[j, 1], ] * R[p[j, 2], ] - a^far[j])^2))), c(0, 0.99))$minimum
}
half <- d[d$year != 2 | d$id > 150, ]
none <- d[d$year != 2, ]
cat(sprintf("all years                  geepack %.3f   by hand %.3f\n", ar1(d), hand(d, 1:4)))
cat(sprintf("half the units lack year 2 geepack %.3f\n", ar1(half)))
cat(sprintf("all units lack year 2      geepack %.3f   by hand %.3f   years 1, 3, 4 taken for 1, 2, 3: %.3f\n",
            ar1(none), hand(none, c(1, 3, 4)), hand(none, 1:3)))
stopifnot(abs(ar1(d) - hand(d, 1:4)) < 0.03, abs(ar1(half) - ar1(d)) < 0.03,
          abs(ar1(none) - hand(none, 1:3)) < 0.03, hand(none, c(1, 3, 4)) - ar1(none) > 0.05)
END
