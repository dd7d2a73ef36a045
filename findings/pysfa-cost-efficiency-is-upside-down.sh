#!/usr/bin/env bash
# A cost frontier is a production frontier with the sign of costs turned: inefficiency adds to costs.
# SFA of pySFA 0.8 has fun="cost", for which it turns the signs of y and x, and then estimates as for production.
# As efficiency is computed, it turns the sign of the residuals a second time.
# The least efficient firms then get the highest efficiency, by all three methods, and the mean is far too high.
# The estimates of slopes and variances are right, and so are efficiencies of a production frontier.
# It matters for every ranking of firms by cost efficiency.
# Seen (500 firms):
#   true mean efficiency 0.699
#   production  pysfa mean 0.669, correlation with the truth  0.78   textbook mean 0.669, correlation 0.78
#   cost        pysfa mean 0.915, correlation with the truth -0.60   textbook mean 0.667, correlation 0.75

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pysfa==0.8 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from pysfa.constant import FUN_COST, FUN_PROD, TE_te, TE_teJ, TE_teMod
from pysfa.SFA import SFA
from scipy.stats import norm

rng = np.random.default_rng(2)
n = 500
x, u, v = rng.normal(size=n), 0.5 * np.abs(rng.normal(size=n)), 0.25 * rng.normal(size=n)
print(f"true mean efficiency {np.exp(-u).mean():.3f}")
for name, fun, side in (("production", FUN_PROD, -1), ("cost", FUN_COST, 1)):
    y = 1 + 0.5 * x + side * u + v
    model = SFA(y, x[:, None], fun=fun, method=TE_teJ)
    lam, s2 = model.get_lambda(), model.get_sigma2()
    # textbook: the mean of inefficiency given the residual, whose sign is turned for costs
    b = model.get_beta() * ([-1, 1] if fun == FUN_COST else [1, 1])
    mu = side * (y - b[0] - b[1] * x) * lam**2 / (1 + lam**2)
    sd = np.sqrt(s2) * lam / (1 + lam**2)
    right = np.exp(-mu - sd * norm.pdf(mu / sd) / norm.cdf(mu / sd))
    got = {m: SFA(y, x[:, None], fun=fun, method=m).get_technical_efficiency() for m in (TE_teJ, TE_te, TE_teMod)}
    e, r = got[TE_teJ], np.corrcoef([got[TE_teJ], right, np.exp(-u)])[2]
    print(f"{name:10}  pysfa mean {e.mean():.3f}, correlation with the truth {r[0]:5.2f}   textbook mean {right.mean():.3f}, correlation {r[1]:.2f}")
    signs = {np.sign(np.corrcoef(g, np.exp(-u))[0, 1]) for g in got.values()}
    assert abs(model.get_lambda() - 2) < 1 and abs(b - [1, 0.5]).max() < 0.1 and r[1] > 0.6
    if fun == FUN_PROD:
        assert np.allclose(e, right, atol=1e-3) and signs == {1}
    else:
        wrong = np.exp(mu - sd * norm.pdf(-mu / sd) / norm.cdf(-mu / sd))
        assert np.allclose(e, wrong, atol=1e-3) and signs == {-1} and e.mean() - right.mean() > 0.15
END
