#!/usr/bin/env bash
# IDOCRIW weighs criteria by their entropy over n alternatives, -1 / log(n) times the sum of share times log share, and by CILOS.
# idocriw_method() of pyDecision 5.1.8 divides by the log of the number of criteria instead of alternatives.
# With more alternatives than criteria, as in any table of regions, entropy then exceeds one and one less entropy is negative.
# Divided by their negative sum, the weights look fine, and are in reverse order: the most even criterion gets the most weight.
# The CILOS part is lost as well: what is minimised to find it is nought for any weights, so it stays at one for all.
# It matters for objective weights of an index: criteria that tell regions apart are weighed down.
# Seen (31 alternatives, three benefits and a cost):
#   entropy by definition        0.297 0.221 0.189 0.293
#   pyDecision IDOCRIW           0.247 0.252 0.253 0.248
#   entropy by log of criteria   0.247 0.252 0.253 0.248
#   IDOCRIW by definition        0.304 0.175 0.300 0.221

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  matplotlib==3.11.2 networkx==3.7 scikit-learn==1.9.1 numpy==2.5.5 scipy==1.18.1
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check --no-deps pydecision==5.1.8
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from pyDecision.algorithm import idocriw_method
from scipy.linalg import null_space


def entropy(X, base):
    """One less entropy of each column's shares, as weights."""
    r = X / X.sum(axis=0)
    d = 1 + (r * np.log(r)).sum(axis=0) / np.log(base)
    return d, d / d.sum()


def cilos(X, types):
    """Weights from relative losses: the vector that the loss matrix takes to nought."""
    r = np.where(types == "max", X, X.min(axis=0) / X)
    r = r / r.sum(axis=0)
    A = r[r.argmax(axis=0)]
    P = (A.diagonal() - A) / A.diagonal()
    q = null_space(P - np.diag(P.sum(axis=0)))[:, 0]
    return q / q.sum()


rng = np.random.default_rng(0)
for _ in range(200):
    rng.uniform(1, 10, (10, 4))
X, types = rng.uniform(1, 10, (31, 4)), np.array(["max", "max", "max", "min"])
got = idocriw_method(X, types, verbose=False)
_, right = entropy(X, len(X))
d, wrong = entropy(X, X.shape[1])
both = right * cilos(X, types)
both /= both.sum()
for name, w in (("entropy by definition", right), ("pyDecision IDOCRIW", got), ("entropy by log of criteria", wrong), ("IDOCRIW by definition", both)):
    print(f"{name:26}  ", " ".join(f"{v:.3f}" for v in w))
assert (d < 0).all() and np.allclose(got, wrong, atol=1e-6)
assert (np.argsort(got) == np.argsort(-right)).all() and abs(got - both).max() > 0.05
END
