#!/usr/bin/env bash
# A Gini index of regions is weighted by their people: a region of 30 counts as 30 persons with its income.
# ineqpy 0.4.1 writes the sum over the Lorenz curve in its help, which gives exactly that.
# It computes twice the covariance of income and cumulated weight instead, and corrects for weights as for a small sample.
# Cumulated weights run to the end of each row, not its middle, so big rows pull the index along.
# Splitting a region into rows of the same income then changes the index; 10 poor and 90 rich persons get 0.89 instead of 0.09.
# It matters wherever rows stand for unequal numbers of people, which is what the weights are for.
# Seen:
#   three regions     ineqpy 0.3827   persons 0.3333   formula of its help 0.3333
#   first one split   ineqpy 0.3981   persons 0.3333   formula of its help 0.3333
#   split in six      ineqpy 0.4048   persons 0.3333   formula of its help 0.3333
#   two regions       ineqpy 0.8901   persons 0.0890   formula of its help 0.0890
#   two, turned       ineqpy 0.4737   persons 0.4263   formula of its help 0.4263

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


def persons(y, people):
    """The Gini index by its definition: mean absolute difference of all persons over twice the mean."""
    each = np.repeat(y, people)
    return np.abs(each[:, None] - each).mean() / 2 / each.mean()


def lorenz(y, people):
    """The formula in the help: one less the sum of shares times two neighbouring sums of income."""
    f = people / people.sum()
    s = np.concatenate([[0], np.cumsum(f * y) / (f * y).sum()])
    return 1 - (f * (s[1:] + s[:-1])).sum()


regions = {
    "three regions": ([1.0, 2, 6], [60, 30, 10]),
    "first one split": ([1.0, 1, 2, 6], [30, 30, 30, 10]),
    "split in six": ([1.0] * 6 + [2, 6], [10] * 6 + [30, 10]),
    "two regions": ([1.0, 10], [10, 90]),
    "two, turned": ([1.0, 10], [90, 10]),
}
results = {}
for name, (y, people) in regions.items():
    y, people = np.array(y), np.array(people)
    got = results[name] = float(inequality.gini(y, people.astype(float)))
    f = people / people.sum()
    end, mean = f.cumsum(), f @ y
    odd = 2 * (f * (y - mean) * (end - f @ end)).sum() / (1 - f @ f) / mean
    print(f"{name:15}   ineqpy {got:.4f}   persons {persons(y, people):.4f}   formula of its help {lorenz(y, people):.4f}")
    assert np.isclose(persons(y, people), lorenz(y, people)) and np.isclose(got, odd)
    assert abs(got - persons(y, people)) > 0.01
assert abs(results["three regions"] - results["split in six"]) > 0.02
END
