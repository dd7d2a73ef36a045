#!/usr/bin/env bash
# Common correlated effects can hold some slopes equal across units and leave the others free.
# CCE of pydcce 1.0.1 has pooled_vars for that: "variables with homogeneous (pooled) coefficients".
# It takes these variables out of each unit's regression and estimates nothing for them, so they are simply omitted.
# Their slope is missing in the results, and what they explain goes to the free slopes, without a warning.
# It matters where one writes the option as documented: controls held equal across units are not controlled for.
# Seen (y = 1 x1 + 2 x2 + two common factors, x2 correlated with x1):
#   all free               x1 1.021   x2 1.985
#   x2 pooled, pydcce      x1 2.203   x2 not there
#   x2 pooled, by hand     x1 1.018   x2 1.991
#   x2 left out, by hand   x1 2.203

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pydcce==1.0.1 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from pydcce import CCE

rng = np.random.default_rng(0)
N, T = 40, 30
f = rng.normal(size=(T, 2))
x1 = rng.normal(size=(N, T)) + rng.normal(1, 0.3, size=(N, 2)) @ f.T
x2 = 0.6 * x1 + rng.normal(size=(N, T)) + rng.normal(1, 0.3, size=(N, 2)) @ f.T
y = x1 + 2 * x2 + rng.normal(1, 0.3, size=(N, 2)) @ f.T + 0.5 * rng.normal(size=(N, T))
d = pd.DataFrame({"id": np.repeat(np.arange(N), T), "t": np.tile(np.arange(T), N), "y": y.ravel(), "x1": x1.ravel(), "x2": x2.ravel()})
args = dict(data=d, depvar="y", indepvars=["x1", "x2"], unit_col="id", time_col="t")
free = CCE(**args).fit().coefficients
got = CCE(**args, pooled_vars=["x2"]).fit().coefficients
# by hand: constant and averages of y, x1 and x2 taken out of each unit; one slope of x2, a slope of x1 a unit
Z = np.column_stack([np.ones(T), y.mean(axis=0), x1.mean(axis=0), x2.mean(axis=0)])
M = np.eye(T) - Z @ np.linalg.pinv(Z)
blocks, alone = np.zeros((N * T, N + 1)), []
for i in range(N):
    blocks[i * T:(i + 1) * T, i] = M @ x1[i]
    blocks[i * T:(i + 1) * T, N] = M @ x2[i]
    alone.append((x1[i] @ M @ y[i]) / (x1[i] @ M @ x1[i]))
slopes = np.linalg.lstsq(blocks, (y @ M).ravel(), rcond=None)[0]
print(f"all free               x1 {free['x1']:.3f}   x2 {free['x2']:.3f}")
print(f"x2 pooled, pydcce      x1 {got['x1']:.3f}   x2 {got.get('x2', 'not there')}")
print(f"x2 pooled, by hand     x1 {slopes[:N].mean():.3f}   x2 {slopes[N]:.3f}")
print(f"x2 left out, by hand   x1 {np.mean(alone):.3f}")
assert "homogeneous (pooled) coefficients" in CCE.__doc__
assert "x2" not in got and np.isclose(got["x1"], np.mean(alone)) and got["x1"] > 1.3
assert abs(slopes[:N].mean() - 1) < 0.05 and abs(slopes[N] - 2) < 0.05
END
