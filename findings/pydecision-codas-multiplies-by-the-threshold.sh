#!/usr/bin/env bash
# CODAS compares alternatives by their Euclidean distance from the worst, and by the taxicab distance where the first tells them apart.
# Between i and k it adds T(i) - T(k) to E(i) - E(k) if E differs by 0.02 or more, and nothing otherwise (Keshavarz Ghorabaee and others, 2016).
# codas_method() of pyDecision 5.1.8 takes this 0.02 for a factor: it adds 0.02 times (E(i) - E(k)) times (T(i) - T(k)).
# That is next to nothing, so the score is the first distance alone; the taxicab distance hardly counts.
# Among ten alternatives with random marks, every ninth data set has another winner than by definition.
# It matters for rankings of regions or firms by several criteria, where this method is chosen for its two distances.
# Seen (ten alternatives, three benefits and a cost, equal weights):
#   by definition   best 5, score 2.973
#   pyDecision      best 9, score 1.008
#   another winner in 23 of 200 data sets

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
from pyDecision.algorithm import codas_method


def codas(X, w, types, tau=0.02):
    """Scores by definition, and with the threshold as a factor."""
    scaled = np.where(types == "max", X / X.max(axis=0), X.min(axis=0) / X) * w
    far = scaled - scaled.min(axis=0)
    e, t = np.sqrt((far**2).sum(axis=1)), np.abs(far).sum(axis=1)
    de, dt = e[:, None] - e, t[:, None] - t
    return (de + (np.abs(de) >= tau) * dt).sum(axis=1), (de + tau * de * dt).sum(axis=1)


rng = np.random.default_rng(0)
w, types = np.full(4, 0.25), np.array(["max", "max", "max", "min"])
other = 0
for s in range(200):
    X = rng.uniform(1, 10, (10, 4)).round()
    right, factor = codas(X, w, types)
    got = codas_method(X, w, types, graph=False, verbose=False)[:, 1]
    assert np.allclose(got, factor)
    other += right.argmax() != got.argmax()
    if s == 3:
        print(f"by definition   best {right.argmax()}, score {right.max():.3f}")
        print(f"pyDecision      best {got.argmax()}, score {got.max():.3f}")
        assert (right.argmax(), got.argmax()) == (5, 9)
print(f"another winner in {other} of 200 data sets")
assert other > 10
END
