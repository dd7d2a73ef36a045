#!/usr/bin/env bash
# descriptives() and correlation() of econkit 0.5.8 print tables of statistics and of correlations.
# Numbers below one are to lose the zero before the point: 0.129 is printed as .129.
# The first character is cut off any number below one, and that of a negative number is its sign.
# A mean of -2.473 is printed as 2.473, a correlation of -0.888 as 0.888 with three stars.
# Both return nothing, so that the printed table is all that a user has.
# It matters for any table of descriptive statistics: signs of correlations, skewness, minima and quartiles are gone.
# Its file is loaded by itself: the package as a whole needs distutils, which Python has no longer.
# Seen (50 rows):
#   mean of c          printed  2.473   pandas -2.473
#   minimum of c       printed  4.865   pandas -4.865
#   correlation a, b   printed  0.888   pandas -0.888
#   correlation a, c   printed   .009   pandas  0.009

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 pandas==2.3.3 numpy==2.3.5 scipy==1.18.1 tabulate==0.10.0
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps econkit==0.5.8
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import sys
from contextlib import redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

path = next(Path(sys.prefix).glob("lib/python3*/site-packages/econkit/econometrics.py"))
spec = spec_from_file_location("econkit_econometrics", path)
econkit = module_from_spec(spec)
spec.loader.exec_module(econkit)

rng = np.random.default_rng(0)
x = rng.normal(size=50)
data = pd.DataFrame({"a": x, "b": -x + 0.5 * rng.normal(size=50), "c": rng.normal(size=50) - 2.5})


def printed(function, row, column):
    """The number that a table prints in this row and column."""
    text = StringIO()
    with redirect_stdout(text):
        assert function(data) is None
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in text.getvalue().splitlines() if line.startswith("|")]
    at = cells[0].index(column)
    return next(line[at] for line in cells if line[0] == row).split()[0]


r = data.corr()
rows = [
    ("mean of c", printed(econkit.descriptives, "Mean", "c"), data["c"].mean()),
    ("minimum of c", printed(econkit.descriptives, "Min", "c"), data["c"].min()),
    ("correlation a, b", printed(econkit.correlation, "a", "b"), r.loc["a", "b"]),
    ("correlation a, c", printed(econkit.correlation, "a", "c"), r.loc["a", "c"]),
]
for name, got, want in rows:
    print(f"{name:18} printed {got:>6}   pandas {want:6.3f}")
    assert np.isclose(float(got), abs(want), atol=6e-4)
assert sum(want < -0.5 for *_, want in rows) == 3
END
