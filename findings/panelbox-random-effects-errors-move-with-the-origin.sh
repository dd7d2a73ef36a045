#!/usr/bin/env bash
# Measuring x from another origin (degrees, years since 0 or since 2000) changes the intercept alone.
# The random effects slope of panelbox 1.0.2 stays, as it should; its standard error does not.
# Its covariance needs each column of X less theta times the unit's mean of that column.
# It takes the unit's mean over all columns, the intercept's ones among them, as if X were one long vector.
# The errors are those of no estimator: the slope's moves by a quarter here, and the intercept's is up to 16 times too small.
# It matters for the default errors of every random effects fit, and for the Hausman test built on them.
# Seen (40 units, 5 years; by hand: least squares of the quasi-demeaned data, whose errors these should be):
#   x +  0   slope 0.4762 (by hand 0.4762)   its error 0.0652 (by hand 0.0697)   intercept's error 0.104 (by hand 0.168)
#   x +  5   slope 0.4762 (by hand 0.4762)   its error 0.0648 (by hand 0.0697)   intercept's error 0.288 (by hand 0.385)
#   x + 50   slope 0.4762 (by hand 0.4762)   its error 0.0804 (by hand 0.0697)   intercept's error 0.210 (by hand 3.485)

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  panelbox==1.0.2 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import panelbox as pb

rng = np.random.default_rng(3)
n, years = 40, 5
d = pd.DataFrame({"id": np.repeat(np.arange(n), years), "year": np.tile(np.arange(years), n)})
d["x"] = rng.normal(size=n)[d.id] + rng.normal(size=len(d))
d["y"] = 0.5 * d.x + rng.normal(size=n)[d.id] + rng.normal(size=len(d))
errors = {}
for shift in (0, 5, 50):
    data = d.assign(x=d.x + shift)
    model = pb.RandomEffects("y ~ x", data, "id", "year")
    fit = model.fit()
    X = np.column_stack([np.ones(len(data)), data.x])
    mean = pd.DataFrame(X).groupby(data.id).transform("mean").to_numpy()
    Z, z = X - model.theta * mean, data.y - model.theta * data.y.groupby(data.id).transform("mean")
    b = np.linalg.lstsq(Z, z)[0]
    s2 = ((z - Z @ b) ** 2).sum() / (len(data) - 2)
    hand = np.sqrt(s2 * np.diag(np.linalg.inv(Z.T @ Z)))
    mixed = X - model.theta * mean.mean(axis=1, keepdims=True)
    odd = np.sqrt(s2 * np.diag(np.linalg.inv(mixed.T @ mixed)))
    got = errors[shift] = fit.std_errors.to_numpy()
    print(f"x + {shift:2}   slope {fit.params.iloc[1]:.4f} (by hand {b[1]:.4f})   its error {got[1]:.4f} (by hand {hand[1]:.4f})"
          f"   intercept's error {got[0]:.3f} (by hand {hand[0]:.3f})")
    assert np.allclose(fit.params, b) and np.allclose(got, odd) and not np.allclose(got, hand, rtol=0.02)
assert errors[50][1] > 1.2 * errors[0][1] and got[0] < hand[0] / 10
END
