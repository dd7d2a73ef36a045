#!/usr/bin/env bash
# FixedEffects() with entity and time effects should agree with least squares with both sets of dummies.
# panelbox 1.0.2 takes unit means away once, and then year means once; its help puts no condition on the panel.
# That is two-way fixed effects for a balanced panel only: in an unbalanced one it has to be repeated until it settles.
# Here units enter in different years, x and y share a trend, and x has no effect.
# Years are controlled for, and yet the slope is far from zero and its t statistic significant, without a warning.
# It matters for every panel with entry, exit or missing years, and no message tells it from a balanced one.
# Seen (30 units, 8 years, true slope 0):
#   balanced   240 rows   panelbox -0.062 (t = -0.86)   dummies -0.062 (t = -0.86)
#   unbalanced 176 rows   panelbox  0.235 (t =  2.37)   dummies -0.011 (t = -0.13)

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  panelbox==1.0.2 statsmodels==0.15.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import panelbox as pb
import statsmodels.formula.api as smf

rng = np.random.default_rng(1)
n, years = 30, 8
d = pd.DataFrame({"id": np.repeat(np.arange(n), years), "year": np.tile(np.arange(years), n)})
d["x"] = 0.5 * d.year + rng.normal(size=len(d))
d["y"] = d.year + rng.normal(size=n)[d.id] + rng.normal(size=len(d))
start = rng.integers(0, 6, size=n)


def once(v, data):
    """Unit means taken away once, then year means once."""
    v = v - v.groupby(data.id).transform("mean")
    return v - v.groupby(data.year).transform("mean")


for name, data in (("balanced", d), ("unbalanced", d[d.year >= start[d.id]])):
    got = pb.FixedEffects("y ~ x", data, "id", "year", entity_effects=True, time_effects=True).fit()
    want = smf.ols("y ~ x + C(id) + C(year)", data).fit()
    slope, error = float(got.params.iloc[0]), float(got.std_errors.iloc[0])
    print(f"{name:10} {len(data)} rows   panelbox {slope:6.3f} (t = {slope / error:5.2f})"
          f"   dummies {want.params['x']:6.3f} (t = {want.tvalues['x']:5.2f})")
    x, y = once(data.x, data), once(data.y, data)
    assert np.isclose(slope, (x * y).sum() / (x * x).sum())
    assert np.isclose(slope, want.params["x"]) == (name == "balanced")
assert slope / error > 2 > 1 > abs(want.tvalues["x"])
END
