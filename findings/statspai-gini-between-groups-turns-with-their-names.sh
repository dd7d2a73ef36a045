#!/usr/bin/env bash
# Dagum (1997) divides the Gini index into a part within groups, one between their means and one from overlap.
# The part between takes mean absolute differences of persons of two groups, so it is positive, and groups apart have no overlap.
# subgroup_decompose() of StatsPAI 1.40.2, which cites him, has two signs of that difference wrong.
# The groups' names then decide the sign: the group that comes first in the alphabet makes the part between negative if it is the poorer.
# For groups apart its size is twice the product of their shares, whatever the incomes; the rest of the index is called overlap.
# The total and the part within are right, and the parts add up, since overlap is what remains.
# It matters for inequality between regions, which is the question of such a table.
# Seen (300 persons in each group, no rich person below a poor one):
#   by Dagum       total 0.406 = within 0.084 + between  0.322 + overlap  0.000
#   a poor, b rich total 0.407 = within 0.084 + between -0.500 + overlap  0.823
#   b poor, a rich total 0.407 = within 0.084 + between  0.500 + overlap -0.177

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statspai==1.40.2 pandas==3.1.1 statsmodels==0.15.0 numba==0.68.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import statspai as sp


def gini(a, b):
    """Mean absolute difference of two groups over the sum of their means."""
    return abs(a[:, None] - b).mean() / (a.mean() + b.mean())


rng = np.random.default_rng(1)
poor, rich = rng.uniform(1, 30, 300), 40 + rng.uniform(1, 60, 300)
y = np.concatenate([poor, rich])
p, s = 0.5, np.array([poor.mean(), rich.mean()]) / y.mean() / 2
within = p * (s[0] * gini(poor, poor) + s[1] * gini(rich, rich))
gross = gini(poor, rich) * p * (s[0] + s[1])
assert np.isclose(gini(y, y), within + gross) and np.isclose(gross, s[1] - p)
print(f"by Dagum       total {gini(y, y):.3f} = within {within:.3f} + between {gross:6.3f} + overlap  0.000")
seen = []
for names in (("a poor", "b rich"), ("b poor", "a rich")):
    frame = pd.DataFrame({"y": y, "group": np.repeat(names, 300)})
    got = sp.subgroup_decompose(frame, y="y", by="group", index="gini")
    seen.append(got)
    print(f"{', '.join(names)} total {got.total:.3f} = within {got.within:.3f} + between {got.between:6.3f} + overlap {got.overlap:6.3f}")
    assert abs(got.total - gini(y, y)) < 0.002 > abs(got.within - within)
one, two = seen
assert np.isclose(one.between, -two.between) and one.between < -0.2 < 0.2 < two.between
assert np.isclose(two.between, 2 * p * (1 - p)) and one.overlap > gini(y, y) and two.overlap < -0.1
END
