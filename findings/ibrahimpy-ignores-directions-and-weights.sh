#!/usr/bin/env bash
# Ranking against a benchmark needs to know which indicators are good and which are bad.
# fit() of ibrahimpy 0.1.1 takes directions and weights, and its README promises benchmarks by direction and manual weights.
# Neither is read: all indicators count as benefits, and equally; there is no warning.
# The worst polluter with the highest income then scores 100, whatever the user says.
# It matters to every index with a cost in it.
# Seen (four regions, income to be high and pollution to be low):
#   weights (0.5, 0.5): ibrahimpy   0.0  45.9  57.5 100.0   by hand   0.0  21.6 100.0   0.0
#   weights (0.1, 0.9): ibrahimpy   0.0  45.9  57.5 100.0   by hand 100.0  50.5  73.2   0.0

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  ibrahimpy==0.1.1 scikit-learn==1.9.1 matplotlib==3.11.2 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
from ibrahim import IBRAHIM

X = pd.DataFrame({"income": [10.0, 20.0, 30.0, 40.0], "pollution": [1.0, 6.0, 5.0, 9.0]}, index=list("abcd"))
z = (X - X.min()) / (X.max() - X.min())


def by_hand(w):
    """Scores by the weighted distance from the best income and the least pollution."""
    d = np.sqrt(w[0] * (z["income"] - 1) ** 2 + w[1] * z["pollution"] ** 2)
    return 100 * (1 - (d - d.min()) / (d.max() - d.min()))


plain = IBRAHIM().fit(X).rank()["score"].reindex(X.index)
for w in ((0.5, 0.5), (0.1, 0.9)):
    model = IBRAHIM(auto_weights=False)
    model.fit(X, directions={"income": "max", "pollution": "min"}, weights=dict(zip(X, w)))
    got = model.rank()["score"].reindex(X.index)
    print(f"weights {w}: ibrahimpy", *(f"{s:5.1f}" for s in got), "  by hand", *(f"{s:5.1f}" for s in by_hand(w)))
    assert got.equals(plain) and model.directions_ == {"income": "max", "pollution": "max"}
    assert got["d"] == 100 > by_hand(w)["d"] and set(model.weights_.values()) == {0.5}
END
