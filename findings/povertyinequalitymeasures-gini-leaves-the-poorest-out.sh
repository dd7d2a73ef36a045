#!/usr/bin/env bash
# The Gini index is one less twice the area under the Lorenz curve, which starts where no person has no income.
# get_gini() of povertyInequalityMeasures 1.1.1 adds up the curve from the first row on, not from its start.
# The poorest row's part of the area is lost, so the index is too large by that row's share of people times its share of income.
# Equal incomes in two rows have a Gini of 0.25 instead of 0, and a single row has 1: all income in one hand.
# With thousands of households this is small; with grouped data or provinces it is not, and the Sen index takes it over.
# Seen (weights as in a table of regions):
#   two equal rows    get_gini 0.2500   persons 0.0000   the poorest row's part 0.2500
#   one row of ten    get_gini 1.0000   persons 0.0000   the poorest row's part 1.0000
#   three regions     get_gini 0.5333   persons 0.3333   the poorest row's part 0.2000
#   first one split   get_gini 0.3389   persons 0.3333   the poorest row's part 0.0056
#   Sen index of two equal incomes a sixth below the line: 0.375, by definition 0.167

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  povertyinequalitymeasures==1.1.1 pandas==3.1.1 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from povertyInequalityMeasures import inequality, poverty

tables = {
    "two equal rows": ([5.0, 5], [1, 1]),
    "one row of ten": ([5.0], [10]),
    "three regions": ([1.0, 2, 6], [6, 3, 1]),
    "first one split": ([1.0] * 6 + [2, 6], [1] * 6 + [3, 1]),
}
for name, (income, people) in tables.items():
    d = pd.DataFrame({"income": income, "people": people})
    got = inequality.get_gini(d, "income", "people")
    each = np.repeat(income, people)
    want = np.abs(each[:, None] - each).mean() / 2 / each.mean()
    lost = people[0] / sum(people) * people[0] * income[0] / each.sum()
    print(f"{name:15}   get_gini {got:.4f}   persons {want:.4f}   the poorest row's part {lost:.4f}")
    assert np.isclose(got, want + lost, atol=1e-5) and lost > 0.004
sen = poverty.get_sen_index(6, pd.DataFrame({"income": [5.0, 5], "people": [1, 1]}), "income", "people")
print(f"Sen index of two equal incomes a sixth below the line: {sen:.3f}, by definition {1 / 6:.3f}")
assert np.isclose(sen, 0.25 + 0.75 / 6, atol=1e-3)
END
