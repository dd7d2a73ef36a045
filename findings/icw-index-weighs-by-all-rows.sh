#!/usr/bin/env bash
# An index by inverse covariance gives less weight to indicators that repeat each other.
# icw_index() of icw-index 0.1.0 takes a mask, "indicating reference group for covariance calculation", such as the control group.
# Means, standard deviations and the last scaling use that group; the covariance is taken over all rows, the treated ones included.
# Weights then depend on the treatment: a control row's value changes as outcomes of treated rows change.
# It matters to a trial whose index is fixed by the control group so that the treatment cannot move it.
# Seen (first two indicators correlated in the control group, first and third in the other):
#   weights by the reference group  0.289 0.222 0.489
#   weights by all rows             0.078 0.468 0.454
#   correlation with the reference group's index 0.931, with that of all rows 1.000
#   largest change of a control row as only treated rows change: 0.54

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  icw-index==0.1.0 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from icw import icw_index

rng = np.random.default_rng(1)
n = 400
control = np.arange(n) < 200
x = rng.normal(size=(n, 3))
x[control, 1] = 0.9 * x[control, 0] + 0.19**0.5 * x[control, 1]
x[~control, 2] = 0.9 * x[~control, 0] + 0.19**0.5 * x[~control, 2]
z = (x - x[control].mean(axis=0)) / x[control].std(axis=0, ddof=1)


def by_hand(rows):
    """Weights from the inverse covariance of some rows, and the index with mean nought and sd one in the control group."""
    w = np.linalg.inv(np.cov(z[rows].T)).sum(axis=1)
    s = z @ w
    return w / w.sum(), (s - s[control].mean()) / s[control].std(ddof=1)


got = icw_index(list(x.T), reference_mask=control)
other = x.copy()
other[~control] = rng.permuted(x[~control], axis=0)
moved = icw_index(list(other.T), reference_mask=control)
(w_ref, ref), (w_all, both) = by_hand(control), by_hand(slice(None))
print("weights by the reference group ", *(f"{w:.3f}" for w in w_ref))
print("weights by all rows            ", *(f"{w:.3f}" for w in w_all))
print(f"correlation with the reference group's index {np.corrcoef(got, ref)[0, 1]:.3f}, with that of all rows {np.corrcoef(got, both)[0, 1]:.3f}")
print(f"largest change of a control row as only treated rows change: {abs(moved - got)[control].max():.2f}")
assert "reference group for covariance calculation" in icw_index.__doc__
assert np.allclose(got, both) and abs(got - ref).max() > 1 and abs(moved - got)[control].max() > 0.1
assert abs(w_ref - w_all).max() > 0.1
END
