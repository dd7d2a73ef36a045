#!/usr/bin/env bash
# With one regressor the F test of the model is the squared t test of the slope, so both have one p value.
# plm 2.6-2 (Debian 12), given a clustered covariance, prints two.
# Its F test counts clusters less one in the denominator; its t test in the same table counts rows.
# With twelve units p is 0.006 by F and below 0.001 by t: one star more.
# It matters because the table's stars are what gets copied; the cautious one stands in the last line.
# lmtest's coeftest() on such a model takes the row count as well.
# Seen:
#   t = 3.4335   p = 0.00093   by hand with 83 df 0.00093
#   F = 11.7889  p = 0.00559   by hand on (1, 11) 0.00559;  t squared 11.7889

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
set.seed(4)
d <- data.frame(id = rep(1:12, each = 8), year = rep(1:8, 12))
d$x <- rnorm(96) + rnorm(12)[d$id]
d$y <- 0.2 * d$x + (0.3 * rnorm(12))[d$id] * d$x + rnorm(12)[d$id] + rnorm(96)
fit <- plm(y ~ x, d, index = c("id", "year"), model = "within")
s <- summary(fit, vcov = function(m) vcovHC(m, method = "arellano"))
t <- s$coefficients["x", "t-value"]; p <- s$coefficients["x", "Pr(>|t|)"]
f <- unname(s$fstatistic$statistic); q <- unname(s$fstatistic$p.value); df <- unname(s$fstatistic$parameter)
cat(sprintf("t = %.4f   p = %.5f   by hand with %d df %.5f\n", t, p, fit$df.residual, 2 * pt(-abs(t), fit$df.residual)))
cat(sprintf("F = %.4f  p = %.5f   by hand on (1, %g) %.5f;  t squared %.4f\n", f, q, df[2], pf(f, 1, 11, lower.tail = FALSE), t^2))
stopifnot(all.equal(t^2, f), all.equal(p, 2 * pt(-abs(t), 83)), df[2] == 11,
          all.equal(q, pf(f, 1, 11, lower.tail = FALSE)), q > 5 * p)
END
