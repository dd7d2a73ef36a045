#!/usr/bin/env bash
# With five clusters the wild cluster bootstrap has 2^5 = 32 sign patterns; two of them are the data and their mirror.
# Both have the t statistic of the data, so a two-sided p-value cannot be below 2/32 = 0.0625.
# wildboottest 0.3.2 runs through all 32, but counts patterns with a strictly larger statistic.
# Whether the data count is then left to the last digit: p is 0 or 0.0625, and changes with the unit of the outcome.
# A p-value of 0 rejects at every level, where this test can never reject at 5 %.
# It matters with few regions as clusters, the case that this bootstrap is used for.
# Seen (outcome times 1, 2 and 3 in each of ten data sets):
#   by hand: p = 0.0625 in 30 of 30
#   wildboottest: p = 0 in 15, 0.0312 in 0, 0.0625 in 15
#   data sets with p = 0 in one unit and 0.0625 in another: 2 of 10

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  wildboottest==0.3.2 numba==0.68.1 tabulate==0.10.0 statsmodels==0.15.0 patsy==1.0.3 \
  pandas==3.1.1 numpy==2.3.5 scipy==1.18.1
cd "$dir"
cat > boot.py << 'END'
import itertools

import numpy as np
import pandas as pd
import statsmodels.api as sm
from wildboottest.wildboottest import wildboottest

G, units = 5, 3
g = np.repeat(np.arange(G), 20)
signs = np.array(list(itertools.product([-1, 1], repeat=G)))[:, g]


def t_stat(X, y):
    """Cluster-robust t statistic of the second coefficient."""
    inv = np.linalg.inv(X.T @ X)
    b = inv @ X.T @ y
    scores = np.array([X[g == k].T @ (y - X @ b)[g == k] for k in range(G)])
    return b[1] / np.sqrt((inv @ scores.T @ scores @ inv)[1, 1])


table = np.zeros((10, units))
hand = np.zeros((10, units))
for seed in range(10):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"const": 1.0, "x": rng.normal(size=G)[g] + rng.normal(size=len(g))})
    y = pd.Series(1 + X.x + 0.5 * rng.normal(size=G)[g] + rng.normal(size=len(g)), name="y")
    for unit in range(1, units + 1):
        out = wildboottest(sm.OLS(unit * y, X), B=999, cluster=pd.Series(g), param="x", show=False, parallel=False)
        table[seed, unit - 1] = out["p-value"].iloc[0]
        v, Xa = (unit * y).to_numpy(), X.to_numpy()
        draws = [abs(t_stat(Xa, v.mean() + (v - v.mean()) * w)) for w in signs]
        hand[seed, unit - 1] = np.mean(np.array(draws) > abs(t_stat(Xa, v)) * (1 - 1e-9))
count = [int(np.isclose(table, p).sum()) for p in (0, 1 / 32, 2 / 32)]
both = int((table.min(axis=1) < table.max(axis=1)).sum())
print(f"by hand: p = {hand.min():.4f} in {int((hand == 2 / 32).sum())} of {hand.size}")
print(f"wildboottest: p = 0 in {count[0]}, 0.0312 in {count[1]}, 0.0625 in {count[2]}")
print(f"data sets with p = 0 in one unit and 0.0625 in another: {both} of 10")
assert (hand == 2 / 32).all() and sum(count) == table.size and count[0] > 0
END
"$dir/venv/bin/python" -W ignore boot.py
