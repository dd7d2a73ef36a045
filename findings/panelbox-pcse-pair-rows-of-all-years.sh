#!/usr/bin/env bash
# Panel-corrected errors (Beck and Katz, 1995) let units move together in a year, and rows of other years be unrelated.
# For least squares they are inv(X'X) X' (S x I) X inv(X'X), with S the covariance of units' residuals.
# panelbox 1.0.2 names that paper and writes inv(X' (inv(S) x I) X) in its help, the errors of another estimator, FGLS.
# Its code follows neither: it pairs each row with the rows of all years, so the identity over years is lost.
# Here the intercept's error is a fifth of what it should be.
# With fixed effects the sum over a unit's years is zero, so the error is rounding turned upside down: missing or in millions.
# It matters for the panels that these errors are made for: few regions, many years, common shocks.
# Seen (6 units, 40 years, common shocks of years, pooled least squares):
#   panelbox             intercept 0.0316   x 0.0808
#   Beck and Katz        intercept 0.1510   x 0.0973
#   formula of its help  intercept 0.1487   x 0.0666
#   all years paired     intercept 0.0316   x 0.0808
#   with fixed effects   x nan

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

n, years = 6, 40
rng = np.random.default_rng(1)
d = pd.DataFrame({"id": np.repeat(np.arange(n), years), "year": np.tile(np.arange(years), n)})
shock, common = rng.normal(size=years), rng.normal(size=years)
d["x"] = common[d.year] + rng.normal(size=len(d))
d["y"] = 0.5 * d.x + shock[d.year] + rng.normal(size=len(d))
X = np.column_stack([np.ones(len(d)), d.x])
bread = np.linalg.inv(X.T @ X)
b = bread @ X.T @ d.y.to_numpy()
E = (d.y.to_numpy() - X @ b).reshape(n, years)
S = E @ E.T / years
every = np.ones((years, years))


def errors(V):
    """Standard errors of a covariance matrix."""
    return np.sqrt(np.diag(V))


hand = errors(bread @ X.T @ np.kron(S, np.eye(years)) @ X @ bread)
formula = errors(np.linalg.inv(X.T @ np.kron(np.linalg.inv(S), np.eye(years)) @ X))
code = errors(np.linalg.inv(X.T @ np.kron(np.linalg.inv(S), every) @ X))
fit = pb.PooledOLS("y ~ x", d, "id", "year").fit(cov_type="pcse")
got = fit.std_errors.to_numpy()
for name, e in (("panelbox", got), ("Beck and Katz", hand), ("formula of its help", formula), ("all years paired", code)):
    print(f"{name:20} intercept {e[0]:.4f}   x {e[1]:.4f}")
effects = float(pb.FixedEffects("y ~ x", d, "id", "year").fit(cov_type="pcse").std_errors.iloc[0])
print(f"with fixed effects   x {effects:.4g}")
assert np.allclose(fit.params, b) and np.allclose(got, code) and not effects < 100
assert (got < 0.9 * hand).all() and got[0] < hand[0] / 4 and (np.abs(np.log(got / formula)) > 0.15).all()
END
