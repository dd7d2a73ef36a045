#!/usr/bin/env bash
# The manual says that GEE's AR(1) working correlation is a power of the distance in time=.
# In statsmodels 0.15.0 it is a power of the distance in rows: the covariance never looks at time.
# grid=True estimates the autocorrelation between rows as well; grid=False uses time for that step alone.
# So a panel whose rows are not in order of time gets other slopes and errors, without a warning.
# Here the robust standard error more than doubles; a missing year counts as no gap for the same reason.
# It matters for panels from a merge or a reshape: sort by unit and year first.
# Seen:
#   years 0, 2, 5: rho = 0.8065, working correlations 0.8065 and 0.6504
#   grid=False sorted   rho = 0.678  slope = 0.4983 (0.0165)
#   grid=False shuffled rho = 0.684  slope = 0.4974 (0.0379)
#   grid=True  sorted   rho = 0.753  slope = 0.4991 (0.0163)
#   grid=True  shuffled rho = 0.212  slope = 0.4833 (0.0392)

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1 patsy==1.0.3
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import statsmodels.api as sm

rng = np.random.default_rng(1)
units, years = 31, 13
d = pd.DataFrame({"id": np.repeat(np.arange(units), years), "year": np.tile(np.arange(years), units)})
e = np.zeros((units, years))
e[:, 0] = rng.normal(size=units)
for t in range(1, years):
    e[:, t] = 0.8 * e[:, t - 1] + 0.6 * rng.normal(size=units)
d["x"] = rng.normal(size=len(d))
d["y"] = 1 + 0.5 * d.x + e.ravel()
shuffled = d.sample(frac=1, random_state=2)
when = np.array([0, 2, 5])
three = pd.DataFrame({"id": np.repeat(np.arange(200), 3), "year": np.tile(when, 200)})
three["y"] = rng.multivariate_normal(np.zeros(3), 0.8 ** abs(when[:, None] - when), size=200).ravel()
cov = sm.cov_struct.Autoregressive(grid=False)
sm.GEE.from_formula("y ~ 1", groups="id", data=three, time=three.year.to_numpy(), cov_struct=cov).fit()
matrix, rho = cov.covariance_matrix(np.zeros(3), 0)[0], float(cov.dep_params)
print(f"years 0, 2, 5: rho = {rho:.4f}, working correlations {matrix[0, 1]:.4f} and {matrix[0, 2]:.4f}")
assert np.allclose(matrix[0], rho ** np.array([0, 1, 2])) and not np.allclose(matrix[0], rho ** when)
got = {}
for grid in (False, True):
    for name, data in (("sorted", d), ("shuffled", shuffled)):
        cov = sm.cov_struct.Autoregressive(grid=grid)
        fit = sm.GEE.from_formula("y ~ x", groups="id", data=data, time=data.year.to_numpy(), cov_struct=cov).fit()
        got[grid, name] = float(cov.dep_params), fit.params["x"], fit.bse["x"]
        print(f"grid={grid!s:5} {name:8} rho = {got[grid, name][0]:.3f}  slope = {got[grid, name][1]:.4f} ({got[grid, name][2]:.4f})")
    free = sm.GEE.from_formula("y ~ x", groups="id", data=shuffled, cov_struct=sm.cov_struct.Exchangeable()).fit()
    kept = sm.GEE.from_formula("y ~ x", groups="id", data=d, cov_struct=sm.cov_struct.Exchangeable()).fit()
    assert np.allclose(free.params, kept.params)  # an exchangeable structure is rightly indifferent
assert abs(got[True, "sorted"][0] - 0.8) < 0.1 and abs(got[True, "shuffled"][0]) < 0.5
assert abs(got[False, "sorted"][0] - got[False, "shuffled"][0]) > 0.005
assert got[False, "shuffled"][2] > 1.5 * got[False, "sorted"][2]
assert abs(got[True, "sorted"][1] - got[True, "shuffled"][1]) > 0.005
END
