#!/usr/bin/env bash
# vcovPC takes cluster= and order.by=, so Beck and Katz's errors should not depend on the order of rows.
# In sandwich 3.0-2 (Debian 12) they do, unless rows are sorted by unit and, within it, by time.
# The same regression on the panel sorted by year then has other errors, though both variables are named.
# vcovPL, with the same arguments, gives one answer for every order.
# It matters for panels stacked year by year, as yearbook data usually are.
# Seen:
#   by the formula           0.10771
#   rows by unit, then year  vcovPC 0.10771   vcovPL 0.10926
#   rows by year, then unit  vcovPC 0.09612   vcovPL 0.10926
#   rows in no order         vcovPC 0.09758   vcovPL 0.10926

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
units <- 10; years <- 20
d <- data.frame(id = rep(1:units, each = years), year = rep(1:years, units))
f <- rnorm(years)
d$x <- rnorm(200) + f[d$year]
d$y <- 0.5 * d$x + f[d$year] * d$id / 5 + rnorm(200) * d$id / 4
# Beck and Katz by their formula, on rows sorted by unit and year
fit <- lm(y ~ x, d)
E <- matrix(residuals(fit), units, years, byrow = TRUE)
X <- model.matrix(fit); B <- solve(crossprod(X))
hand <- sqrt((B %*% t(X) %*% kronecker(tcrossprod(E) / years, diag(years)) %*% X %*% B)[2, 2])
cat(sprintf("by the formula           %.5f\n", hand))
for (name in c("by unit, then year", "by year, then unit", "in no order")) {
  q <- d[switch(name, "by unit, then year" = 1:200, "by year, then unit" = order(d$year, d$id), sample(200)), ]
  m <- lm(y ~ x, q)
  pc <- sqrt(vcovPC(m, cluster = ~id, order.by = ~year)[2, 2])
  pl <- sqrt(vcovPL(m, cluster = ~id, order.by = ~year)[2, 2])
  cat(sprintf("rows %-18s  vcovPC %.5f   vcovPL %.5f\n", name, pc, pl))
  same <- isTRUE(all.equal(pc, hand))
  stopifnot(same == (name == "by unit, then year"), all.equal(coef(m), coef(fit)))
  if (name == "by unit, then year") first <- pl else stopifnot(all.equal(pl, first), abs(pc / hand - 1) > 0.05)
}
END
