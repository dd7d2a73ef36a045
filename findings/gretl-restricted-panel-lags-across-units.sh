#!/usr/bin/env bash
# In a gretl panel x(-1) is missing in a unit's first year, and a restricted sample should not change that.
# When "smpl COND --restrict" leaves an unbalanced sample, gretl 2022c (Debian 12) forgets the panel.
# It says how many rows remain, but not that lags and differences now run down the rows, across units.
# The first row of unit 2 gets the value of unit 1's last year as its own past.
# A restriction that leaves a balanced sample keeps the panel, so the same line is right in one data set and wrong in the next.
# The manual does say that structure is likely lost, and offers --preserve-panel; the command says nothing, and lags still compute.
# It matters for trimmed or regional samples: name the option, or make lags before.
# Seen:
#   balanced sample: data type 3 (1 cross-section, 3 panel)
#     unit 1  year 2  x 12  lag made before 11  lag made now NA
#     unit 1  year 3  x 13  lag made before 12  lag made now 12
#     unit 1  year 4  x 14  lag made before 13  lag made now 13
#     unit 2  year 2  x 22  lag made before 21  lag made now NA
#     unit 2  year 3  x 23  lag made before 22  lag made now 22
#     unit 2  year 4  x 24  lag made before 23  lag made now 23
#   unbalanced sample with --preserve-panel: data type 3 (1 cross-section, 3 panel)
#   unbalanced sample: data type 1 (1 cross-section, 3 panel)
#     unit 1  year 3  x 13  lag made before 12  lag made now NA
#     unit 1  year 4  x 14  lag made before 13  lag made now 13
#     unit 2  year 1  x 21  lag made before NA  lag made now 14
#     unit 2  year 2  x 22  lag made before 21  lag made now 21
#     unit 2  year 3  x 23  lag made before 22  lag made now 22
#     unit 2  year 4  x 24  lag made before 23  lag made now 23

set -euo pipefail

command -v gretlcli > /dev/null || { echo "This needs gretl 2022c (Debian 12: gretl)."; exit 1; }
case "$(gretlcli --version)" in
  *2022c*) ;;
  *) echo "This needs gretl 2022c (Debian 12: gretl), and finds another version."; exit 1 ;;
esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
printf 'id,year,x\n1,1,11\n1,2,12\n1,3,13\n1,4,14\n2,1,21\n2,2,22\n2,3,23\n2,4,24\n' > panel.csv
cat > lags.inp << 'END'
set verbose off
open panel.csv --quiet
setobs id year --panel-vars
series before = x(-1)
smpl year > 1 --restrict
series balanced = x(-1)
printf "balanced kind %d\n", $datatype
loop i=1..$nobs --quiet
    printf "balanced %d %d %g %g %g\n", id[i], year[i], x[i], before[i], balanced[i]
endloop
smpl full
smpl x > 12 --restrict --preserve-panel
printf "kept kind %d\n", $datatype
smpl full
smpl x > 12 --restrict
series after = x(-1)
printf "unbalanced kind %d\n", $datatype
loop i=1..$nobs --quiet
    printf "unbalanced %d %d %g %g %g\n", id[i], year[i], x[i], before[i], after[i]
endloop
END
gretlcli -b lags.inp | grep -E '^((un)?balanced|kept)' > out.txt
awk '$2 == "kind" { print ($1 == "kept" ? "unbalanced sample with --preserve-panel" : $1 " sample") ": data type " $3 " (1 cross-section, 3 panel)"; next }
     { print "  unit " $2 "  year " $3 "  x " $4 "  lag made before " $5 "  lag made now " $6 }' out.txt
grep -q '^balanced kind 3$' out.txt
grep -q '^unbalanced kind 1$' out.txt
grep -q '^kept kind 3$' out.txt
# balanced: a lag is the year before or missing; unbalanced: unit 2 takes 14 from unit 1
awk '$1 == "balanced" && $2 != "kind" && $6 ~ /^[0-9]/ && $6 != $4 - 1 { bad = 1 } END { exit bad }' out.txt
grep -qiE '^unbalanced 2 1 21 (nan|NA|\.) 14$' out.txt
