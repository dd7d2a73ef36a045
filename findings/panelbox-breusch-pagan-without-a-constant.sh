#!/usr/bin/env bash
# The Breusch-Pagan test regresses squared residuals on a constant and the regressors, and takes n times R squared.
# A fixed effects model has no constant among its regressors, so BreuschPaganTest() of panelbox 1.0.2 uses none.
# Its R squared counts the mean of the squared residuals, which is no variation, as explained.
# The statistic is near n / 2 then, and homoskedastic errors are rejected in every sample.
# With a constant, the same residuals are rejected at the level of the test.
# It matters to whoever lets this test choose between default and robust errors.
# Seen (40 units, 6 years, errors of constant variance, 50 samples):
#   panelbox        mean statistic  123.5   rejected at 5 %: 1.00
#   with a constant mean statistic    1.1   rejected at 5 %: 0.06

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
from scipy.stats import chi2

n, years, samples = 40, 6, 50
stat, hand = np.zeros(samples), np.zeros(samples)
for seed in range(samples):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"id": np.repeat(np.arange(n), years), "year": np.tile(np.arange(years), n)})
    d["x"] = rng.normal(size=len(d))
    d["y"] = d.x + rng.normal(size=n)[d.id] + rng.normal(size=len(d))
    fit = pb.FixedEffects("y ~ x", d, "id", "year").fit()
    stat[seed] = pb.BreuschPaganTest(fit).run().statistic
    x, y = (d[v] - d.groupby("id")[v].transform("mean") for v in ("x", "y"))
    square = (y - x * (x @ y) / (x @ x)) ** 2
    hand[seed] = len(d) * np.corrcoef(x, square)[0, 1] ** 2
critical = chi2.ppf(0.95, 1)
print(f"panelbox        mean statistic {stat.mean():6.1f}   rejected at 5 %: {(stat > critical).mean():.2f}")
print(f"with a constant mean statistic {hand.mean():6.1f}   rejected at 5 %: {(hand > critical).mean():.2f}")
assert (stat > critical).all() and (hand > critical).mean() < 0.15 and stat.mean() > 50
END
