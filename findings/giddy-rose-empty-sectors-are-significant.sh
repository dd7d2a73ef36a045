#!/usr/bin/env bash
# Rose of PySAL's giddy 2.3.8 counts in which direction regions and their neighbours move, sector by sector.
# Its permutation test gives each sector a p-value: how unusual is the count among shuffled regions?
# A sector that is empty in the data and in all permutations is as usual as can be, and should have a p-value of 1.
# permute() gives it 0: with two sides it doubles one less the share of draws that are at least as large.
# Of that share ties are a part, here all of it, so that one less the share is nought.
# Help says p-values are pseudo p-values, which cannot be below 1 / (permutations + 1).
# It matters for growing regions: all move up and right, and the six sectors without a region are the significant ones.
# Seen (30 regions that all grow, 99 permutations):
#   sector                     1      2      3      4      5      6      7      8
#   regions                   14     16      0      0      0      0      0      0
#   mean of permutations    14.8   15.2    0.0    0.0    0.0    0.0    0.0    0.0
#   p giddy                 0.38   0.88   0.00   0.00   0.00   0.00   0.00   0.00
#   p by smaller tail       0.88   0.88   1.00   1.00   1.00   1.00   1.00   1.00

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  libpysal==4.15.1 esda==2.8.2 mapclassify==2.11.0 quantecon==0.13.1 numpy==2.3.5 pandas==2.3.3 scipy==1.18.1
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps giddy==2.3.8
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from giddy.directional import Rose
from libpysal.weights import lat2W

rng = np.random.default_rng(1)
w = lat2W(6, 5)
w.transform = "r"
level = rng.normal(size=30)
rose = Rose(np.column_stack([level, level + 1 + 0.3 * rng.normal(size=30)]), w, k=8)
np.random.seed(1)
rose.permute(99)
tail = np.minimum(rose.larger_perm, rose.smaller_perm)
right = np.minimum(1, 2 * (tail + 1) / 100)
mean = rose.counts_perm.mean(axis=0)
rows = {"sector": (range(1, 9), "d"), "regions": (rose.counts, "d"), "mean of permutations": (mean, ".1f"),
        "p giddy": (rose.p, ".2f"), "p by smaller tail": (right, ".2f")}
for name, (values, form) in rows.items():
    print(f"{name:20}", "".join(f"{v:7{form}}" for v in values))
empty = (rose.counts == 0) & (rose.counts_perm == 0).all(axis=0)
assert empty.sum() == 6 and (rose.p[empty] == 0).all()
assert (right[empty] == 1).all() and (rose.p[~empty] > 0.2).all()
END
