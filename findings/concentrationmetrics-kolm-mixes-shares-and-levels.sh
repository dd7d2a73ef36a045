#!/usr/bin/env bash
# Kolm's index is log(mean(exp(a (mean - y)))) / a: zero for equal incomes, above zero otherwise.
# It does not change when everybody gets the same amount more; that is what it is used for.
# concentrationMetrics 0.6.0 subtracts the mean of the levels from the shares, and with the other sign.
# So equal incomes of 10 give -9.67, and more for all makes the index fall by about that amount.
# It matters to whoever ranks regions by it: the ranking is, nearly, that of minus the mean.
# Seen:
#   10, 10, 10   concentrationMetrics  -9.6667   by definition 0.0000
#   1, 2, 3, 6   concentrationMetrics  -2.7374   by definition 1.0258
#   each 5 more  concentrationMetrics  -7.7483   by definition 1.0258

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  concentrationMetrics==0.6.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from concentrationMetrics import Index

index = Index()


def hand(y, a):
    """Kolm's index by its definition."""
    return np.log(np.exp(a * (y.mean() - y)).mean()) / a


unequal = np.array([1.0, 2.0, 3.0, 6.0])
for name, y in (("10, 10, 10", np.full(3, 10.0)), ("1, 2, 3, 6", unequal), ("each 5 more", unequal + 5)):
    got, want = index.kolm(y, 1.0), hand(y, 1.0)
    share = y / y.sum()
    print(f"{name:12} concentrationMetrics {got:8.4f}   by definition {want:.4f}")
    assert np.isclose(got, np.log(np.exp(share - y.mean()).mean())) and got < 0 <= want + 1e-12
assert np.isclose(hand(unequal, 1.0), hand(unequal + 5, 1.0))
END
