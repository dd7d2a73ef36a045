#!/usr/bin/env bash
# Difference GMM is told which columns hold the unit and the year, so the order of rows should not matter.
# pydynpd 0.2.2 lays the rows, in the order of the file, on the cells unit by unit and year by year.
# A file sorted by year first, as yearbooks are typed, gives each unit the values of others.
# It prints a slope, the Hansen test and the numbers of groups and years as usual, without a warning.
# Sorting by unit and year before the call gives the estimate by hand back.
# Its source does call for a sorted frame, but throws the sorted frame away; its documentation names no order.
# It matters for every dynamic panel whose file is not in that order.
# Seen (true slope 0.5):
#   sorted by unit, then year   pydynpd  0.5128   by hand 0.5128
#   sorted by year, then unit   pydynpd -0.0142   by hand 0.5128

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pydynpd==0.2.2 pandas==3.1.1 numpy==2.3.5 scipy==1.18.1 prettytable==3.18.0
cd "$dir"
cat > gmm.py << 'END'
import contextlib
import io

import numpy as np
import pandas as pd
from pydynpd import regression

rng = np.random.default_rng(0)
n, t = 500, 6
level = rng.normal(size=n)
y = np.zeros((n, t + 20))
for s in range(1, t + 20):
    y[:, s] = 0.5 * y[:, s - 1] + level + rng.normal(size=n)
y = y[:, 20:]
d = pd.DataFrame({"id": np.repeat(np.arange(n), t), "year": np.tile(np.arange(2000, 2000 + t), n), "y": y.ravel()})


def hand(y):
    """One-step difference GMM with all levels from two years before as instruments."""
    h = 2 * np.eye(t - 2) - np.eye(t - 2, k=1) - np.eye(t - 2, k=-1)
    dy, dx = np.diff(y)[:, 1:], np.diff(y)[:, :-1]
    z = np.zeros((len(y), t - 2, (t - 2) * (t - 1) // 2))
    for s in range(t - 2):
        first = s * (s + 1) // 2
        z[:, s, first : first + s + 1] = y[:, : s + 1]
    zx, zy = np.einsum("itm,it->m", z, dx), np.einsum("itm,it->m", z, dy)
    w = np.linalg.inv(np.einsum("itm,ts,isk->mk", z, h, z))
    return (zx @ w @ zy) / (zx @ w @ zx)


found = {}
for order in (["id", "year"], ["year", "id"]):
    rows = d.sort_values(order).reset_index(drop=True)
    with contextlib.redirect_stdout(io.StringIO()):
        fit = regression.abond("y L1.y | gmm(y, 2:99) | onestep nolevel", rows.copy(), ["id", "year"])
    table = rows.pivot(index="id", columns="year", values="y").to_numpy()
    found[order[0]] = fit.models[0].regression_table.coefficient[0], hand(table)
    name = "unit, then year" if order[0] == "id" else "year, then unit"
    print(f"sorted by {name}   pydynpd {found[order[0]][0]:7.4f}   by hand {found[order[0]][1]:.4f}")
assert np.isclose(*found["id"]) and np.isclose(found["id"][1], found["year"][1])
assert abs(found["year"][0] - found["year"][1]) > 0.2
END
"$dir/venv/bin/python" -W ignore gmm.py
