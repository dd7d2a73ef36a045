#!/usr/bin/env bash
# Time effects cost T - 1 degrees of freedom, in the error variance as in the t distribution.
# ThresholdPanel of pyxthreg 0.0.3 has time_fe=True for unit and time effects.
# It takes them off the degrees of freedom that it prints, and off sigma_e, after it has divided the residuals of the errors without.
# So the coefficients' errors belong to another variance than the one in the same summary.
# Errors are too small by the root of the two degrees of freedom: 9 % with six units and twenty years.
# Without time effects they equal those of a regression with dummies.
# It matters for panels of few units and many years, as threshold regressions of countries or provinces have.
# Seen (threshold given, slope of each regime):
#   without time effects: pyxthreg 0.1891 0.2136, 112 df   by dummies 0.1891 0.2136, 112 df
#   with time effects: pyxthreg 0.1414 0.1544, 93 df   by dummies 0.1552 0.1695, 93 df

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pyxthreg==0.0.3 pandas==3.1.1 numba==0.68.1 numpy==2.3.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from pyxthreg.estimator import ThresholdPanel

rng = np.random.default_rng(1)
N, T = 6, 20
unit, year = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
x, q = rng.normal(size=N * T), rng.uniform(size=N * T)
y = x * np.where(q <= 0.5, 1, 2) + rng.normal(size=N)[unit] + rng.normal(size=T)[year] + rng.normal(size=N * T)
panel = pd.DataFrame({"id": unit, "year": year, "y": y, "x": x, "q": q})
for effects in (False, True):
    r = ThresholdPanel(panel, "y", ["x"], "q").fit(thgiven=0.5, time_fe=effects, nobslog=True).results
    dummies = [unit[:, None] == np.arange(N)] + [year[:, None] == np.arange(1, T)] * effects
    Z = np.column_stack([x * (q <= 0.5), x * (q > 0.5), *dummies]).astype(float)
    b = np.linalg.lstsq(Z, y)[0]
    e, df = y - Z @ b, len(y) - Z.shape[1]
    se = np.sqrt(np.diag(np.linalg.inv(Z.T @ Z)) * (e @ e) / df)[:2]
    got = r["se"].ravel()
    print(f"{'with' if effects else 'without'} time effects: pyxthreg {got[0]:.4f} {got[1]:.4f}, {r['df_resid']} df   by dummies {se[0]:.4f} {se[1]:.4f}, {df} df")
    assert np.allclose(r["beta"].ravel(), b[:2]) and r["df_resid"] == df and np.isclose(r["sigma_e"] ** 2, e @ e / df)
    assert np.allclose(got / se, np.sqrt(df / (df + T - 1)) if effects else 1)
END
