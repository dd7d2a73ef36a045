#!/usr/bin/env bash
# LaTeX's longtable repeats a head on each page if the head ends with \endhead.
# great-tables 1.1.0 writes a longtable with use_longtable=True, and no \endhead, \endfirsthead or \endfoot.
# So from the second page on the columns of a long regression table have no names.
# Its documentation offers the option for tables that span pages, where a repeated head is what a user expects.
# Seen:
#   rows: 200; longtable: True; marks that end a head: 0

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  great-tables==1.1.0 pandas==3.1.1
cd "$dir"
"$dir/venv/bin/python" - << 'END'
import great_tables as gt
import pandas as pd

frame = pd.DataFrame({"term": [f"x{i}" for i in range(200)], "slope": range(200)})
text = gt.GT(frame).as_latex(use_longtable=True)
marks = sum(text.count(mark) for mark in ("\\endhead", "\\endfirsthead", "\\endfoot"))
long = "\\begin{longtable}" in text
print(f"rows: {len(frame)}; longtable: {long}; marks that end a head: {marks}")
assert long
assert marks == 0
END
