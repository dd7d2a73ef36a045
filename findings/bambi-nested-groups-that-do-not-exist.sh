#!/usr/bin/env bash
# (1 | region/province) asks for region effects and one effect per province within its region.
# lme4 makes one effect for each pair that occurs: 12 provinces in 3 regions give 12.
# Bambi 0.21.0 (formulae 0.6.2) crosses all names and makes 36, of which 24 stand for no row.
# Those 24 are sampled from their prior and carry plausible labels, such as a western province in the east.
# It matters when effects are ranked, averaged or counted: two thirds of them are noise.
# Effective sample size, R-hat and run time then count them as well.
# Seen:
#   12 provinces in regions, 36 effects, 24 of them without a row
#   first labels: centre:p00, centre:p03, centre:p06, centre:p09, east:p00

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  bambi==0.21.0 formulae==0.6.2 pymc==6.3.2 pandas==3.1.1 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import bambi as bmb
import numpy as np
import pandas as pd
from formulae import design_matrices

rng = np.random.default_rng(0)
d = pd.DataFrame({"province": np.repeat([f"p{i:02d}" for i in range(12)], 6)})
d["region"] = np.repeat(["centre", "east", "west"], 24)
d["y"] = rng.normal(size=len(d))
model = bmb.Model("y ~ 1 + (1 | region/province)", d)
model.build()
names = [n for n in model.backend.model.coords if "province" in n]
labels = [str(v) for v in model.backend.model.coords[names[0]]]
pairs = d[["region", "province"]].drop_duplicates()
group = design_matrices("y ~ 1 + (1 | region/province)", d).group
columns = group["1|region:province"].toarray()
empty = int((columns == 0).all(axis=0).sum())
print(f"{len(pairs)} provinces in regions, {len(labels)} effects, {empty} of them without a row")
print("first labels:", ", ".join(labels[:14:3]))
assert len(pairs) == 12 and len(labels) == 36 and empty == 24
END
