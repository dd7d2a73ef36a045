#!/usr/bin/env bash
# The Baltagi-Wu test divides a Durbin-Watson statistic of all units, less 2, by its standard error.
# That statistic averages over units, so its variance is near 4 divided by the differences, n (T - 1): more units, smaller variance.
# panelbox 1.0.2 takes 4 / T, as for one unit alone, so z is too small by about the root of the number of units.
# The statistic lies between 0 and 4, so z cannot pass the square root of T: with three years nothing is ever rejected.
# With 60 units and 6 years, errors correlated by 0.5 from year to year are found in no sample, where they are seen at once.
# It matters to whoever keeps default errors because this test found no serial correlation.
# Seen (pooled least squares, 60 units, 6 years, 100 samples each; by hand: differences against levels, variance 4 / (n (T - 1))):
#   correlation 0.0   statistic 1.65, sd 0.097, taken as 0.816   rejected at 5 %: panelbox 0.00, by hand 0.05
#   correlation 0.3   statistic 1.16, sd 0.090, taken as 0.816   rejected at 5 %: panelbox 0.00, by hand 1.00
#   correlation 0.5   statistic 0.83, sd 0.082, taken as 0.816   rejected at 5 %: panelbox 0.00, by hand 1.00

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

n, years, samples = 60, 6, 100


def one(rho, seed):
    """The test of panelbox: its Durbin-Watson statistic, z and p; and the first by hand."""
    rng = np.random.default_rng(seed)
    e = rng.normal(size=(n, years + 20))
    for t in range(1, years + 20):
        e[:, t] += rho * e[:, t - 1]
    d = pd.DataFrame({"id": np.repeat(np.arange(n), years), "year": np.tile(np.arange(years), n)})
    d["x"] = rng.normal(size=len(d))
    d["y"] = d.x + e[:, 20:].ravel()
    test = pb.BaltagiWuTest(pb.PooledOLS("y ~ x", d, "id", "year").fit()).run()
    X = np.column_stack([np.ones(len(d)), d.x])
    u = (d.y - X @ np.linalg.lstsq(X, d.y)[0]).to_numpy().reshape(n, years)
    hand = (np.diff(u, axis=1) ** 2).sum() / (u**2).sum() * years / (years - 1)
    return test.metadata["lbi_statistic"], test.statistic, test.pvalue, hand, test.metadata["variance_lbi"]


for rho in (0, 0.3, 0.5):
    lbi, z, p, hand, variance = np.array([one(rho, seed) for seed in range(samples)]).T
    better = (hand - 2) / np.sqrt(4 / (n * (years - 1)))
    print(f"correlation {rho:.1f}   statistic {lbi.mean():.2f}, sd {lbi.std():.3f}, taken as {np.sqrt(variance[0]):.3f}"
          f"   rejected at 5 %: panelbox {(p < 0.05).mean():.2f}, by hand {(abs(better) > 1.96).mean():.2f}")
    assert np.allclose(variance, 4 / years) and np.allclose(z, (lbi - 2) / np.sqrt(4 / years)) and (p > 0.05).all()
    assert lbi.std() < np.sqrt(4 / years) / 4 and np.corrcoef(lbi, hand)[0, 1] > 0.9
assert (abs(better) > 1.96).all()
END
