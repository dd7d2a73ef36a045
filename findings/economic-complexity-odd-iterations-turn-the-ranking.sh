#!/usr/bin/env bash
# The economic complexity index averages back and forth between regions and products; more rounds come nearer to a limit.
# complexity() of economic-complexity 0.3.0 has 20 rounds by default, and calls iterations a limit of recursive calculations.
# With 21 the index of regions is the same with the other sign: the most complex region becomes the least complex one.
# Regions' values after an even number of averages rank by diversity, and after an odd number by the ubiquity of products.
# No sign is set at the end, so every odd number of rounds turns the ranking, and one more turns it back.
# It matters to whoever raises the number of rounds to check that the index has settled.
# Seen (correlation with the second eigenvector, its sign set by diversity):
#   iterations 20   with the eigenvector  1.000   with diversity  0.994   most complex r11
#   iterations 21   with the eigenvector -1.000   with diversity -0.994   most complex r01
#   iterations 22   with the eigenvector  1.000   with diversity  0.994   most complex r11
#   iterations 31   with the eigenvector -1.000   with diversity -0.994   most complex r01
#   iterations 40   with the eigenvector  1.000   with diversity  0.994   most complex r11

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  economic-complexity==0.3.0 pandas==3.1.1 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from economic_complexity import complexity

rng = np.random.default_rng(0)
regions, products = 12, 30
skill, need = np.linspace(0.2, 1, regions), np.linspace(0, 0.9, products)
has = (skill[:, None] + rng.uniform(-0.15, 0.15, size=(regions, products)) > need).astype(float)
has[:, 0] = 1
M = pd.DataFrame(has, index=[f"r{i:02d}" for i in range(regions)], columns=[f"p{j:02d}" for j in range(products)])
M = M.loc[:, M.sum() > 0]
diversity, ubiquity = M.sum(axis=1), M.sum()
step = ((M / ubiquity) @ M.T).div(diversity, axis=0)
value, vector = np.linalg.eig(step.to_numpy())
second = vector[:, np.argsort(-value.real)[1]].real
second *= np.sign(np.corrcoef(second, diversity)[0, 1])
for rounds in (20, 21, 22, 31, 40):
    index, _ = complexity(M, iterations=rounds)
    r, d = np.corrcoef(index, second)[0, 1], np.corrcoef(index, diversity)[0, 1]
    print(f"iterations {rounds}   with the eigenvector {r:6.3f}   with diversity {d:6.3f}   most complex {index.idxmax()}")
    assert abs(r) > 0.99 and np.sign(r) == (-1) ** rounds and np.sign(d) == (-1) ** rounds
END
