#!/usr/bin/env bash
# Weighted least squares has weights in its errors twice: in the residual variance and in inv(X'WX).
# PooledOLS() of panelbox 1.0.2 weights the coefficients and computes the errors as if there were no weights.
# They are errors of another estimator, at coefficients that do not minimise the sum of squares they are made of.
# Here they are a seventh too large.
# FixedEffects() has the same, after unit means without weights, so its slope is not that of weighted dummies either.
# It matters for regions weighted by their people, or for group means weighted by their size.
# Seen (50 units, 6 years, errors of variance 1 / w):
#   pooled         slope 0.98129 (weighted 0.98129)   error 0.04794 (weighted 0.04179, unweighted 0.04794)
#   fixed effects  slope 0.94066 (weighted 0.94384, unweighted means 0.94066)   error 0.05231 (weighted 0.04596)

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

rng = np.random.default_rng(0)
n = 300
d = pd.DataFrame({"id": np.repeat(np.arange(50), 6), "year": np.tile(np.arange(6), 50)})
d["x"], d["w"] = rng.normal(size=n), rng.uniform(0.2, 3, size=n)
d["y"] = d.x + rng.normal(size=n) / np.sqrt(d.w)
X, w = np.column_stack([np.ones(n), d.x]), d.w.to_numpy()
fit = pb.PooledOLS("y ~ x", d, "id", "year", weights=w).fit()
want = smf.wls("y ~ x", d, weights=w).fit()
e = d.y.to_numpy() - X @ fit.params.to_numpy()
hand = np.sqrt((w * e**2).sum() / (n - 2) * np.diag(np.linalg.inv(X.T * w @ X)))
unweighted = np.sqrt((e**2).sum() / (n - 2) * np.diag(np.linalg.inv(X.T @ X)))
got = fit.std_errors.to_numpy()
print(f"pooled         slope {fit.params.iloc[1]:.5f} (weighted {want.params['x']:.5f})"
      f"   error {got[1]:.5f} (weighted {hand[1]:.5f}, unweighted {unweighted[1]:.5f})")
assert np.allclose(fit.params, want.params) and np.allclose(hand, want.bse)
assert np.allclose(got, unweighted) and (got > 1.1 * hand).all()
fixed = pb.FixedEffects("y ~ x", d, "id", "year", weights=w).fit()
dummies = smf.wls("y ~ x + C(id)", d, weights=w).fit()
x, y = (d[v] - d.groupby("id")[v].transform("mean") for v in ("x", "y"))
slope = (w * x * y).sum() / (w * x * x).sum()
print(f"fixed effects  slope {fixed.params.iloc[0]:.5f} (weighted {dummies.params['x']:.5f}, unweighted means {slope:.5f})"
      f"   error {fixed.std_errors.iloc[0]:.5f} (weighted {dummies.bse['x']:.5f})")
assert np.isclose(fixed.params.iloc[0], slope) and abs(slope - dummies.params["x"]) > 1e-4
END
