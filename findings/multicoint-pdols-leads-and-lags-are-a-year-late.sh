#!/usr/bin/env bash
# Dynamic OLS adds the changes of x of the same year, of q years before and of q years after (Mark and Sul, 2003).
# PDOLS of multicoint 1.0.1 takes them all one year too late: with q of nought, next year's change instead of this year's.
# With q of one it takes this year's, next year's and the one after: two leads and no lag.
# The last year's second lead is not known and is filled with nought.
# Below y is twice x plus three times one change of x and no error, so dynamic OLS gives exactly 2 once this change is in.
# It matters for what the changes are there for: feedback from x left out biases the long-run slope, and no number shows it.
# Seen (slope of x, true value 2):
#   change of this year, no lead or lag    multicoint 2.1588   by hand 2.0000
#   change of last year, one lead and lag  multicoint 2.2140   by hand 2.0000
#   change of next year, one lead and lag  multicoint 2.0000   by hand 2.0000

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  multicoint==1.0.1 matplotlib==3.11.2 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from multicoint import PDOLS


def dols(Y, X, q):
    """Pooled slope after a constant and changes of x from q years before to q years after are taken out of each unit."""
    num = den = 0
    for y, x in zip(Y.T, X.T):
        change = np.r_[np.nan, np.diff(x)]
        rows = np.arange(q + 1, len(x) - q)
        D = np.column_stack([np.ones(len(rows))] + [change[rows + j] for j in range(-q, q + 1)])
        M = np.eye(len(rows)) - D @ np.linalg.pinv(D)
        num, den = num + x[rows] @ M @ y[rows], den + x[rows] @ M @ x[rows]
    return num / den


rng = np.random.default_rng(1)
X = rng.normal(size=(31, 10)).cumsum(axis=0)
change, X = np.diff(X, axis=0), X[1:]
this, last, next_ = 2 * X + 3 * change, 2 * X, 2 * X
last[1:] += 3 * change[:-1]
next_[:-1] += 3 * change[1:]
found = {}
for name, Y, q in (("this year, no lead or lag", this, 0), ("last year, one lead and lag", last, 1), ("next year, one lead and lag", next_, 1)):
    found[name] = PDOLS(leads_lags=q).fit(Y, X).theta_hat
    print(f"change of {name:28} multicoint {found[name]:.4f}   by hand {dols(Y, X, q):.4f}")
    assert np.isclose(dols(Y, X, q), 2)
# with nought leads and lags it is the regression on next year's change, nought in the last year
shifted = np.vstack([np.diff(X, axis=0), np.zeros(10)])
num = den = 0
for y, x, d in zip(this.T, X.T, shifted.T):
    D = np.column_stack([np.ones(30), d])
    M = np.eye(30) - D @ np.linalg.pinv(D)
    num, den = num + x @ M @ y, den + x @ M @ x
a, b, c = found.values()
assert np.isclose(a, num / den) and abs(a - 2) > 0.1 and abs(b - 2) > 0.1 and np.isclose(c, 2)
END
