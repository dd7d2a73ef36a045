#!/usr/bin/env bash
# MULTIMOORA ranks alternatives three times; the third time by benefits multiplied and divided by costs.
# multimoora_method() of pyDecision 5.1.8 collects this product in a copy of the first column, which keeps the column's type.
# A table of whole numbers, such as marks or counts, so has each division by a cost cut down to a whole number.
# The same table with a decimal point gives other products, and another best alternative in every seventh random table.
# If every product is below one, all are cut to nought, and the result is not a number.
# It matters wherever a table of counts comes from a file: its type is decided by the reader.
# Seen (five alternatives, two benefits and a cost):
#   whole numbers  1.000 0.750 0.000 0.875 0.000   best 0
#   decimals       0.762 1.000 0.119 0.750 0.041   best 1
#   by hand        0.762 1.000 0.119 0.750 0.041   best 1
#   another winner in 30 of 200 tables

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  matplotlib==3.11.2 networkx==3.7 scikit-learn==1.9.1 numpy==2.5.5 scipy==1.18.1
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps pydecision==5.1.8
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from pyDecision.algorithm import multimoora_method

types = ["max", "min", "max"]


def third(X):
    """The multiplicative form, divided by its largest."""
    return multimoora_method(X, types, graph=False)[2][:, 1]


def hand(X):
    product = X[:, 0] / X[:, 1] * X[:, 2]
    return product / product.max()


X = np.array([[8, 1, 1], [7, 4, 6], [2, 8, 5], [9, 8, 7], [3, 7, 1]])
for name, r in (("whole numbers", third(X)), ("decimals", third(X.astype(float))), ("by hand", hand(X))):
    print(f"{name:13}", " ".join(f"{v:.3f}" for v in r), f"  best {r.argmax()}")
assert np.allclose(third(X.astype(float)), hand(X)) and hand(X).argmax() == 1 and third(X).argmax() == 0
rng = np.random.default_rng(0)
tables = [rng.integers(1, 10, (5, 3)) for _ in range(200)]
other = sum(third(X).argmax() != hand(X).argmax() for X in tables)
print(f"another winner in {other} of 200 tables")
assert other > 10 and all(np.allclose(third(X.astype(float)), hand(X)) for X in tables)
assert np.isnan(third(np.array([[1, 3, 1], [2, 5, 1]]))).all()
END
