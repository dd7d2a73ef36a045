#!/usr/bin/env bash
# plm's lag() takes a column of a pdata.frame with its index, so the order of rows should not matter.
# In plm 2.6-2 (Debian 12) it does: after sorting by year, lag() gives another unit's value.
# diff() and lead() build on it; a first year, which has no past, gets a number as well.
# Unit means taken with Within() stay right, so only dynamic terms are hit.
# Sorting before the pdata.frame is made does no harm, since making it sorts again.
# It matters whenever a pdata.frame is sorted for a look or a merge before its lags are taken.
# Seen:
#   unit 1  year 2001  x 11  lag NA  true NA
#   unit 2  year 2001  x 21  lag 11  true NA
#   unit 1  year 2002  x 12  lag 21  true 11
#   unit 2  year 2002  x 22  lag 12  true 21
#   unit 1  year 2003  x 13  lag NA  true 12
#   unit 2  year 2003  x 23  lag 13  true 22
#   unit 1  year 2004  x 14  lag 23  true 13
#   unit 2  year 2004  x 24  lag 14  true 23
#   wrong: 7 of 8

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
d <- data.frame(id = rep(1:2, each = 4), year = rep(2001:2004, 2))
d$x <- 10 * d$id + d$year - 2000
p <- pdata.frame(d, index = c("id", "year"))
past <- function(v) ifelse(v %% 10 == 1, NA, v - 1) # true by construction: 12 follows 11, 22 follows 21
s <- p[order(d$year, d$id), ]
show <- data.frame(id = s$id, year = s$year, x = as.numeric(s$x), lag = as.numeric(plm::lag(s$x)), true = past(as.numeric(s$x)))
for (i in seq_len(nrow(show))) cat(sprintf("unit %s  year %s  x %2.0f  lag %2.0f  true %2.0f\n",
                                           show$id[i], show$year[i], show$x[i], show$lag[i], show$true[i]))
stopifnot(identical(as.numeric(plm::lag(p$x)), past(as.numeric(p$x))),
          all.equal(as.numeric(Within(s$x)), as.numeric(s$x) - 10 * as.numeric(s$id) - 2.5),
          show$lag[show$id == 2 & show$year == 2001] == 11, !isTRUE(all.equal(show$lag, show$true)))
cat(sprintf("wrong: %d of 8\n", sum(!mapply(identical, show$lag, as.numeric(show$true)))))
END
