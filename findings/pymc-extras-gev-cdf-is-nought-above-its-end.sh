#!/usr/bin/env bash
# A generalised extreme value distribution with a negative shape ends: nothing lies above mu - sigma / xi.
# Above the end its cumulative distribution is one, and the logarithm of that nought; scipy and the formula agree.
# logcdf of GenExtreme in pymc-extras 0.15.1 gives minus infinity there, as below a lower end.
# A model of maxima that were only seen to lie below a limit so has probability nought as soon as the limit is above the end.
# Sampling keeps away from such shapes, or cannot start; the package's own generalised Pareto gives nought.
# It matters for censored or rounded extremes, whose likelihood is made of this function.
# Seen (mu 0, sigma 1, xi -0.3, end at 3.333):
#   x 3.000   pymc-extras -0.000464   scipy -0.000464
#   x 3.330   pymc-extras -0.000000   scipy -0.000000
#   x 3.340   pymc-extras -inf   scipy 0.000000
#   x 9.000   pymc-extras -inf   scipy 0.000000

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pymc-extras==0.15.1 pymc==6.3.2 pytensor==3.3.8 numpy==2.3.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pymc as pm
import pymc_extras as pmx
import pytensor
from scipy.stats import genextreme

pytensor.config.mode, pytensor.config.cxx = "FAST_COMPILE", ""
x = np.array([3.0, 3.33, 3.34, 9.0])
got = pm.logcdf(pmx.GenExtreme.dist(0.0, 1.0, -0.3), x).eval()
want = genextreme(c=0.3).logcdf(x)
pareto = pm.logcdf(pmx.GenPareto.dist(0.0, 1.0, -0.3), x).eval()
for row in zip(x, got, want):
    print("x {:.3f}   pymc-extras {:.6f}   scipy {:.6f}".format(*row))
assert np.allclose(got[:2], want[:2]) and np.isneginf(got[2:]).all()
assert (want[2:] == 0).all() and (pareto[2:] == 0).all()
END
