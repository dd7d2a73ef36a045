"""Rows left out: differences between models by hand, against ArviZ, and only of like with like."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import xarray as xr

from analysis.posterior import loo
from analysis.posterior.loo import Pointwise
from tests.helpers.traces import ATTRIBUTES

ROWS = tuple(f"{province} {year}" for province in "abc" for year in (2010, 2011))


def made(model: str, elpd, **changes) -> Pointwise:
    elpd = np.asarray(elpd, dtype=float)
    fit = Pointwise(
        panel="official", column="3.2", model=model, outcomes="produ", rows=ROWS,
        province=np.array([row[0] for row in ROWS]), elpd=elpd, k=np.full(len(elpd), 0.1),
        limit=0.7, total=elpd.sum(), se=1.0, p_loo=2.0,
    )  # fmt: skip
    return replace(fit, **changes)


def test_differences_are_from_the_best_with_errors_of_rows_and_of_provinces():
    worse, better = made("worse", [1, 2, 3, 4, 5, 6]), made("better", [2, 4, 3, 6, 5, 9])
    first, second = loo.differences([worse, better]).to_dict("records")
    assert (first["model"], first["elpd_diff"], first["se_diff"]) == ("better", 0, 0)
    by_row = np.array([-1, -2, 0, -2, 0, -3])
    assert second["elpd_diff"] == by_row.sum()
    assert second["se_diff"] == pytest.approx(np.sqrt(6 * by_row.var(ddof=1)))
    assert second["se_diff_province"] == pytest.approx(np.sqrt(3 * np.var([-3, -2, -3], ddof=1)))


def test_other_outcomes_other_rows_and_other_columns_are_not_compared():
    one = made("one", range(6))
    others = [
        made("joint", range(6), outcomes="produ_inno produ_green"),
        made("fewer", range(5), rows=ROWS[:5], province=one.province[:5]),
        made("other", range(6), column="8.1"),
    ]
    assert loo.differences([one, *others]).empty
    assert len(loo.differences([one, *others, made("two", range(6))])) == 2


def test_rows_that_cannot_be_trusted_are_named_the_worst_first():
    k = np.array([0.1, 0.9, 0.2, 1.3, 0.71, 0.8])
    (said,) = loo.doubts([made("good", range(6)), made("bad", range(6), k=k)])
    assert "official 3.2-bad: Pareto k is above 0.7 in 4 of 6 rows" in said
    assert "b 2011 (1.30), a 2011 (0.90), c 2011 (0.80)" in said
    assert "sensitivity" in said


def tree(model: str, shift: float) -> xr.DataTree:
    """Return a normal model of six rows, its posterior known."""
    rng = np.random.default_rng(1)
    y, mu = rng.normal(size=6), rng.normal(shift, 0.3, size=(4, 500, 1))
    density = -0.5 * (y - mu) ** 2 - 0.5 * np.log(2 * np.pi)
    groups = {
        "posterior": xr.Dataset({"mu": (("chain", "draw"), mu[..., 0])}),
        "log_likelihood": xr.Dataset({"y": (("chain", "draw", "obs"), density)}),
        "observed_data": xr.Dataset({"y": ("obs", y)}),
        "constant_data": xr.Dataset(
            {"row_province": ("obs", list("aabbcc")), "row_year": ("obs", [2010, 2011] * 3)}
        ),
    }
    found = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    found.attrs = ATTRIBUTES | {"model": model}
    return found


def test_a_row_with_one_density_in_all_draws_changes_nothing_of_the_others():
    plain, with_sure = tree("sure", 0.0), tree("sure", 0.0)
    with_sure["log_likelihood"]["y"][..., 2] = -4.25
    fit, alone = loo.pointwise(with_sure), loo.pointwise(plain)
    assert (fit.elpd[2], fit.k[2]) == (-4.25, -np.inf)
    others = np.arange(6) != 2
    np.testing.assert_allclose(fit.elpd[others], alone.elpd[others])
    assert fit.total == pytest.approx(fit.elpd.sum())
    assert not fit.bad[2]
    theirs = az.loo(plain, var_name="y", pointwise=True)
    assert (alone.total, alone.se) == pytest.approx((theirs.elpd, theirs.se))


def test_differences_are_those_of_arviz():
    trees = {"near": tree("near", 0.0), "far": tree("far", 2.0)}
    fits = [loo.pointwise(each) for each in trees.values()]
    ours = loo.differences(fits).set_index("model")
    theirs = az.compare(
        {name: az.loo(each, var_name="y", pointwise=True) for name, each in trees.items()},
        round_to="none",
    )
    assert ours.index.tolist() == theirs.index.tolist()
    assert abs(ours["elpd_diff"].iloc[1]) == pytest.approx(abs(theirs["elpd_diff"].iloc[1]))
    # ArviZ divides by n where the paper divides by n - 1.
    assert ours["se_diff"].iloc[1] == pytest.approx(theirs["dse"].iloc[1] * np.sqrt(6 / 5))
    assert fits[0].rows == ROWS
    assert fits[0].outcomes == "produ"
