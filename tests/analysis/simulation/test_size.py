"""The study of size: what is put in, what each method is asked, and how intervals are scored."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.posterior import fits
from analysis.simulation import candidate_fits, size, size_methods
from analysis.simulation.intervals import intervals_of_least_squares
from analysis.simulation.main_model import CANDIDATES, COMPARATORS, DECIDING, PATTERNS, SCORES
from analysis.specifications import select
from models.design import design
from models.frequentist import twfe
from models.frequentist.wild_bootstrap import wild_bootstrap
from tests.helpers.fits import official

SIZES = {"slope": 0.1, "east": 0.3, "central": 0.05, "west": 0.08}


@cache
def given() -> size.Setting:
    (record,) = select(["3.2"])
    made = design(official().frame, record)
    scales = np.array([0.1, 0.05, 0.05]), np.array([0.05, 0.02, 0.02]), np.full(3, 0.8)
    return size.Setting("official", "3.2", made, scales, SIZES, 1)


def test_slopes_put_in_are_the_truth_of_their_estimands():
    made = given().made
    weight = size_methods.weights(made)
    assert_allclose(weight.sum(axis=1), 1)
    truths = {}
    for slopes in PATTERNS:
        drawn, slope = size.outcomes(given(), "swap", slopes, range(0, 3))
        without, _ = size.outcomes(given(), "swap", "none", range(0, 3))
        added = drawn - without
        assert_allclose(added, made.x[:, [0]] * slope.T[made.province], atol=1e-12)
        truths[slopes] = slope @ weight.T
        # The weighted slope is what two-way fixed effects make of what was added.
        of_twfe = [twfe.slope_parts(y, made.x, made.province, made.year).slopes[0] for y in added.T]
        assert_allclose(truths[slopes][:, -1], of_twfe, atol=1e-9)
    assert_allclose(truths["printed"], 0.1)
    names = size_methods.estimands(made)
    of_region = dict(zip(names, truths["region"][0], strict=True))
    assert of_region["east"] == pytest.approx(0.3)
    assert of_region["west"] == of_region["central"] == 0
    assert of_region["slope"] == pytest.approx(0.3 * 11 / 31)
    assert truths["unequal"].std(axis=0).min() > 0


def test_batches_draw_other_data_and_the_same_data_again():
    one, _ = size.outcomes(given(), "swap", "none", range(0, 2))
    again, _ = size.outcomes(given(), "swap", "none", range(0, 2))
    other, _ = size.outcomes(given(), "swap", "none", range(2, 4))
    assert_allclose(one, again)
    assert np.abs(one - other).max() > 0


def test_a_panel_named_by_its_edition_draws_what_it_drew_before_it_had_one():
    for generator, slopes in (("swap", "none"), ("covariance", "unequal")):
        drawn = [
            size.outcomes(replace(given(), panel=name), generator, slopes, range(0, 2))
            for name in ("official", "official@1", "official-census4@1")
        ]
        assert drawn[0][0].tobytes() == drawn[1][0].tobytes()
        assert drawn[0][1].tobytes() == drawn[1][1].tobytes()
        assert np.abs(drawn[0][0] - drawn[2][0]).max() > 0


def test_least_squares_are_those_of_the_study_of_power_and_bootstrap_of_its_own_file():
    made = given().made
    drawn, _ = size.outcomes(given(), "swap", "none", range(0, 6))
    expected = intervals_of_least_squares(made, drawn, 1)[0]
    for at, name in enumerate(("twfe", "twfe_clustered")):
        found = size_methods.method(name)(made, drawn, np.zeros((6, 5)), 0)
        assert_allclose(found[:, 0, 2:], expected[:, at], rtol=1e-9)
    tests = size_methods.by_bootstrap(made, drawn, np.zeros((6, 5)), 0)[:, 0]
    p = np.array([wild_bootstrap(made.with_outcome(y), 999).p[0] for y in drawn.T])
    clear = np.abs(p - 0.05) > 0.03
    assert ((tests[:, 2] == -np.inf) == (p > 0.05))[clear].all()


def test_a_posterior_answers_for_all_rows_and_each_region_by_one_fit():
    made = given().made
    drawn, slope = size.outcomes(given(), "covariance", "region", range(0, 1))
    found = size_methods.method("independent")(made, drawn, slope, 0)
    assert found.shape == (1, 5, 4)
    assert np.isnan(found[:, -1]).all()
    share = np.bincount(made.region) / len(made.region)
    assert_allclose(found[:, 1:4, 0] @ share, found[:, 0, 0], rtol=1e-9)
    assert (found[:, :4, 2] < found[:, :4, 0]).all()
    assert (found[:, :4, 0] < found[:, :4, 3]).all()


def test_the_interval_score_is_the_published_one():
    low, high = np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0])
    found = size.interval_score(low, high, np.array([0.5, -0.1, 1.2]))
    assert_allclose(found, [1, 1 + 40 * 0.1, 1 + 40 * 0.2])


def rows(method: str, slopes: str, estimate: np.ndarray, truth: float) -> pd.DataFrame:
    head = {"panel": "official@1", "column": "3.2", "generator": "swap", "slopes": slopes}
    values = {"estimate": estimate, "sd": 1.0, "low": estimate - 2, "high": estimate + 2}
    return pd.DataFrame(values).assign(
        **head, method=method, estimand="slope", truth=truth, cpu_seconds=0.1
    )


def test_scores_count_failed_fits_as_not_covered_and_adjust_power_for_size():
    null = np.linspace(-4, 4, 201)
    null[0] = np.nan
    found = pd.concat(
        [
            rows("growth", "none", null, 0.0),
            rows("growth", "unequal", np.linspace(0, 8, 101), 4.0),
        ]
    )
    found.loc[found["estimate"].isna(), ["sd", "low", "high"]] = np.nan
    table = size.scores(found).set_index("slopes")
    assert tuple(table.reset_index().columns.intersection(SCORES)) != ()
    assert table.loc["none", "failed"] == 1
    assert table.loc["none", "coverage"] == pytest.approx(101 / 201, abs=0.01)
    assert table.loc["unequal", "coverage"] == pytest.approx(0.5, abs=0.02)
    # The 95 % point of |estimate| without a slope is 3.8, not 1.96.
    assert table.loc["unequal", "power"] == pytest.approx((8 - 3.8) / 8, abs=0.02)
    assert np.isnan(table.loc["none", "power"])


def test_a_table_has_roles_and_a_score_over_the_best_candidates():
    null = np.linspace(-4, 4, 200)
    wild = rows("wild_bootstrap", "none", null, 0.0).assign(estimate=np.nan, sd=np.nan)
    wild[["low", "high"]] = [-np.inf, np.inf]
    found = pd.concat(
        [
            rows("ar1", "none", null, 0.0),
            rows("growth", "none", 0.3 * null, 0.0),
            rows("growth", "none", 0.3 * null, 0.0).assign(generator="own_scale"),
            wild,
        ]
    )
    table = size.table(found)
    assert list(table.columns) == list(size.COLUMNS)
    first = table.set_index(["generator", "method"])
    assert first.loc[("swap", "growth"), "relative_score"] == 1
    assert first.loc[("swap", "ar1"), "relative_score"] > 1
    assert first.loc[("swap", "ar1"), "outside"]
    assert first["role"].to_dict() == {
        ("swap", "ar1"): "deciding",
        ("swap", "growth"): "deciding",
        ("own_scale", "growth"): "confirming",
        ("swap", "wild_bootstrap"): "",
    }
    assert first.loc[("swap", "wild_bootstrap"), "coverage"] == 1
    assert np.isnan(first.loc[("swap", "wild_bootstrap"), "width"])


def test_a_reader_is_told_the_order_and_who_is_first():
    null = np.linspace(-4, 4, 200)
    both = [rows("ar1", "none", null, 0.0), rows("growth", "none", 0.3 * null, 0.0)]
    table = size.table(pd.concat([*both, rows("twfe", "none", null, 0.0)]))
    shown = size.shown(table)
    assert shown["method"].tolist() == ["growth", "ar1", "twfe"]
    assert shown["outside"].tolist() == ["0 of 1", "1 of 1", ""]
    assert shown["size: swap"].tolist() == ["0%", "50%", "50%"]
    assert size.sentence(table).startswith("First by the rule is growth: outside in 0 of 1")
    assert size.last_two(table) == ["growth", "ar1"]
    assert size.plan(200) == {"none": 200, "region": 100, "unequal": 100}
    assert size.steps(["a", "b"], size.plan(200)) == 4 * 2 * 8
    assert size.steps(["a", "b"], size.plan(200), DECIDING[1]) == 3 * 2 * 8
    listed = size.batches(given(), ["twfe"], {"none": 2}, DECIDING[1])
    assert [batch.generator for batch in listed] == list(DECIDING[1])


def test_failed_checks_are_counted_on_the_deciding_panels_and_break_ties():
    beyond = pd.DataFrame(
        [("official@1", "ar1", True), ("official-as_published@1", "growth", True),
         ("official@1", "growth", False)],
        columns=["panel", "method", "beyond"],
    )  # fmt: skip
    checks = candidate_fits.failed(beyond)
    assert checks == {"ar1": 1, "growth": 0}
    null = np.linspace(-1, 1, 50)
    both = pd.concat([rows("ar1", "none", null, 0.0), rows("growth", "none", null, 0.0)])
    assert size.last_two(size.table(both)) == ["ar1", "growth"]
    assert size.last_two(size.table(both, checks)) == ["growth", "ar1"]


def test_every_candidate_is_checked_on_a_panel(monkeypatch):
    monkeypatch.setattr(candidate_fits, "CANDIDATES", {"ar1": CANDIDATES["ar1"]})
    monkeypatch.setattr(fits, "LEAST_REPLICATES", 2_000)
    (record,) = select(["3.2"])
    made = candidate_fits.tables(official(), record, 1)
    slopes, found = made["candidate_slopes"], made["candidate_fits"]
    assert tuple(slopes.columns) == candidate_fits.SLOPES
    assert slopes["region"].tolist() == ["all", "east", "central", "west"]
    assert (slopes["q025"] < slopes["mean"]).all()
    assert tuple(found.columns) == candidate_fits.COLUMNS
    assert set(found["provinces"]) == {fits.NEW, fits.FITTED}
    assert len(found) == 2 * fits.OF_A_FIT
    assert found["p"].between(0, 1).all()


def test_finished_batches_are_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(size, "made_by", lambda _: "this code")
    listed = size.batches(given(), ["twfe"], {"none": 2})[:1]
    (first,) = size.run(listed, tmp_path, workers=1)

    def refuse(batch: size.Batch) -> None:
        raise AssertionError(batch)

    monkeypatch.setattr(size, "run_batch", refuse)
    (again,) = size.run(listed, tmp_path, workers=1)
    pd.testing.assert_frame_equal(first, again)


def test_every_method_is_there():
    for name in (*CANDIDATES, *COMPARATORS):
        assert callable(size_methods.method(name))
