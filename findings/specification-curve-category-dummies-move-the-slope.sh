#!/usr/bin/env bash
# specification_curve turns a column of text, such as firm or year, into dummies of all its values beside a constant.
# The columns are then collinear, and statsmodels solves by a pseudo-inverse, with a warning about the model.
# Its cutoff is 1e-15 of the largest singular value; rounding leaves up to 4e-15 of one that should be zero, here beside a regressor of size 0.003.
# The slope of x is unique whatever dummies are taken, but then differs from least squares with the first ones left out.
# Fixed effects are the usual reason for such columns; a curve of many universes has some that are off, and no sign of which.
# Seen (20 panels of 31 firms in 13 years, 4 universes each; the numbers depend on the processor):
#   dummies made by hand, first left out: 0 of 80 slopes off by more than 1e-6
#   columns of text: 11 of 80, the largest by 157%
#   residual sum of squares in these: up to 6.51% above least squares

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  specification_curve==0.3.9 statsmodels==0.15.0 pingouin==0.7.0 matplotlib==3.11.2 \
  pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
OMP_NUM_THREADS=1 "$dir/venv/bin/python" -W ignore - 2> /dev/null << 'END'
import numpy as np
import pandas as pd
from specification_curve import SpecificationCurve

firms, years = 31, 13
firm, year = np.repeat(np.arange(firms), years), np.tile(np.arange(years), firms)
effects = np.hstack([np.ones((len(firm), 1)), np.eye(firms)[firm][:, 1:], np.eye(years)[year][:, 1:]])


def curve(frame, always):
    found = SpecificationCurve(frame, y_endog="y", x_exog="x", controls=["w", "z"], always_include=always)
    found.fit()
    return found.df_r


def least_squares(frame, terms):
    """The slope of x and the residual sum of squares by QR, no dummy too many."""
    q, r = np.linalg.qr(np.hstack([frame[["x", *terms]].to_numpy(), effects]))
    residual = frame.y - q @ (q.T @ frame.y)
    return np.linalg.solve(r, q.T @ frame.y)[0], residual @ residual


off = {"text": [], "hand": []}
excess = []
for seed in range(20):
    rng = np.random.default_rng(seed)
    n = len(firm)
    x = rng.normal(size=firms)[firm] + rng.normal(size=n)
    w, z = 12 + rng.normal(size=n), 0.003 * rng.exponential(size=n)
    y = 0.1 * x + 0.02 * w + rng.normal(size=firms)[firm] + rng.normal(size=n)
    data = pd.DataFrame({"y": y, "x": x, "w": w, "z": z})
    text = data.assign(firm=[f"f{i}" for i in firm], year=[f"y{i}" for i in year])
    dummies = pd.DataFrame(effects[:, 1:]).add_prefix("d")
    for name, rows in {
        "text": curve(text, ["firm", "year"]),
        "hand": curve(pd.concat([data, dummies], axis=1), list(dummies)),
    }.items():
        for terms, slope, fit in zip(rows.Specification, rows.Coefficient, rows.Results):
            expected, squares = least_squares(data, [t for t in ("w", "z") if t in terms])
            off[name].append(abs(slope / expected - 1))
            excess += [fit.ssr / squares - 1] if name == "text" else []
off = {name: np.array(gaps) for name, gaps in off.items()}
print(f"dummies made by hand, first left out: {(off['hand'] > 1e-6).sum()} of {len(off['hand'])} slopes off by more than 1e-6")
print(f"columns of text: {(off['text'] > 1e-6).sum()} of {len(off['text'])}, the largest by {off['text'].max():.0%}")
print(f"residual sum of squares in these: up to {max(excess):.2%} above least squares")
assert (off["hand"] < 1e-6).all() and (off["text"] > 1e-4).any()
END
