#!/usr/bin/env bash
# A Stata value label lists its codes whether or not a row uses them, and a pandas category does the same.
# So a region without rows should survive a round trip through .dta, keeping its place in the order.
# pandas 3.1.1 writes the label with its three regions, and read_stata returns two.
# The codes of the remaining categories move: West was 2 in pandas and in the file, and comes back as 1.
# It matters for subsamples: tables lose their empty row, and codes no longer match the full panel's.
# The label is in the file: pyreadstat reads it whole.
# Seen:
#   written   ['East', 'Centre', 'West'] [0, 2, 0]
#   in file   ['East', 'Centre', 'West'] [0, 2, 0]
#   read back ['East', 'West'] [0, 1, 0]

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pandas==3.1.1 pyreadstat==1.3.7 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import pandas as pd
import pyreadstat

regions = ["East", "Centre", "West"]
d = pd.DataFrame({"region": pd.Categorical(["East", "West", "East"], categories=regions), "y": [1.0, 2.0, 3.0]})
d.to_stata("part.dta", write_index=False)
back = pd.read_stata("part.dta").region
raw, meta = pyreadstat.read_dta("part.dta")
print("written  ", regions, d.region.cat.codes.tolist())
print("in file  ", list(meta.variable_value_labels["region"].values()), raw.region.tolist())
print("read back", back.cat.categories.tolist(), back.cat.codes.tolist())
assert list(meta.variable_value_labels["region"].values()) == regions and raw.region.tolist() == [0, 2, 0]
assert back.cat.categories.tolist() == ["East", "West"] and back.cat.codes.tolist() == [0, 1, 0]
END
