#!/usr/bin/env bash
# Cotton's decomposition of a gap weights each group's coefficients by that group's share of the rows.
# Which group is coded 0 and which 1 cannot matter: OaxacaBlinder swaps them if the gap is negative.
# statsmodels 0.15.0 counts the groups before it swaps them, so each group gets the other's share after a swap.
# The explained part then changes with the coding of the group; pooled and the half-and-half weights do not.
# The bootstrap of its standard errors counts after the swap, so one error is printed beside both numbers.
# It matters for gaps between regions or groups of unequal size.
# Seen (explained part of a gap of 1.1405; groups of 300 and 100):
#   low group coded 0   cotton 0.5990 (0.0816)   reimers 0.4852
#   low group coded 1   cotton 0.3714 (0.0816)   reimers 0.4852
#   by hand             cotton 0.3714   reimers 0.4852

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 pandas==3.1.1 numpy==2.3.5 scipy==1.18.1 patsy==1.0.3
cd "$dir"
cat > gap.py << 'END'
import numpy as np
import pandas as pd
from statsmodels.stats.oaxaca import OaxacaBlinder

rng = np.random.default_rng(0)
low = np.repeat([True, False], [300, 100])
x = rng.normal(size=400) + 0.5 * ~low
y = 1 + 0.5 * x + (0.7 + 0.6 * x) * ~low + rng.normal(size=400)


def hand(share):
    """Explained part, the low group's coefficients weighted by share."""
    fit = [np.linalg.lstsq(np.column_stack([np.ones(g.sum()), x[g]]), y[g])[0] for g in (low, ~low)]
    return (x[~low].mean() - x[low].mean()) * (share * fit[0][1] + (1 - share) * fit[1][1])


explained = {}
for code in (0, 1):
    group = np.where(low, code, 1 - code)
    model = OaxacaBlinder(y, pd.DataFrame({"const": 1.0, "x": x, "group": group}), "group", rng=1)
    explained[code] = [float(model.two_fold(two_fold_type=kind).params[1]) for kind in ("cotton", "reimers")]
    explained[code].append(model.two_fold(two_fold_type="cotton", std=True, n=500).std[1])
    print(f"low group coded {code}   cotton {explained[code][0]:.4f} ({explained[code][2]:.4f})   reimers {explained[code][1]:.4f}")
print(f"by hand             cotton {hand(0.75):.4f}   reimers {hand(0.5):.4f}")
assert np.allclose(explained[1][:2], [hand(0.75), hand(0.5)])
assert np.allclose(explained[0][:2], [hand(0.25), hand(0.5)])
assert np.isclose(explained[0][2], explained[1][2])
END
"$dir/venv/bin/python" -W ignore gap.py
