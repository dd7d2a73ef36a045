#!/usr/bin/env bash
# HC2 and HC3 divide each squared residual by one less its leverage, once or twice, since residuals are too small.
# Fixed effects are dummies, and in a panel of T years they give each row a leverage of 1/T and more.
# vcovHC() of plm's within model (2.6-2, Debian 12) takes the leverage of the demeaned regressors alone.
# So HC2 and HC3 are next to HC0, and far from the same fit with dummies, where HC0 agrees to all digits.
# With three years its HC3 error is a third smaller than that of R's sandwich; clustered types take the same leverage.
# The manual calls the types analogous to those of sandwich, and justified for the standard linear model.
# It matters for short panels, where HC3 is chosen because few rows stand behind each effect.
# Seen (40 units, 3 years):
#   HC0   within 0.19868   dummies 0.19868   ratio 1.000
#   HC2   within 0.20153   dummies 0.24863   ratio 0.811
#   HC3   within 0.20443   dummies 0.31119   ratio 0.657

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in plm=2.6.2 sandwich=3.0.2; do
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
n <- 40; years <- 3
d <- data.frame(id = rep(1:n, each = years), year = rep(1:years, n), x = rnorm(n * years))
d$y <- 0.5 * d$x + rnorm(n)[d$id] + rnorm(n * years) * (0.5 + abs(d$x))
within <- plm(y ~ x, d, index = c("id", "year"), model = "within")
dummies <- lm(y ~ x + factor(id), d)
x <- d$x - ave(d$x, d$id)
u <- residuals(dummies)
for (type in c("HC0", "HC2", "HC3")) {
  power <- c(HC0 = 0, HC2 = 1, HC3 = 2)[[type]]
  hand <- function(leverage) sqrt(sum(x^2 * u^2 / (1 - leverage)^power)) / sum(x^2)
  got <- sqrt(vcovHC(within, method = "white1", type = type)[1, 1])
  want <- sqrt(sandwich::vcovHC(dummies, type = type)["x", "x"])
  cat(sprintf("%s   within %.5f   dummies %.5f   ratio %.3f\n", type, got, want, got / want))
  stopifnot(all.equal(got, hand(x^2 / sum(x^2))), all.equal(want, hand(1 / years + x^2 / sum(x^2))))
  stopifnot(if (power == 0) abs(got / want - 1) < 1e-8 else got / want < 0.9)
}
clustered <- sapply(split(x * u / (1 - x^2 / sum(x^2)), d$id), sum)
stopifnot(all.equal(sqrt(vcovHC(within, type = "HC3")[1, 1]), sqrt(sum(clustered^2)) / sum(x^2)))
END
