#!/usr/bin/env bash
# compare() takes labelled arrays, so it should match observations by label as xarray does.
# It matches by position, with no check: the same labels in another order are paired wrongly.
# The difference of two models keeps its value, but its standard error and the stacking weights change.
# Here a model of the same data, with provinces in reverse order, gets a standard error many times as large.
# It matters when two models were fitted to panels sorted differently, or one by region.
# Versions: arviz 1.3.0 with arviz-stats 1.3.3.
# Seen:
#   same   elpd_diff -1.274  dse 2.678 (by hand 2.678)  weight of a 0.678
#   turned elpd_diff -1.274  dse 9.720 (by hand 9.720)  weight of a 0.511

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  arviz==1.3.0 arviz-base==1.3.1 arviz-stats==1.3.3 xarray==2026.9.0 numpy==2.5.5 scipy==1.18.1 pandas==3.1.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import arviz as az
import numpy as np
import xarray as xr
from scipy import stats

rng = np.random.default_rng(0)
n = 120
y = rng.normal(size=n)


def fit(centre):
    """A posterior of a normal model with its mean known to about 0.1."""
    mu = rng.normal(centre, 0.1, size=(4, 500))
    like = stats.norm.logpdf(y, mu[..., None], 1)
    return az.from_dict(
        {"posterior": {"mu": mu}, "log_likelihood": {"y": like}},
        dims={"y": ["obs"]}, coords={"obs": np.arange(n)},
    )


a, b = fit(0.0), fit(0.25)
turned = b.copy()
turned["log_likelihood"] = xr.DataTree(b.log_likelihood.to_dataset().isel(obs=slice(None, None, -1)))
assert turned.log_likelihood["y"].sel(obs=5).equals(b.log_likelihood["y"].sel(obs=5))
same = az.compare({"a": a, "b": b}, round_to="none")
other = az.compare({"a": a, "b": turned}, round_to="none")
pair = az.loo(a, pointwise=True).elpd_i.to_numpy(), az.loo(b, pointwise=True).elpd_i.to_numpy()
hand = {"same": np.sqrt(n * np.var(pair[0] - pair[1])), "turned": np.sqrt(n * np.var(pair[0] - pair[1][::-1]))}
for name, table in (("same", same), ("turned", other)):
    print(f"{name:6} elpd_diff {table.elpd_diff.loc['b']:.3f}  dse {table.dse.loc['b']:.3f} (by hand {hand[name]:.3f})"
          f"  weight of a {table.weight.loc['a']:.3f}")
assert np.isclose(same.elpd_diff.loc["b"], other.elpd_diff.loc["b"])
assert np.isclose(same.dse.loc["b"], hand["same"], rtol=1e-3) and np.isclose(other.dse.loc["b"], hand["turned"], rtol=1e-3)
assert other.dse.loc["b"] > 2 * same.dse.loc["b"]
END
