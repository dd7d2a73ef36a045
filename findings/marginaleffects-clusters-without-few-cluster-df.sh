#!/usr/bin/env bash
# A pyfixest model with clustered errors uses Student's t with one degree less than there are clusters.
# The average slope of a linear model is the coefficient, so its interval should be the same.
# marginaleffects 0.6.1 keeps the standard error but uses the normal distribution.
# With eight clusters the 95 % interval is a sixth too short, and p falls from above 5 % to below it.
# It matters for panels with few regions or provinces, where the correction is the whole point.
# Seen:
#   pyfixest         0.2982 (0.1391)  p = 0.0693  [-0.0308, 0.6271]
#   marginaleffects  0.2982 (0.1391)  p = 0.0321  [0.0255, 0.5708]

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  marginaleffects==0.6.1 polars==1.44.2 pyfixest==0.60.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import marginaleffects as me
import numpy as np
import pandas as pd
import pyfixest as pf
from scipy import stats

rng = np.random.default_rng(11)
units, years = 8, 12
d = pd.DataFrame({"id": np.repeat(np.arange(units), years)})
d["x"] = rng.normal(size=len(d)) + rng.normal(size=units)[d.id]
d["y"] = (0.52 + 0.4 * rng.normal(size=units)[d.id]) * d.x + rng.normal(size=len(d))
fit = pf.feols("y ~ x | id", d, vcov={"CRV1": "id"})
row = fit.tidy().loc["x"]
slope = me.avg_slopes(fit, variables="x")
b, se = row["Estimate"], row["Std. Error"]
print(f"pyfixest         {b:.4f} ({se:.4f})  p = {row['Pr(>|t|)']:.4f}  [{row['2.5%']:.4f}, {row['97.5%']:.4f}]")
print(f"marginaleffects  {slope['estimate'][0]:.4f} ({slope['std_error'][0]:.4f})  p = {slope['p_value'][0]:.4f}"
      f"  [{slope['conf_low'][0]:.4f}, {slope['conf_high'][0]:.4f}]")
assert np.isclose(slope["estimate"][0], b, atol=1e-5) and np.isclose(slope["std_error"][0], se, rtol=1e-3)
assert np.isclose(row["Pr(>|t|)"], 2 * stats.t.sf(abs(b / se), units - 1))
assert np.isclose(slope["p_value"][0], 2 * stats.norm.sf(abs(b / se)), rtol=1e-2)
END
