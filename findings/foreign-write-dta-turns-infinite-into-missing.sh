#!/usr/bin/env bash
# Stata has no infinite numbers, so writing log(0) to .dta should fail, as haven does in R and to_stata in pandas.
# write.dta of foreign 0.8-84 (Debian 12) writes a missing value and says nothing.
# A regression on the file then leaves those rows out, where R would have stopped at them.
# Text goes the other way: a missing name becomes the two letters NA, which a panel takes for one more province.
# Dates become day counts without a date format, so even foreign's own read.dta returns plain numbers.
# It matters because .dta is how panels travel between R, Stata, gretl and pandas.
# Seen:
#   provinces 3 -> 4 : Anhui NA Hebei Jilin
#   exports   2.303 2.996  -Inf 3.689 -> 2.303 2.996    NA 3.689
#   day       Date -> numeric : 18627
#   rows in lm(y ~ exports): refused -> 3

set -euo pipefail

command -v Rscript > /dev/null || { echo "This needs R (Debian: r-base-core)."; exit 1; }
for wanted in foreign=0.8.84; do
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
suppressMessages(library(foreign))
d <- data.frame(province = c("Anhui", NA, "Hebei", "Jilin"), day = as.Date("2010-12-31") + 0:3,
                exports = log(c(10, 20, 0, 40)), y = c(1, 2, 3, 5))
write.dta(d, "panel.dta")
back <- read.dta("panel.dta", convert.dates = TRUE)
cat("provinces", sum(!is.na(unique(d$province))), "->", length(unique(back$province)), ":", back$province, "\n")
cat("exports  ", format(d$exports, digits = 4), "->", format(back$exports, digits = 4), "\n")
cat("day      ", class(d$day), "->", class(back$day), ":", back$day[1], "\n")
before <- tryCatch(nobs(lm(y ~ exports, d)), error = function(e) "refused")
cat("rows in lm(y ~ exports):", before, "->", nobs(lm(y ~ exports, back)), "\n")
stopifnot(is.infinite(d$exports[3]), is.na(back$exports[3]), back$province[2] == "NA",
          is.numeric(back$day), back$day[1] == as.numeric(as.Date("2010-12-31") - as.Date("1960-01-01")),
          before == "refused", nobs(lm(y ~ exports, back)) == 3)
END
