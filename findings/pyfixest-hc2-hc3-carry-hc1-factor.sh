#!/usr/bin/env bash
# HC2 and HC3 correct each squared residual by its leverage; HC1's factor n / (n - k) replaces that, and is not added.
# pyfixest 0.60.0 multiplies HC2 and HC3 by n / (n - k) as well, so both corrections count.
# With 31 provinces and six coefficients the standard errors are 11 % larger than in statsmodels or R's sandwich.
# ssc(k_adj=False) takes the factor away.
# It matters for cross-sections of provinces and when numbers are compared between programs.
# Seen:
#   HC2: pyfixest 0.65163  by hand 0.58518  statsmodels 0.58518  k_adj=False 0.58518  ratio 1.1136
#   HC3: pyfixest 0.80804  by hand 0.72564  statsmodels 0.72564  k_adj=False 0.72564  ratio 1.1136

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pyfixest==0.60.0 statsmodels==0.15.0 patsy==1.0.3 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import pyfixest as pf
import statsmodels.formula.api as smf

rng = np.random.default_rng(0)
n, names = 31, ["x1", "x2", "x3", "x4", "x5"]
d = pd.DataFrame(rng.normal(size=(n, 5)), columns=names)
d["y"] = d.x1 + rng.normal(size=n) * (1 + abs(d.x1))
formula = "y ~ " + " + ".join(names)
X = np.column_stack([np.ones(n), d[names]])
inv = np.linalg.inv(X.T @ X)
res, lever = d.y - X @ inv @ X.T @ d.y, np.einsum("ij,jk,ik->i", X, inv, X)
factor = np.sqrt(n / (n - 6))
for kind, power in (("HC2", 1), ("HC3", 2)):
    hand = np.sqrt(np.diag(inv @ (X.T * (res**2 / (1 - lever) ** power).to_numpy()) @ X @ inv))[1]
    other = smf.ols(formula, d).fit(cov_type=kind).bse["x1"]
    got = pf.feols(formula, d, vcov=kind).se()["x1"]
    bare = pf.feols(formula, d, vcov=kind, ssc=pf.ssc(k_adj=False)).se()["x1"]
    print(f"{kind}: pyfixest {got:.5f}  by hand {hand:.5f}  statsmodels {other:.5f}  k_adj=False {bare:.5f}  ratio {got / hand:.4f}")
    assert np.isclose(hand, other) and np.isclose(hand, bare) and np.isclose(got, hand * factor)
END
