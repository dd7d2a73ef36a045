#!/usr/bin/env bash
# plm's diff() and lag() know the time index: across a missing year diff() is missing.
# model = "fd" of the same package (2.6-2, Debian 12) takes each row less the row before it.
# Across a missing year it treats a change over two years as one over one year.
# Periods held as text are ordered as text, so "6" less "13" is one of its differences.
# The slope then differs from that of the year-by-year differences, without a warning.
# It matters for the usual check of fixed effects against first differences.
# Seen:
#   complete  model fd: 210 rows, slope 0.60895;  diff(): 210 rows, slope 0.60895
#   gaps      model fd: 195 rows, slope 0.62326;  diff(): 180 rows, slope 0.60598
#   text      model fd: 210 rows, slope 0.54889;  diff(): 210 rows, slope 0.60895

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
d <- data.frame(id = rep(1:30, each = 8), year = rep(6:13, 30))
d$x <- as.numeric(t(apply(matrix(rnorm(240), 30), 1, cumsum))[cbind(d$id, d$year - 5)])
d$y <- 0.5 * d$x + as.numeric(t(apply(matrix(rnorm(240), 30), 1, cumsum))[cbind(d$id, d$year - 5)])
fd <- function(data) {
  p <- pdata.frame(data, index = c("id", "year"))
  fit <- plm(y ~ 0 + x, p, model = "fd")
  dx <- as.numeric(diff(p$x)); dy <- as.numeric(diff(p$y))
  row <- function(v) unlist(tapply(v, p$id, base::diff))
  list(fd = c(nobs(fit), coef(fit)[["x"]]),
       years = c(sum(!is.na(dx)), sum(dx * dy, na.rm = TRUE) / sum(dx^2, na.rm = TRUE)),
       rows = sum(row(as.numeric(p$x)) * row(as.numeric(p$y))) / sum(row(as.numeric(p$x))^2))
}
gaps <- d[!(d$year == 9 & d$id <= 15), ]
text <- transform(d, year = as.character(year))
for (name in c("complete", "gaps", "text")) {
  r <- fd(switch(name, complete = d, gaps = gaps, text = text))
  cat(sprintf("%-9s model fd: %d rows, slope %.5f;  diff(): %d rows, slope %.5f\n",
              name, as.integer(r$fd[1]), r$fd[2], as.integer(r$years[1]), r$years[2]))
  stopifnot(all.equal(r$fd[2], r$rows))
  if (name == "complete") stopifnot(all.equal(r$fd, r$years)) else stopifnot(abs(r$fd[2] - r$years[2]) > 1e-4)
}
END
