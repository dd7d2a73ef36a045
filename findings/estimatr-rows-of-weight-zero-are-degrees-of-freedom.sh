#!/usr/bin/env bash
# A row of weight zero is no row: lm() leaves such rows out of its residual degrees of freedom, and of the error variance.
# lm_robust() of estimatr 1.0.0 (Debian 12) counts them in both.
# Classical errors shrink by the root of the two degrees of freedom; robust ones lose most of their small-sample factor.
# All intervals and p-values take t with the rows that are not there.
# It matters for weights that select a sample, such as matching or kernel weights, when few rows are left.
# Seen (200 rows, eight of which have a weight):
#   classical  zero weights: error 0.0849, 198 df, p 0.000   rows left out: error 0.4880, 6 df, p 0.019
#   HC1        zero weights: error 0.5389, 198 df, p 0.004   rows left out: error 0.6191, 6 df, p 0.046
#   HC2        zero weights: error 0.7912, 198 df, p 0.051   rows left out: error 0.7912, 6 df, p 0.097
#   lm         zero weights: error 0.4880, 6 df

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in estimatr=1.0.0; do
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
suppressMessages(library(estimatr))
set.seed(2)
d <- data.frame(x = rnorm(200))
d$y <- 0.8 * d$x + rnorm(200)
d$w <- as.numeric(seq_len(200) <= 8)
part <- d[d$w > 0, ]
r <- summary(lm(y ~ x, d, weights = w))
stopifnot(r$df[2] == 6)
for (type in c("classical", "HC1", "HC2")) {
  zero <- lm_robust(y ~ x, d, weights = w, se_type = type)
  left <- lm_robust(y ~ x, part, se_type = type)
  cat(sprintf("%-9s  zero weights: error %.4f, %3.0f df, p %.3f   rows left out: error %.4f, %.0f df, p %.3f\n", type,
              zero$std.error["x"], zero$df["x"], zero$p.value["x"], left$std.error["x"], left$df["x"], left$p.value["x"]))
  stopifnot(all.equal(coef(zero), coef(left)), zero$df["x"] == 198, left$df["x"] == 6)
  factor <- c(classical = sqrt(6 / 198), HC1 = sqrt((200 / 198) / (8 / 6)), HC2 = 1)[type]
  stopifnot(abs(zero$std.error["x"] / left$std.error["x"] / factor - 1) < 1e-6)
}
cat(sprintf("lm         zero weights: error %.4f, %d df\n", coef(r)["x", 2], r$df[2]))
stopifnot(abs(coef(r)["x", 2] - lm_robust(y ~ x, part, se_type = "classical")$std.error["x"]) < 1e-8)
END
