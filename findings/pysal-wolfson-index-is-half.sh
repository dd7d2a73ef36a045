#!/usr/bin/env bash
# Wolfson's index of polarisation runs from 0 to 1, and is 1 when half have nothing and half have all.
# That is 2 (2 T - G) mean / median, T being one half less the Lorenz curve at one half; R's affluenceIndex agrees.
# The function wolfson of PySAL's inequality 1.2.0 leaves out the outer 2, so its largest value is one half.
# It cites Wolfson (1994), so a user expects his scale.
# It matters when regional polarisation is compared with published numbers: all look half as polarised.
# Seen:
#   half nothing, half all   inequality 0.5000  Wolfson 1.0000
#   30 lognormal incomes     inequality 0.2134  Wolfson 0.4267
#   all equal                inequality 0.0000  Wolfson 0.0000

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  inequality==1.2.0 pandas==3.1.1 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from inequality.wolfson import wolfson


def hand(y):
    """Wolfson's index of an even number of incomes."""
    y = np.sort(np.asarray(y, float))
    n = len(y)
    gini = (2 * np.arange(1, n + 1) - n - 1) @ y / (n * y.sum())
    t = 0.5 - y[: n // 2].sum() / y.sum()
    return 2 * (2 * t - gini) * y.mean() / np.median(y)


incomes = {
    "half nothing, half all": [0.0] * 50 + [2.0] * 50,
    "30 lognormal incomes": np.random.default_rng(0).lognormal(size=30),
    "all equal": [3.0] * 10,
}
for name, y in incomes.items():
    got, want = wolfson(np.asarray(y)), hand(y)
    print(f"{name:24} inequality {got:.4f}  Wolfson {want:.4f}")
    assert np.isclose(2 * got, want)
assert np.isclose(hand(incomes["half nothing, half all"]), 1)
END
