#!/usr/bin/env bash
# One-step difference GMM has the variance s2 (X'Z (Z'HZ)^-1 Z'X)^-1, s2 being the variance of the errors.
# vcov() of plm's one-step pgmm (2.6-2, Debian 12) has no s2, and divides by the number of units once more.
# With errors of standard deviation 2, the standard error of 200 units is 27 times too small, of 800 units 58 times.
# lmtest's coeftest(), confint() and summary(robust = FALSE) read it; the default summary computes robust errors instead.
# So one fit is significant at any level in coeftest() and not in summary(), without a warning.
# The package repaired it in 2025 (pull request 63 of its repository); Debian 12 keeps 2.6-2.
# It matters to whoever pipes a GMM fit into coeftest() or a table package that calls vcov().
# Seen (errors with standard deviation 2):
#   50 units    slope 0.430   coeftest 0.00742   by hand 0.09985   summary, robust 0.09778
#   200 units   slope 0.509   coeftest 0.00198   by hand 0.05281   summary, robust 0.05412

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in plm=2.6.2 lmtest=0.9.40; do
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
suppressMessages({ library(plm); library(lmtest) })
years <- 7
by_hand <- function(y) {
  n <- nrow(y); rows <- years - 2
  h <- diag(2, rows); h[abs(row(h) - col(h)) == 1] <- -1
  dy <- y[, 3:years] - y[, 2:(years - 1)]; dx <- y[, 2:(years - 1)] - y[, 1:(years - 2)]
  zx <- zy <- zhz <- 0
  for (i in 1:n) {
    z <- matrix(0, rows, rows * (rows + 1) / 2)
    for (t in 1:rows) z[t, t * (t - 1) / 2 + 1:t] <- y[i, 1:t]
    zx <- zx + crossprod(z, dx[i, ]); zy <- zy + crossprod(z, dy[i, ]); zhz <- zhz + t(z) %*% h %*% z
  }
  w <- solve(zhz)
  info <- sum(zx * (w %*% zx))
  slope <- sum(zx * (w %*% zy)) / info
  s2 <- sum((dy - slope * dx)^2) / (2 * (n * rows - 1))
  c(slope = slope, error = sqrt(s2 / info), bare = sqrt(1 / info / n))
}
for (n in c(50, 200)) {
  set.seed(2)
  y <- matrix(0, n, years + 20); level <- rnorm(n)
  for (t in 2:(years + 20)) y[, t] <- 0.5 * y[, t - 1] + level + 2 * rnorm(n)
  y <- y[, 20 + 1:years]
  d <- data.frame(id = rep(1:n, each = years), year = rep(2000 + 1:years, n), y = as.numeric(t(y)))
  fit <- pgmm(y ~ lag(y, 1) | lag(y, 2:99), data = pdata.frame(d, index = c("id", "year")),
              effect = "individual", model = "onestep", transformation = "d")
  got <- coeftest(fit)[1, 2]; hand <- by_hand(y); robust <- coef(summary(fit))[1, 2]
  cat(sprintf("%-11s slope %.3f   coeftest %.5f   by hand %.5f   summary, robust %.5f\n",
              paste(n, "units"), coef(fit), got, hand[["error"]], robust))
  stopifnot(all.equal(coef(fit)[[1]], hand[["slope"]]), all.equal(got, hand[["bare"]]),
            all.equal(got, coef(summary(fit, robust = FALSE))[1, 2]),
            abs(robust / hand[["error"]] - 1) < 0.15, hand[["error"]] / got > 10)
}
END
