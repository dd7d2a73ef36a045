#!/usr/bin/env bash
# Growth from nothing to something is not defined, and growth to a year without a row is not known.
# growth_rates() of econcomplex 1.0.1 takes a panel in long form and fills absent rows with zero.
# A region that lacks one year falls by 100 % and then, when it is back, grows by 0 %: two made-up numbers.
# A new region or industry grows by 0 % in its first year, whatever it starts with; so does one that stays at nothing.
# There is no warning and no missing value, and a mean over regions takes all of these in.
# It matters for unbalanced panels, and for new industries, whose growth is what such tables are made for.
# Seen:
#   full          econcomplex    10.0    9.1   by hand  10.0    9.1
#   gap in 2001   econcomplex  -100.0    0.0   by hand   nan    nan
#   new in 2001   econcomplex     0.0  100.0   by hand   nan  100.0
#   mean growth in 2001: econcomplex -30.0, by hand 10.0

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  econcomplex==1.0.1 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import econcomplex as ec
import numpy as np
import pandas as pd

rows = [("full", 2000, 10), ("full", 2001, 11), ("full", 2002, 12), ("gap in 2001", 2000, 10), ("gap in 2001", 2002, 12),
        ("new in 2001", 2001, 5), ("new in 2001", 2002, 10)]
d = pd.DataFrame(rows, columns=["region", "year", "value"]).assign(industry="all")
got = ec.growth_rates(d, "region", "industry", "value", "year").pivot(index="region", columns="year", values="growth")
wide = d.pivot(index="region", columns="year", values="value")
hand = (100 * (wide / wide.shift(axis=1) - 1))[got.columns]
for region in got.index:
    print(f"{region:11}   econcomplex {got.loc[region, 2001]:7.1f} {got.loc[region, 2002]:6.1f}"
          f"   by hand {hand.loc[region, 2001]:5.1f} {hand.loc[region, 2002]:6.1f}")
print(f"mean growth in 2001: econcomplex {got[2001].mean():.1f}, by hand {hand[2001].mean():.1f}")
assert np.allclose(got.loc["full"], hand.loc["full"]) and not got.isna().to_numpy().any()
assert got.loc["gap in 2001"].tolist() == [-100, 0] and got.loc["new in 2001"].tolist() == [0, 100]
assert hand.loc["gap in 2001"].isna().all() and np.isnan(hand.loc["new in 2001", 2001])
END
