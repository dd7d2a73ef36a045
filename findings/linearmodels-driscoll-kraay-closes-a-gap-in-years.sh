#!/usr/bin/env bash
# Driscoll and Kraay's errors add products of the scores of two years, weighed down by the distance between these years.
# linearmodels 7.1 counts periods of the data instead: where years are missing for all units, the years beside the gap are neighbours.
# The index has the years as numbers or dates, so the distance is known, and there is no warning.
# With a full year of noughts in the place of each missing one, the formula gives other errors.
# It matters for panels with years left out, such as crisis years: a drop of rows changes how the remaining ones are paired.
# Seen (30 units, years 1 to 30 without every third, bandwidth 2):
#   all years    linearmodels 0.19796   by hand 0.19796
#   years left   linearmodels 0.20280   by hand 0.19151   gaps closed 0.20280

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  linearmodels==7.1 statsmodels==0.15.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from linearmodels.panel import PanelOLS

rng = np.random.default_rng(0)
N, T, width = 30, 30, 2


def walk(n):
    e = rng.normal(size=n)
    for t in range(1, n):
        e[t] += 0.8 * e[t - 1]
    return e


x = walk(T) + 0.5 * rng.normal(size=(N, T))
y = 0.5 * x + walk(T) + rng.normal(size=(N, T))
d = pd.DataFrame({"id": np.repeat(np.arange(N), T), "year": np.tile(np.arange(1, T + 1), N), "x": x.ravel(), "y": y.ravel()})


def hand(d, years):
    """Errors of the slope with unit effects; a year of `years` without rows has a score of nought."""
    dx, dy = (d[v] - d.groupby("id")[v].transform("mean") for v in ("x", "y"))
    slope = (dx @ dy) / (dx @ dx)
    scores = (dx * (dy - slope * dx)).groupby(d.year).sum().reindex(years, fill_value=0).to_numpy()
    S = scores @ scores
    for lag in range(1, width + 1):
        S += 2 * (1 - lag / (width + 1)) * scores[lag:] @ scores[:-lag]
    return np.sqrt(S * len(d) / (len(d) - 1 - N)) / (dx @ dx)


def fitted(d):
    e = d.set_index(["id", "year"])
    return PanelOLS(e.y, e[["x"]], entity_effects=True).fit(cov_type="driscoll-kraay", bandwidth=width).std_errors.x


some = d[d.year % 3 != 0]
calendar, present = hand(some, range(1, T + 1)), hand(some, sorted(some.year.unique()))
print(f"all years    linearmodels {fitted(d):.5f}   by hand {hand(d, range(1, T + 1)):.5f}")
print(f"years left   linearmodels {fitted(some):.5f}   by hand {calendar:.5f}   gaps closed {present:.5f}")
assert np.isclose(fitted(d), hand(d, range(1, T + 1)))
assert np.isclose(fitted(some), present) and abs(present / calendar - 1) > 0.05
END
