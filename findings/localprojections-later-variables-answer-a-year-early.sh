#!/usr/bin/env bash
# Local projections of a panel estimate how an outcome answers a shock after 0, 1, 2, ... years.
# In a Cholesky order, a variable that comes later has no effect on an earlier one in the same year: horizon 0 is nought.
# PanelLP of localprojections 0.2.1 enters a later variable with a lag of one year, and does not move the horizon.
# What is printed for horizon h is thus the answer after h + 1 years, for this half of all pairs.
# Help says that horizon is the response horizon; the other half, and own shocks, are in the right year.
# So one effect has two dates, by the order in which variables are listed; the panel and time series variants share this code.
# It matters for every impulse response with two variables: half of the curves are a year early.
# Seen (200 units, 40 years; a change of b moves a by 1 after one year and by 0.5 more after two):
#   horizon                     0       1       2
#   true answer of a to b    0.00    1.00    1.50
#   order b, a               0.00    1.00    1.47
#   order a, b               1.00    1.47    1.44

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  linearmodels==7.1 statsmodels==0.15.0 plotly==7.1.0 pandas==2.3.3 numpy==2.3.5 scipy==1.18.1
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps localprojections==0.2.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from localprojections import PanelLP

rng = np.random.default_rng(0)
units, years = 200, 40
db, da = rng.normal(size=(units, years)), 0.1 * rng.normal(size=(units, years))
da[:, 1:] += db[:, :-1]
da[:, 2:] += 0.5 * db[:, :-2]
index = pd.MultiIndex.from_product([range(units), range(years)], names=["unit", "year"])
data = pd.DataFrame({"a": da.cumsum(axis=1).ravel(), "b": db.cumsum(axis=1).ravel()}, index=index)


def answer(order):
    """Response of a to b after 0, 1 and 2 years, with variables in this order."""
    irf = PanelLP(data, order, ["a"], horizon=2, lags=2, varcov="robust")
    rows = irf[(irf["Shock"] == "b") & (irf["Response"] == "a")].sort_values("Horizon")
    return rows["Mean"].to_numpy(float)


true = np.array([0, 1, 1.5])
first, last = answer(["b", "a"]), answer(["a", "b"])
print("horizon                ", "".join(f"{h:8}" for h in range(3)))
for name, v in (("true answer of a to b", true), ("order b, a", first), ("order a, b", last)):
    print(f"{name:23}", "".join(f"{x:8.2f}" for x in np.round(v, 2) + 0))
assert abs(first - true).max() < 0.15
assert abs(last[:2] - true[1:]).max() < 0.1 and last[0] > 0.9
END
