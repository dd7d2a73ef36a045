#!/usr/bin/env bash
# A beta negative binomial count is negative binomial with a probability of success from a beta distribution.
# Its mean is r times beta over alpha less one; help and log probabilities of pymc-extras 0.15.1 agree with that, and with scipy.
# Its draws do not: the probability is handed to PyMC's negative binomial as the mean, and r as the shape.
# Draws then average alpha over alpha plus beta, which is below one whatever r is.
# So predictive draws, prior and posterior, come from another distribution than the one that was fitted.
# It matters for counts with a heavy tail: a predictive check rejects the right model, and forecasts lack the tail.
# Seen (alpha 5, beta 3, r 4):
#   mean of help 3.000, of log probabilities 3.000, of scipy 3.000
#   draws: mean 0.620, variance 0.75 where 14.00 is right

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
from scipy.stats import betanbinom

pytensor.config.mode, pytensor.config.cxx = "FAST_COMPILE", ""
alpha, beta, r = 5, 3, 4
k = np.arange(400)
p = np.exp(pm.logp(pmx.BetaNegativeBinomial.dist(alpha, beta, r), k).eval())
draws = pm.draw(pmx.BetaNegativeBinomial.dist(alpha, beta, r, shape=40000), random_seed=1)
mean, var = betanbinom(r, alpha, beta).stats("mv")
print(f"mean of help {r * beta / (alpha - 1):.3f}, of log probabilities {k @ p:.3f}, of scipy {mean:.3f}")
print(f"draws: mean {draws.mean():.3f}, variance {draws.var():.2f} where {var:.2f} is right")
assert np.allclose(p, betanbinom.pmf(k, r, alpha, beta), atol=1e-6) and np.isclose(mean, r * beta / (alpha - 1))
error = np.sqrt(draws.var() / draws.size)
assert abs(draws.mean() - alpha / (alpha + beta)) < 5 * error and draws.mean() < mean / 4
END
