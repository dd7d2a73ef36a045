#!/usr/bin/env bash
# Barnard and Rubin (1999) give degrees of freedom to a pooled estimate when the complete data have few.
# They reduce these by the share of variance that is within imputations, U / (U + (1 + 1/m) B), of which 1/m is for having m imputations.
# MIcombine() of mitools 2.4 (Debian 12) uses that 1/m for the standard error and forgets it here: U / (U + B).
# So it has more degrees of freedom than by the formula and than mice has.
# It matters for small panels with missing cells, the case that df.complete is for: intervals are a little too short.
# Seen (complete data with 30 degrees of freedom):
#   2 imputations   mitools  4.73   mice  4.56   by hand  4.56
#   3 imputations   mitools  7.28   mice  6.97   by hand  6.97
#   5 imputations   mitools 10.50   mice 10.09   by hand 10.09
#   5 imputations, complete data large: mitools 25.00, by hand 25.00

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in mitools=2.4 mice=3.15.0; do
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
suppressMessages({library(mitools); library(mice)})
all_b <- c(1, 1.2, 0.9, 1.1, 1.3)
all_v <- c(0.04, 0.05, 0.045, 0.04, 0.05)
complete <- 30
for (m in c(2, 3, 5)) {
  b <- all_b[1:m]; v <- all_v[1:m]
  between <- var(b); within <- mean(v); total <- within + (1 + 1 / m) * between
  lambda <- (1 + 1 / m) * between / total
  large <- (m - 1) / lambda^2
  observed <- function(share) 1 / (1 / large + 1 / ((complete + 1) / (complete + 3) * complete * share))
  hand <- observed(within / total)
  got <- MIcombine(as.list(b), as.list(v), df.complete = complete)$df
  peer <- pool.scalar(b, v, n = complete + 1, k = 1)$df
  cat(sprintf("%d imputations   mitools %5.2f   mice %5.2f   by hand %5.2f\n", m, got, peer, hand))
  stopifnot(all.equal(peer, hand), all.equal(got, observed(within / (within + between))), got > 1.03 * hand)
}
got <- MIcombine(as.list(b), as.list(v))$df
cat(sprintf("5 imputations, complete data large: mitools %.2f, by hand %.2f\n", got, large))
stopifnot(all.equal(got, large))
END
