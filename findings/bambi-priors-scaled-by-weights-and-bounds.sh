#!/usr/bin/env bash
# Bambi's default priors are centred at the outcome's mean and scaled by its standard deviation.
# For weighted(y, w), censored(y, status) and truncated(y, lb, ub) Bambi 0.21.0 averages every column given.
# So weights, the codes of the censoring status and the bounds count as if they were outcomes.
# The intercept's prior moves away from the data and the residual sd's prior is many times too wide.
# Multiplying all weights by ten changes the prior, though no such change is asked for.
# It matters for small panels, and for prior predictive checks, prior sensitivity and Bayes factors always.
# Seen:
#   y ~ x                              intercept centred at    49.919, scale of sigma     2.294
#   weighted(y, w) ~ x                 intercept centred at   100.512, scale of sigma    54.471
#   weighted(y, w10) ~ x               intercept centred at   780.482, scale of sigma   757.768
#   censored(cut, status) ~ x          intercept centred at    24.881, scale of sigma    24.595
#   truncated(y, lb=0, ub=1000) ~ x    intercept centred at   349.973, scale of sigma   460.092
#   the outcome itself: mean 49.919, sd 2.294

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  bambi==0.21.0 pymc==6.3.2 pandas==3.1.1 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import re

import bambi as bmb
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
d = pd.DataFrame({"x": rng.normal(size=300)})
d["y"] = 50 + 2 * d.x + rng.normal(size=300)
d["w"] = rng.uniform(100, 200, size=300)
d["w10"] = 10 * d.w
d["cut"] = np.minimum(d.y, 51)
d["status"] = np.where(d.y > 51, "right", "none")


def priors(formula):
    """Mean of the intercept's prior and scale of the residual sd's prior."""
    model = bmb.Model(formula, d)
    model.build()
    text = str(model)
    centre = float(re.search(r"Intercept ~ Normal\(mu: ([-\d.]+)", text).group(1))
    scale = float(re.search(r"HalfStudentT\(nu: [\d.]+, sigma: ([-\d.]+)", text).group(1))
    print(f"{formula:34} intercept centred at {centre:9.3f}, scale of sigma {scale:9.3f}")
    return np.array([centre, scale])


code = np.where(d.status == "right", 1, 0)
for formula, columns in (
    ("y ~ x", [d.y]),
    ("weighted(y, w) ~ x", [d.y, d.w]),
    ("weighted(y, w10) ~ x", [d.y, d.w10]),
    ("censored(cut, status) ~ x", [d.cut, code]),
    ("truncated(y, lb=0, ub=1000) ~ x", [d.y, 0 * d.y, 0 * d.y + 1000]),
):
    stacked = np.column_stack(columns)
    assert np.allclose(priors(formula), [stacked.mean(), stacked.std()], atol=1e-3)
print(f"the outcome itself: mean {d.y.mean():.3f}, sd {d.y.std(ddof=0):.3f}")
END
