#!/usr/bin/env bash
# Theta of PySAL's giddy 2.3.8 says whether ranks of regions change together within groups, and tests it by permutation.
# A p-value to the right is the share of draws, the observed one included, that are at least as large as the observed.
# pvalue_right counts draws that are strictly larger: the observed value and all that tie with it are left out.
# pvalue_left counts ties and the observed one, so that the two are complements.
# Theta is a ratio of ranks with few values, and its largest is one: there pvalue_right is always 0.
# The other permutation tests of the same file count ties and add one.
# It matters for few regions or groups: with four regions, a third of all orders look as extreme as what gets p = 0.
# Seen (four regions, two rise by two ranks and two fall, 999 permutations):
#   theta 1.000   p giddy 0.000   p with ties 0.332   p of all 24 orders 0.333

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
from itertools import permutations

import numpy as np
from giddy.rank import Theta

y = np.array([[1.0, 3], [2, 4], [3, 1], [4, 2]])
groups = np.array(["north", "north", "south", "south"])
change = y[:, 1] - y[:, 0]


def theta(order):
    """Absolute sums of rank changes within groups, over absolute rank changes."""
    g = groups[list(order)]
    return sum(abs(change[g == name].sum()) for name in np.unique(g)) / abs(change).sum()


np.random.seed(0)
got = Theta(y, groups, 999)
observed, p = float(got.theta[0, 0]), float(got.pvalue_right[0])
ties = float((got.sim >= got.sim[0]).mean())
exact = np.mean([theta(order) >= observed for order in permutations(range(4))])
print(f"theta {observed:.3f}   p giddy {p:.3f}   p with ties {ties:.3f}   p of all 24 orders {exact:.3f}")
assert observed == theta(range(4)) == 1 and p == 0
assert abs(ties - exact) < 0.05 and np.isclose(exact, 1 / 3)
assert np.isclose(p + got.pvalue_left[0], 1)
END
