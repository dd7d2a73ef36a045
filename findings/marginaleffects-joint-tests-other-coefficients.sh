#!/usr/bin/env bash
# A joint test by name should test the named coefficients, or refuse an unknown name.
# marginaleffects 0.6.1 looks names up among the data's columns, then uses their positions among the coefficients.
# With an interaction in the model the two lists differ in length, and "x" then means the intercept.
# The name of the interaction itself, as the manual says to write it, is dropped without a word.
# The table printed still says "x = 0", so nothing shows that another hypothesis was tested.
# It matters wherever slopes differ by region: whether they differ is such a joint test.
# Seen:
#   hypotheses(joint=['x', 'z'])    F = 0.5367   p = 0.5855
#   true F for x = z = 0            F = 7.7661   p = 0.0006
#   true F for Intercept = x = 0    F = 0.5367   p = 0.5855
#   hypotheses(joint=['x', 'x:z'])  df1 = 1, F = 0.1320; true F for x = x:z = 0: 29.0251 on 2

set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for python in python3.13 python3.12 python3; do
  "$python" -c 'pass' 2> /dev/null && break
done
"$python" -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
  marginaleffects==0.6.1 polars==1.44.2 statsmodels==0.15.0 pandas==3.1.1 numpy==2.5.5 scipy==1.18.1
cd "$dir"
"$dir/venv/bin/python" -W ignore - << 'END'
import marginaleffects as me
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

rng = np.random.default_rng(3)
d = pd.DataFrame(rng.normal(size=(200, 3)), columns=["x", "z", "y"])
d["y"] += 0.5 * d.x * d.z + 0.3 * d.z
fit = smf.ols("y ~ x * z", d).fit()
beta, cov = fit.params, fit.cov_params()


def wald(names):
    """F statistic for all named coefficients being zero, from the matrix formula."""
    b = beta[names].to_numpy()
    return float(b @ np.linalg.solve(cov.loc[names, names].to_numpy(), b)) / len(names)


both = me.hypotheses(fit, joint=["x", "z"])
got, p = both["statistic"][0], both["p_value"][0]
print(f"hypotheses(joint=['x', 'z'])    F = {got:.4f}   p = {p:.4f}")
print(f"true F for x = z = 0            F = {wald(['x', 'z']):.4f}   p = {float(fit.f_test('x=0,z=0').pvalue):.4f}")
print(f"true F for Intercept = x = 0    F = {wald(['Intercept', 'x']):.4f}   p = {float(fit.f_test('Intercept=0,x=0').pvalue):.4f}")
inter = me.hypotheses(fit, joint=["x", "x:z"])
print(f"hypotheses(joint=['x', 'x:z'])  df1 = {inter['df1'][0]}, F = {inter['statistic'][0]:.4f}; "
      f"true F for x = x:z = 0: {wald(['x', 'x:z']):.4f} on 2")
assert np.isclose(got, wald(["Intercept", "x"])) and not np.isclose(got, wald(["x", "z"]))
assert inter["df1"][0] == 1 and np.isclose(inter["statistic"][0], wald(["Intercept"]))
END
