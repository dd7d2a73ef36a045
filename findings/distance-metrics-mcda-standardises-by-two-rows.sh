#!/usr/bin/env bash
# Standardised Euclidean distance divides each criterion's difference by its standard deviation over all alternatives.
# std_euclidean() of distance-metrics-mcda 0.0.5 takes the standard deviation of the two rows that it compares.
# That is half their difference, so that each criterion adds 4, however far apart the two are.
# The distance is twice the root of the number of criteria that differ.
# In TOPSIS, every alternative that is best and worst in as many criteria has the same score, and the weights count for nothing.
# It matters for rankings by several metrics, where this one looks like a check of the others.
# Seen (eight alternatives, four criteria):
#   equal weights, package       0.464 0.536 0.464 0.500 0.464 0.464 0.536 0.586
#   equal weights, scipy         0.422 0.550 0.484 0.473 0.376 0.414 0.753 0.578
#   weight on the first, package 0.464 0.536 0.464 0.500 0.464 0.464 0.536 0.586
#   weight on the first, scipy   0.453 0.260 0.500 0.263 0.111 0.704 0.933 0.179
#   distance of 1, 2, 3 from 1.001, 500, 3: 2.8284

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  distance-metrics-mcda==0.0.5 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from distance_metrics_mcda.distance_metrics import std_euclidean
from distance_metrics_mcda.mcda_methods import TOPSIS
from distance_metrics_mcda.normalizations import minmax_normalization
from scipy.spatial.distance import seuclidean

rng = np.random.default_rng(1)
X, types = rng.uniform(1, 10, (8, 4)), np.array([1, 1, 1, -1])


def show(name, values):
    """Print eight scores."""
    print(f"{name:28}", *(f"{v:.3f}" for v in values))


seen = []
for text, w in (("equal weights", np.full(4, 0.25)), ("weight on the first", np.array([0.7, 0.1, 0.1, 0.1]))):
    seen.append(TOPSIS(distance_metric=std_euclidean)(X, w, types))
    Z = minmax_normalization(X, types)
    V = Z.var(axis=0)  # of the criteria over all alternatives, before weights
    plus, minus = (np.array([seuclidean(z * w, end * w, V) for z in Z]) for end in (Z.max(axis=0), Z.min(axis=0)))
    by_hand = minus / (plus + minus)
    show(f"{text}, package", seen[-1])
    show(f"{text}, scipy", by_hand)
    assert abs(seen[-1] - by_hand).max() > 0.15
a, b = np.array([1.0, 2.0, 3.0]), np.array([1.001, 500.0, 3.0])
print(f"distance of 1, 2, 3 from 1.001, 500, 3: {std_euclidean(a, b):.4f}")
Z = minmax_normalization(X, types)
minus, plus = 2 * np.sqrt((Z > 0).sum(axis=1)), 2 * np.sqrt((Z < 1).sum(axis=1))
assert np.allclose(seen[0], seen[1]) and np.allclose(seen[0], minus / (plus + minus))
assert np.isclose(std_euclidean(a, b), 2 * np.sqrt(2))
END
