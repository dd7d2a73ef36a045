#!/usr/bin/env bash
# The mode of a distribution is where its density or probability is largest.
# PreliZ 0.28.0 has a method for it, and finds priors of a given mode by it (fixed_stat of maxent).
# Three of them are formulas for something else.
# The logit-normal's is the logistic of mu, which is the median.
# The discrete Weibull's can be minus one, where counts start at nought.
# Kumaraswamy's with a below one is one, where the density is largest at nought.
# It matters for elicited priors of shares and counts: a prior asked to peak at 0.7 peaks elsewhere.
# Seen:
#   LogitNormal(1, 2)          mode 0.731   density there 1.015   largest 4.062 at 0.993
#   DiscreteWeibull(0.3, 2.6)  mode -1   probability there 0.000   largest 0.700 at 0
#   DiscreteWeibull(0.9, 1.5)  mode 5   probability there 0.095   largest 0.164 at 2
#   Kumaraswamy(0.5, 3)        mode 1.000   density there 0.000   largest 147.015 at 0.000

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  preliz==0.28.0 pytensor-distributions==0.3.3 pytensor==3.3.8 arviz-base==1.3.1 arviz-stats==1.3.3 pandas==3.1.1 numpy==2.3.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import preliz as pz

fine = np.linspace(1e-4, 1 - 1e-4, 9999)
cases = {
    "LogitNormal(1, 2)": (pz.LogitNormal(1, 2), fine),
    "DiscreteWeibull(0.3, 2.6)": (pz.DiscreteWeibull(0.3, 2.6), np.arange(30)),
    "DiscreteWeibull(0.9, 1.5)": (pz.DiscreteWeibull(0.9, 1.5), np.arange(30)),
    "Kumaraswamy(0.5, 3)": (pz.Kumaraswamy(0.5, 3), fine),
}
modes = []
for name, (d, x) in cases.items():
    mode, p = float(d.mode()), d.pdf(x)
    at = float(d.pdf(np.array([mode]))[0])
    if d.kind == "continuous":
        print(f"{name:25}  mode {mode:.3f}   density there {at:.3f}   largest {p.max():.3f} at {x[p.argmax()]:.3f}")
    else:
        print(f"{name:25}  mode {mode:.0f}   probability there {at:.3f}   largest {p.max():.3f} at {x[p.argmax()]}")
    modes.append(mode)
    assert at < 0.8 * p.max() and abs(mode - x[p.argmax()]) > 0.2
# by the densities themselves
density = np.exp(-((np.log(fine / (1 - fine)) - 1) ** 2) / 8) / (fine * (1 - fine))
assert abs(fine[density.argmax()] - 0.993) < 1e-3 and np.isclose(modes[0], 1 / (1 + np.exp(-1)))
p = 0.9 ** (np.arange(30) ** 1.5) - 0.9 ** (np.arange(1, 31) ** 1.5)
assert p.argmax() == 2 and modes[2] == 5 and modes[1] == -1 and modes[3] == 1
END
