#!/usr/bin/env bash
# The weighted CD test of Juodis and Reese (2021) turns the sign of whole units at random before their correlations are summed.
# CDTest of pydcce 1.0.1 does so by default, thirty times, and multiplies years by the signs instead of units.
# With fewer or more years than units it cannot multiply at all and raises: only panels with as many years as units have a test.
# There, turning years changes no product of two units, so all thirty rounds give Pesaran's statistic again.
# Their sum over the root of thirty is then about five times that statistic, where it should be standard normal.
# Independent units are so found dependent in most samples, by a test that is meant to correct the size of the other.
# Seen (40 panels of 20 independent units and 20 years, rejected at the 5 % level):
#   CD of Pesaran       0.000   standard deviation 0.89
#   CDw of pydcce       0.775   standard deviation 4.92
#   CDw, units turned   0.100   standard deviation 1.11
#   20 units, 25 years: ValueError

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pydcce==1.0.1 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from pydcce import CDTest
from scipy.stats import norm


def cd(e):
    """Pesaran's statistic of a matrix with a row a unit."""
    n, t = e.shape
    r = np.corrcoef(e)
    return np.sqrt(2 * t / (n * (n - 1))) * (r.sum() - n) / 2


rng = np.random.default_rng(0)
np.random.seed(0)
n, rounds, panels = 20, 30, 40
found = {"CD of Pesaran": [], "CDw of pydcce": [], "CDw, units turned": []}
for _ in range(panels):
    e = rng.normal(size=(n, n))
    got = CDTest(e).test(pea=False, cdstar=False, cdw_reps=rounds)
    assert np.isclose(got.cd, cd(e))
    found["CD of Pesaran"].append(got.cd)
    found["CDw of pydcce"].append(got.cdw)
    signs = rng.choice([-1, 1], size=(rounds, n, 1))
    found["CDw, units turned"].append(sum(cd(s * e) for s in signs) / np.sqrt(rounds))
limit = norm.isf(0.025)
share = {name: np.mean(np.abs(z) > limit) for name, z in found.items()}
for name, z in found.items():
    print(f"{name:18}  {share[name]:.3f}   standard deviation {np.std(z):.2f}")
try:
    CDTest(rng.normal(size=(20, 25))).test()
    raise SystemExit("20 units and 25 years have a test now")
except ValueError as error:
    print("20 units, 25 years: ValueError")
    assert "broadcast" in str(error)
assert share["CDw of pydcce"] > 0.5 and share["CD of Pesaran"] < 0.15 and share["CDw, units turned"] < 0.15
assert np.corrcoef(found["CD of Pesaran"], found["CDw of pydcce"])[0, 1] > 0.9
END
