#!/usr/bin/env bash
# did_imputation 0.1.0 names unit and year, and gives effects by years since treatment: tau0, tau1, tau2.
# The order of rows should not matter, as in the Stata command that its help says it mimics.
# The length of a period is the commonest difference between one row's year and that of the row above, whatever their units.
# With the newest year first it is -1: effects one and two years after treatment are named tau-1 and tau-2.
# Help says that allhorizons takes non-negative horizons alone; here it takes minus one to minus four without a warning.
# Sorted by year, most rows follow one of the same year, and the period is nought: named horizons are all 0.00 with an error of 0.00.
# Newest first, estimates and errors themselves are right, and only their names are wrong.
# It matters for files of provinces, which often come by year or newest year first.
# Seen (90 units, 8 years, effects 1, 2 and 3):
#   by unit and year             tau0 1.01  tau1 1.97  tau2 3.01  tau3 3.94  tau4 5.03
#   by unit, newest year first   tau-4 5.03  tau-3 3.94  tau-2 3.01  tau-1 1.97  tau0 1.01
#   by year, horizons 0, 1, 2    tau0 0.00  tau1 0.00  tau2 0.00

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 pyhdfe==0.2.1 matplotlib==3.11.2 pandas==2.3.3 numpy==2.3.5 scipy==1.18.1
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps did-imputation==0.1.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pandas as pd
from did_imputation import did_imputation

rng = np.random.default_rng(0)
rows = []
for unit in range(90):
    level, start = rng.normal(), (4, 6, np.nan)[unit % 3]
    for year in range(1, 9):
        effect = 1 + year - start if year >= start else 0
        rows.append((unit, year, start, level + 0.2 * year + effect + 0.1 * rng.normal()))
data = pd.DataFrame(rows, columns=["unit", "year", "start", "y"])


def effects(frame, **options):
    """Effects by horizon, and their errors, for rows in this order."""
    with redirect_stdout(StringIO()):
        got = did_imputation(frame, y="y", i="unit", t="year", Ei="start", minn=0, **options)
    return {k: float(v) for k, v in got.estimates.items()}, [float(v) for v in got.std_errors.values()]


right, error = effects(data, allhorizons=True)
newest, error_newest = effects(data.sort_values(["unit", "year"], ascending=[True, False]), allhorizons=True)
by_year, error_by_year = effects(data.sort_values(["year", "unit"]), horizons=[0, 1, 2])
right = dict(sorted(right.items()))
for name, found in (("by unit and year", right), ("by unit, newest year first", newest), ("by year, horizons 0, 1, 2", by_year)):
    print(f"{name:27} ", "  ".join(f"{k} {v:.2f}" for k, v in found.items()))
assert all(abs(right[f"tau{h}"] - 1 - h) < 0.1 for h in range(5))
assert set(newest) == {"tau0", "tau-1", "tau-2", "tau-3", "tau-4"}
assert all(np.isclose(newest[f"tau{-h}" if h else "tau0"], right[f"tau{h}"]) for h in range(5))
assert np.allclose(sorted(error), sorted(error_newest), rtol=1e-3)
assert set(by_year.values()) == {0.0} and set(error_by_year) == {0.0}
END
