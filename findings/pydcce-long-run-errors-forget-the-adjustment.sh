#!/usr/bin/env bash
# In an error correction model the long-run slope is the slope of x over the speed of adjustment, with its sign turned.
# Its error by the delta method takes both estimates and their covariance; "standard errors are computed using the delta method", says the help.
# ECM of pydcce 1.0.1 divides the error of x's slope by the speed, as if the speed were known.
# Both vary together from unit to unit, since a faster unit has a larger slope of x as well, so the ratio is known better than that.
# Here the reported error is about twice as large; where both vary the other way, it is too small.
# It matters for what this model is estimated for: the long-run effect looks far less certain than it is.
# Seen (30 units, 60 years, long-run slope of one, speeds from 0.2 to 0.5):
#   long-run slope 1.0066
#   error: pydcce 0.0530, delta method 0.0231, speed taken for known 0.0530
#   error of the mean of the units' long-run slopes 0.0307

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pydcce==1.0.1 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from pydcce import ECM

rng = np.random.default_rng(3)
N, T = 30, 60
rows = []
for i in range(N):
    x, speed = rng.normal(size=T + 1).cumsum(), 0.2 + 0.3 * rng.random()
    y = np.zeros(T + 1)
    for t in range(1, T + 1):
        y[t] = y[t - 1] - speed * (y[t - 1] - x[t]) + rng.normal()
    rows.append(pd.DataFrame({"id": i, "t": np.arange(T + 1), "y": y, "x": x}))
d = pd.concat(rows, ignore_index=True)
d["before"] = d.groupby("id").y.shift()
d["change"] = d.y - d.before
d = d.dropna()
fit = ECM(d, "change", ["before", "x"], unit_col="id", time_col="t").fit()
units = np.array([np.linalg.lstsq(np.column_stack([g.before, g.x, np.ones(T)]), g.change, rcond=None)[0][:2] for _, g in d.groupby("id")])
speed, slope = units.mean(axis=0)
V = np.cov(units.T) / N
gradient = np.array([slope / speed**2, -1 / speed])
delta, alone = np.sqrt(gradient @ V @ gradient), np.sqrt(V[1, 1]) / abs(speed)
ratios = -units[:, 1] / units[:, 0]
got = fit.std_errors["LR_x"]
print(f"long-run slope {fit.coefficients['LR_x']:.4f}")
print(f"error: pydcce {got:.4f}, delta method {delta:.4f}, speed taken for known {alone:.4f}")
print(f"error of the mean of the units' long-run slopes {ratios.std(ddof=1) / np.sqrt(N):.4f}")
assert "Standard errors are computed using the delta method" in ECM.__doc__
assert np.isclose(fit.coefficients["LR_x"], -slope / speed) and np.isclose(got, alone) and got > 1.5 * delta
END
