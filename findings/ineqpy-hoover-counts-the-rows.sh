#!/usr/bin/env bash
# Hoover's index is the share of all income that would have to move for all to have the same: 0 for equal incomes.
# ineqpy 0.4.1 writes that formula in its help, and then subtracts the mean income from each person's share of the total.
# A share of the mean is below the mean, so the absolute values add up to the number of rows less one.
# Without weights the index is (n - 1) / 2, whatever the incomes are: for 31 provinces 15, where 1 is the most there can be.
# It matters to whoever compares years or groups: with as many rows they are all alike, equal incomes included.
# Seen:
#   1, 2, 3, 6, 10      ineqpy 2.0000   by definition 0.3273
#   1, 1, 1, 1, 96      ineqpy 2.0000   by definition 0.7600
#   5, 5, 5, 5, 5       ineqpy 2.0000   by definition 0.0000
#   31 equal incomes    ineqpy 15.0000   by definition 0.0000

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

samples = {
    "1, 2, 3, 6, 10": np.array([1.0, 2, 3, 6, 10]),
    "1, 1, 1, 1, 96": np.array([1.0, 1, 1, 1, 96]),
    "5, 5, 5, 5, 5": np.full(5, 5.0),
    "31 equal incomes": np.full(31, 5.0),
}
for name, y in samples.items():
    got = float(inequality.hoover(y))
    want = np.abs(y - y.mean()).sum() / 2 / y.sum()
    print(f"{name:18}  ineqpy {got:.4f}   by definition {want:.4f}")
    assert np.isclose(got, (len(y) - 1) / 2) and want < 1
END
