#!/usr/bin/env bash
# drop_invalid_rows=True should remove the rows that fail a check and keep the others.
# pandera 0.35.0 removes by index label: every row that shares its label with a failing one goes too.
# In a panel indexed by province, one bad year deletes the whole province.
# The result passes validation and nothing is said.
# It matters for panels read with index_col="province": the sample silently loses units.
# A unique index, or reset_index() before, gives what is expected.
# Seen:
#   rows 12, of them failing 1
#   unique index:     11 rows, provinces ['Anhui', 'Hebei', 'Jilin']
#   province indexes: 8 rows, provinces ['Anhui', 'Jilin']

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pandera==0.35.0 pandas==3.1.1 numpy==2.5.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import pandas as pd
import pandera.pandas as pa

schema = pa.DataFrameSchema({"indus": pa.Column(float, pa.Check.gt(0))}, drop_invalid_rows=True)
d = pd.DataFrame({
    "province": ["Anhui"] * 4 + ["Hebei"] * 4 + ["Jilin"] * 4,
    "year": list(range(2010, 2014)) * 3,
    "indus": [1.0, 1.1, 1.2, 1.3, 0.9, -9.0, 0.8, 0.7, 1.5, 1.4, 1.3, 1.2],
})
unique = schema.validate(d, lazy=True)
panel = schema.validate(d.set_index("province"), lazy=True)
print(f"rows {len(d)}, of them failing {(d.indus <= 0).sum()}")
print(f"unique index:     {len(unique)} rows, provinces {sorted(unique.province.unique())}")
print(f"province indexes: {len(panel)} rows, provinces {sorted(panel.index.unique())}")
assert len(unique) == 11 and len(panel) == 8 and "Hebei" not in panel.index
END
