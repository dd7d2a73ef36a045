#!/usr/bin/env bash
# feols with clustered errors takes its p values from t with one degree less than clusters.
# did2s of the same package also asks for a cluster, and its errors are clustered.
# In pyfixest 0.60.0 its p values and intervals use t with one degree less than rows.
# With ten provinces the critical value is 1.98 instead of 2.26.
# It matters for staggered policies over few provinces: a twoway and a two-stage estimate are not judged alike.
# Seen:
#   feols: t = 2.4545  p = 0.0365  critical value 2.2622  (p with 9 df 0.0365, with 119 df 0.0156)
#   did2s: t = 2.8633  p = 0.0050  critical value 1.9801  (p with 9 df 0.0187, with 119 df 0.0050)

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  pyfixest==0.60.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import numpy as np
import pandas as pd
import pyfixest as pf
from scipy import stats

rng = np.random.default_rng(2)
units, years = 10, 12
d = pd.DataFrame({"id": np.repeat(np.arange(units), years), "year": np.tile(np.arange(2010, 2010 + years), units)})
start = np.array([2014, 2017, 9999])[d.id % 3]
d["treated"] = (d.year >= start).astype(int)
d["y"] = 0.4 * d.treated + rng.normal(size=units)[d.id] + rng.normal(size=len(d))
two = pf.did2s(d, yname="y", first_stage="~ 0 | id + year", second_stage="~ i(treated, ref=0)", treatment="treated", cluster="id")
one = pf.feols("y ~ treated | id + year", d, vcov={"CRV1": "id"})
for name, fit in (("feols", one), ("did2s", two)):
    row = fit.tidy().iloc[0]
    t, p = row["t value"], row["Pr(>|t|)"]
    width = (row["97.5%"] - row["2.5%"]) / 2 / row["Std. Error"]
    print(f"{name}: t = {t:.4f}  p = {p:.4f}  critical value {width:.4f}"
          f"  (p with {units - 1} df {2 * stats.t.sf(abs(t), units - 1):.4f}, with {len(d) - 1} df {2 * stats.t.sf(abs(t), len(d) - 1):.4f})")
    df = units - 1 if name == "feols" else len(d) - 1
    assert np.isclose(p, 2 * stats.t.sf(abs(t), df)) and np.isclose(width, stats.t.ppf(0.975, df))
END
