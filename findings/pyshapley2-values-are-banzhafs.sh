#!/usr/bin/env bash
# The Shapley value of a variable is its mean gain of R squared over all orders in which variables can enter.
# Values add up to the R squared of all variables, whatever their number.
# pyshapley2 0.1.1 regresses R squared of all subsets on which variables they hold, each subset with equal weight, and calls the slopes Shapley values.
# Such slopes are Banzhaf values: every subset counts alike, where Shapley's weights favour the smallest and the largest.
# From three variables on they need not add up, and what is missing is printed as a residual, which Shapley's value does not have.
# "Normalised" values stretch the slopes to the total; they are not Shapley values either.
# It matters for decompositions of a fit or of inequality, and for comparison with any other program.
# Seen (200 rows, three correlated variables and one apart, R squared 0.785):
#                             a      b      c      d      sum
#   Shapley by definition     0.317  0.231  0.185  0.052  0.785
#   pyshapley2                0.275  0.189  0.144  0.050  0.658
#   Banzhaf by definition     0.275  0.189  0.144  0.050  0.658
#   pyshapley2, normalised    0.328  0.225  0.171  0.060  0.785

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 pandas==2.3.3 numpy==2.3.5 scipy==1.18.1
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps pyshapley2==0.1.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from pyshapley2 import shapley2

rng = np.random.default_rng(0)
z = rng.normal(size=200)
X = np.column_stack([*(z + 0.5 * rng.normal(size=200) for _ in range(3)), rng.normal(size=200)])
y = X @ [1, 0.5, 0.2, 0.5] + rng.normal(size=200)
names = list("abcd")


def fit(columns):
    """R squared of y on a constant and these columns."""
    design = np.column_stack([np.ones(len(y)), X[:, list(columns)]])
    e = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1 - e @ e / ((y - y.mean()) ** 2).sum()


def gains(j):
    """Size of each subset without column j, and what j adds to its R squared."""
    others = [i for i in range(4) if i != j]
    return [(k, fit((*s, j)) - fit(s)) for k in range(4) for s in combinations(others, k)]


shapley = np.array([sum(g / (4 * comb(3, k)) for k, g in gains(j)) for j in range(4)])
banzhaf = np.array([np.mean([g for _, g in gains(j)]) for j in range(4)])
got = shapley2(pd.DataFrame(X, columns=names).assign(y=y), "y", names)
rows = {
    "Shapley by definition": shapley,
    "pyshapley2": got.shapley,
    "Banzhaf by definition": banzhaf,
    "pyshapley2, normalised": got.shapley_norm,
}
print(" " * 26, "      ".join([*names, "sum"]))
for name, v in rows.items():
    print(f"{name:24}  ", "  ".join(f"{x:.3f}" for x in [*v, v.sum()]))
assert np.isclose(shapley.sum(), fit(range(4)))
assert np.allclose(got.shapley, banzhaf) and abs(got.shapley - shapley).max() > 0.03
assert abs(got.shapley_norm - shapley).max() > 0.01
END
