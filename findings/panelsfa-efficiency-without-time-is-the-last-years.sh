#!/usr/bin/env bash
# In the frontier model of Battese and Coelli (1992), a firm's inefficiency changes over time by an estimated rate.
# score_efficiency() of panelsfa 0.1.2 gives its efficiency in each row, and takes the years as an option.
# Its help says that without them "the cached time from fit() is applied".
# It applies each firm's last year to all of its rows instead: efficiency is then constant over time.
# The estimates of the last year change as well, since the rows are weighed as if all were of that year.
# It matters for growth of efficiency, which is what this model is chosen for: it comes out as nought, without a warning.
# Seen (mean efficiency by year, decay estimated as 0.29 a year):
#   true                0.400 0.485 0.570 0.650 0.720 0.781
#   years given         0.397 0.482 0.566 0.645 0.715 0.775
#   years not given     0.577 0.577 0.577 0.577 0.577 0.577

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  panelsfa==0.1.2 scikit-learn==1.9.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from panelsfa import TimeDecayPanelSFA

rng = np.random.default_rng(1)
N, T = 80, 6
firm, year = np.repeat(np.arange(N), T), np.tile(np.arange(1.0, T + 1), N)
x = rng.normal(size=N * T)
u = np.abs(rng.normal(size=N))[firm] * np.exp(-0.3 * (year - T))
y = 1 + 0.5 * x + 0.1 * rng.normal(size=N * T) - 0.3 * u
X = np.column_stack([np.ones(N * T), x])
model = TimeDecayPanelSFA().fit(X, y, firm, year)
means = {}
for name, e in (("true", np.exp(-0.3 * u)), ("years given", model.score_efficiency(X, y, groups=firm, time=year)),
                ("years not given", model.score_efficiency(X, y))):
    means[name] = e.reshape(N, T).mean(axis=0)
    print(f"{name:18}", *(f"{m:.3f}" for m in means[name]))
print(f"decay {model.eta_:.2f}")
assert "cached time" in TimeDecayPanelSFA._jlms.__doc__ and abs(model.eta_ - 0.3) < 0.05
assert np.allclose(means["years given"], means["true"], atol=0.02)
assert np.ptp(means["years not given"]) < 1e-12 < 0.1 < abs(means["years not given"] - means["years given"])[[0, -1]].min()
assert np.allclose(model.score_efficiency(X, y), model.score_efficiency(X, y, time=np.full(N * T, T)))
END
