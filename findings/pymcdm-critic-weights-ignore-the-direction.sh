#!/usr/bin/env bash
# CRITIC gives a criterion weight for its spread, and for correlating little with the others once all point the same way.
# So a cost, where less is better, is turned round before the correlations are taken (Diakoulaki and others, 1995).
# critic_weights() of pymcdm 1.4.0 accepts the directions as every weighting of the package does, and ignores them.
# A cost that says the same as two benefits then looks like their opposite, and gets as much weight as each of them.
# Turned round by the user first, it gets the smallest weight, as the definition has it.
# It matters for indices of regions with pollution or unemployment beside income: MEREC and CILOS do use the directions.
# Seen (two benefits, and a cost that falls as they rise):
#   pymcdm, types given        [0.333 0.332 0.335]
#   pymcdm, cost turned first  [0.364 0.422 0.214]
#   by definition              [0.364 0.422 0.214]

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pymcdm==1.4.0 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
from pymcdm import weights

rng = np.random.default_rng(0)
common = rng.normal(size=31)
X = 10 + np.column_stack([common + rng.normal(size=31), common + rng.normal(size=31), -common + 0.3 * rng.normal(size=31)])
types = np.array([1, 1, -1])


def critic(matrix, direction):
    """Spread times the sum of one less correlations, all criteria scaled from worst to best."""
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    Z = np.where(direction > 0, matrix - low, high - matrix) / (high - low)
    c = Z.std(axis=0, ddof=1) * (1 - np.corrcoef(Z.T)).sum(axis=0)
    return c / c.sum()


got, want = weights.critic_weights(X, types), critic(X, types)
turned = weights.critic_weights(X * types, np.ones(3))
for name, w in (("pymcdm, types given", got), ("pymcdm, cost turned first", turned), ("by definition", want)):
    print(f"{name:26}", np.round(w, 3))
assert np.allclose(got, weights.critic_weights(X, -types)) and np.allclose(got, critic(X, np.ones(3)))
assert np.allclose(turned, want) and got.argmax() == 2 == want.argmin()
assert not np.allclose(weights.merec_weights(X, types), weights.merec_weights(X, np.ones(3)))
END
