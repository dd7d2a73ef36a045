#!/usr/bin/env bash
# Two-step difference GMM comes with two errors: conventional ones, and larger ones corrected after Windmeijer (2005).
# panelbox 1.0.2 gives the corrected ones by default, and the conventional ones with robust=False.
# The latter are divided by the square root of the number of units once more: the variance is divided by it twice.
# The slope, Hansen's J and the corrected errors agree with a computation by hand; only these errors do not.
# Conventional errors are known to be too small by a third or so; here they are an eighth with 60 units, and the z statistic is 43.
# It matters to whoever repeats a paper with conventional two-step errors, or shows both.
# Seen (one lag, all lags as instruments, 8 years):
#   60 units   slope 0.3975 (by hand 0.3975)   corrected error 0.1183   conventional 0.00922 (by hand 0.07141)   ratio 0.1291, 1 / sqrt(n) 0.1291
#   240 units   slope 0.4485 (by hand 0.4485)   corrected error 0.0479   conventional 0.00289 (by hand 0.04471)   ratio 0.0645, 1 / sqrt(n) 0.0645

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  panelbox==1.0.2 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import panelbox as pb

years = 8


def hand(y):
    """Two-step difference GMM by its definition: slope, conventional error and Hansen's J."""
    n, k, dy = len(y), years - 2, np.diff(y, axis=1)
    left, right = dy[:, 1:], dy[:, :-1]
    Z = np.zeros((n, k, k * (k + 1) // 2))
    for t in range(k):
        Z[:, t, t * (t + 1) // 2 : (t + 1) * (t + 2) // 2] = y[:, : t + 1]
    H = 2 * np.eye(k) - np.eye(k, k=1) - np.eye(k, k=-1)
    W = np.linalg.inv(np.einsum("itp,ts,isq->pq", Z, H, Z))
    zx, zy = np.einsum("itp,it->p", Z, right), np.einsum("itp,it->p", Z, left)
    first = (zx @ W @ zy) / (zx @ W @ zx)
    scores = np.einsum("itp,it->ip", Z, left - first * right)
    W = np.linalg.inv(scores.T @ scores)
    b = (zx @ W @ zy) / (zx @ W @ zx)
    g = zy - b * zx
    return b, 1 / np.sqrt(zx @ W @ zx), g @ W @ g


for n in (60, 240):
    rng = np.random.default_rng(0)
    effect, y = rng.normal(size=n), np.zeros((n, years + 20))
    for t in range(1, years + 20):
        y[:, t] = 0.5 * y[:, t - 1] + effect + rng.normal(size=n)
    y = y[:, 20:]
    d = pd.DataFrame({"id": np.repeat(np.arange(n), years), "year": np.tile(np.arange(years), n), "y": y.ravel()})
    options = dict(dep_var="y", lags=1, id_var="id", time_var="year", time_dummies=False, two_step=True)
    plain, corrected = (pb.DifferenceGMM(d, robust=robust, **options).fit() for robust in (False, True))
    b, error, J = hand(y)
    got = plain.std_errors.iloc[0]
    print(f"{n} units   slope {plain.params.iloc[0]:.4f} (by hand {b:.4f})   corrected error {corrected.std_errors.iloc[0]:.4f}"
          f"   conventional {got:.5f} (by hand {error:.5f})   ratio {got / error:.4f}, 1 / sqrt(n) {n**-0.5:.4f}")
    assert np.isclose(plain.params.iloc[0], b) and np.isclose(plain.hansen_j.statistic, J)
    assert np.isclose(got, error / np.sqrt(n)) and error < corrected.std_errors.iloc[0] < 2 * error
END
