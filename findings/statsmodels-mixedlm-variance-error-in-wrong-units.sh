#!/usr/bin/env bash
# Measuring the outcome in other units, ten times smaller, multiplies a variance by 100 and its standard error by 100.
# The summary of statsmodels 0.15.0's MixedLM multiplies the variance by 100 and its standard error by 10.
# The model holds the variance relative to the residual variance, with an error on that scale.
# The summary multiplies the ratio by the residual variance, but its error by the square root only.
# So the error printed beside a group variance can be right only when the residual variance is one.
# It matters to whoever compares that line with lme4, Stata or a posterior sd of the same variance.
# Seen:
#   outcome times  1: slope 0.546 (0.072), id Var 0.846 (0.264)
#   outcome times 10: slope 5.461 (0.723), id Var 84.589 (2.637)
#   variance grows 100.0 times, its standard error 10.0 times

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1 patsy==1.0.3
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

rng = np.random.default_rng(0)
d = pd.DataFrame({"id": np.repeat(np.arange(30), 8)})
d["x"] = rng.normal(size=len(d))
d["y"] = 1 + 0.5 * d.x + rng.normal(size=30)[d.id] + rng.normal(size=len(d))
out = {}
for unit in (1, 10):
    fit = smf.mixedlm("y ~ x", d.assign(y=unit * d.y), groups="id").fit()
    line = fit.summary().tables[1].loc["id Var"]
    out[unit] = float(line["Coef."]), float(line["Std.Err."])
    slope = fit.summary().tables[1].loc["x"]
    print(f"outcome times {unit:2d}: slope {slope['Coef.']} ({slope['Std.Err.']}), id Var {out[unit][0]:.3f} ({out[unit][1]:.3f})")
    assert np.isclose(out[unit][1], fit.bse["id Var"] * np.sqrt(fit.scale), atol=6e-4)
ratio = [out[10][i] / out[1][i] for i in (0, 1)]
print(f"variance grows {ratio[0]:.1f} times, its standard error {ratio[1]:.1f} times")
assert abs(ratio[0] - 100) < 1 and abs(ratio[1] - 10) < 0.2
END
