#!/usr/bin/env bash
# Fixed effects of n regions use up n degrees of freedom: over T years, the error variance divides by about n (T - 1).
# spreg 1.9.1's fixed-effects panel models demean, and then divide the squared residuals by n T.
# The variance is too small by (T - 1) / T, and standard errors by its root: 29 % with two years, 18 % with three.
# Lee and Yu (2010) show this for spatial panels and give the correction; R's splm has it as an option, spreg has none.
# Without any spatial dependence the slope is that of fixed effects, and only the error differs.
# It matters for short panels of regions: z statistics with two years are 41 % too large.
# Seen (49 regions, true slope 0, error variance 1, means of 200 samples):
#   T = 2    variance 0.48, dummies 1.01   error 0.101, dummies 0.147   rejected at 5 %: spreg 0.22, dummies 0.07
#   T = 5    variance 0.78, dummies 0.99   error 0.063, dummies 0.071   rejected at 5 %: spreg 0.08, dummies 0.04

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  spreg==1.9.1 libpysal==4.15.1 pandas==3.1.1 numpy==2.3.5 scipy==1.18.1
cd "$dir"
cat > panel.py << 'END'
import libpysal
import numpy as np
from scipy.stats import norm, t
from spreg import Panel_FE_Error

w = libpysal.weights.lat2W(7, 7)
w.transform = "r"
n, samples = 49, 200


def one(seed, T):
    """Slope, its error and the error variance: by spreg, and by dummies of regions."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=n)
    x = rng.normal(size=(T, n))
    y = level + rng.normal(size=(T, n))
    fit = Panel_FE_Error(y.reshape(-1, 1), x.reshape(-1, 1), w)
    dx, dy = x - x.mean(axis=0), y - y.mean(axis=0)
    b = (dx * dy).sum() / (dx**2).sum()
    s2 = ((dy - b * dx) ** 2).sum() / (n * (T - 1) - 1)
    got = [fit.betas, fit.std_err, fit.sig2]
    return [float(np.ravel(v)[0]) for v in got] + [b, np.sqrt(s2 / (dx**2).sum()), s2]


for T in (2, 5):
    b, e, v, b0, e0, v0 = np.array([one(seed, T) for seed in range(samples)]).T
    reject = [(abs(b / e) > norm.ppf(0.975)).mean(), (abs(b0 / e0) > t.ppf(0.975, n * (T - 1) - 1)).mean()]
    print(f"T = {T}    variance {v.mean():.2f}, dummies {v0.mean():.2f}   error {e.mean():.3f}, dummies {e0.mean():.3f}   "
          f"rejected at 5 %: spreg {reject[0]:.2f}, dummies {reject[1]:.2f}")
    assert np.corrcoef(b, b0)[0, 1] > 0.98 and abs(v0.mean() - 1) < 0.1
    assert abs(v.mean() / v0.mean() - (T - 1) / T) < 0.05
    assert abs(e.mean() / e0.mean() - np.sqrt((T - 1) / T)) < 0.04
END
"$dir/venv/bin/python" -W ignore panel.py
