#!/usr/bin/env bash
# Atkinson's index with aversion one is one less the ratio of the geometric to the arithmetic mean.
# ineqpy 0.4.1 takes a parameter from 0 to 1; at 1 it subtracts the logarithm of the mean once for each row.
# So the ratio is divided by the mean to the power of the number of rows less one.
# With five incomes of mean 4.4 the index is 0.998 instead of 0.262, and equal incomes of 10 give nearly one.
# In units with a mean below one it is negative: the same incomes in thousands have another inequality.
# At 0.999 it is right, so a curve over the parameter jumps at its end; a note in the code only says that Stata differs.
# Seen:
#   1, 2, 3, 6, 10   ineqpy at 1    0.9980   at 0.999 0.2622   by definition 0.2624
#   in tens          ineqpy at 1  -18.6787   at 0.999 0.2622   by definition 0.2624
#   10, 10, 10       ineqpy at 1    0.9900   at 0.999 0.0000   by definition 0.0000

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  ineqpy==0.4.1 numba==0.68.1 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from ineqpy import inequality

incomes = np.array([1.0, 2, 3, 6, 10])
for name, y in (("1, 2, 3, 6, 10", incomes), ("in tens", incomes / 10), ("10, 10, 10", np.full(3, 10.0))):
    got, near = float(inequality.atkinson(y, e=1)), float(inequality.atkinson(y, e=0.999))
    want = abs(1 - np.exp(np.log(y).mean()) / y.mean())
    print(f"{name:14}   ineqpy at 1 {got:9.4f}   at 0.999 {near:.4f}   by definition {want:.4f}")
    assert np.isclose(got, 1 - (1 - want) / y.mean() ** (len(y) - 1)) and abs(near - want) < 1e-3
    assert abs(got - want) > 0.5
END
