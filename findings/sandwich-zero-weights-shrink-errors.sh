#!/usr/bin/env bash
# A row of weight zero is no row: coefficients and residual degrees of freedom in lm() agree.
# sandwich 3.0-2 (Debian 12) counts such rows in one place and not in another.
# Its robust standard errors shrink by the share of rows with weight, whatever the type.
# With half of the rows switched off by zero weights, every robust error is half its size.
# It matters for weights that select a sample, such as a regional 0/1 weight, or matching weights.
# Seen:
#   HC0      zero weights 0.11784   rows left out 0.23569   ratio 0.5000
#   cluster  zero weights 0.07476   rows left out 0.14952   ratio 0.5000
#   HC0 by hand 0.23569

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in sandwich=3.0.2; do
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
suppressMessages(library(sandwich))
set.seed(1)
d <- data.frame(id = rep(1:40, each = 6))
d$x <- rnorm(240) + rnorm(40)[d$id]
d$y <- 0.5 * d$x + rnorm(40)[d$id] + rnorm(240) * (1 + abs(d$x))
d$w <- as.numeric(d$id <= 20)
zero <- lm(y ~ x, d, weights = w)
part <- lm(y ~ x, d[d$w > 0, ])
stopifnot(all.equal(coef(zero), coef(part)), df.residual(zero) == df.residual(part),
          all.equal(vcov(zero), vcov(part)))
se <- function(v) sqrt(v["x", "x"])
X <- model.matrix(part); e <- residuals(part); inv <- solve(crossprod(X))
hand <- se(inv %*% crossprod(X * e) %*% inv)
for (name in c("HC0", "cluster")) {
  f <- if (name == "HC0") function(m) vcovHC(m, type = "HC0") else function(m) vcovCL(m, cluster = ~id, type = "HC0", cadjust = FALSE)
  cat(sprintf("%-8s zero weights %.5f   rows left out %.5f   ratio %.4f\n", name, se(f(zero)), se(f(part)), se(f(zero)) / se(f(part))))
  stopifnot(all.equal(se(f(zero)) / se(f(part)), 0.5))
}
cat(sprintf("HC0 by hand %.5f\n", hand))
stopifnot(all.equal(se(vcovHC(part, type = "HC0")), hand))
END
