"""Ranks of true parameters are uniform for a right model, and known not to be for a wrong one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis import calibrate
from analysis.calibrate import (
    CASES,
    DRAWS,
    LEVEL,
    WITHOUT_A_CASE,
    Case,
    Part,
    Ranks,
    as_it_should,
    band,
    collect,
    counts,
    inside,
    judge,
    not_as_they_should,
    ranks,
    summary,
)
from analysis.specifications import select
from data.errors import UserError
from data.panel import load_panel
from models.registry import MODELS, find
from tests.fits import simulated

(RECORD,) = select(["8.2"])
(BASELINE,) = select(["3.2"])


@pytest.mark.slow
def test_the_ranks_of_a_right_model_are_uniform():
    case = Case("mundlak", "mundlak", "mundlak", batch=10)
    found = collect(ranks(case, simulated(5, 2014), RECORD, 60, workers=1))
    assert {len(values) for values in found.of.values()} == {60}
    assert (found.effective >= DRAWS).all()
    assert as_it_should(case, judge(case, found))
    again = collect(ranks(case, simulated(5, 2014), RECORD, 20, workers=1))
    assert all(np.array_equal(again.of[name], found.of[name][:20]) for name in found.of)


@pytest.mark.slow
def test_ranks_about_the_panels_own_posterior_are_uniform_given_both_outcomes(monkeypatch):
    case = Case("posterior", "mundlak", "mundlak", posterior=True)
    panel = simulated(5, 2014)
    assert as_it_should(case, judge(case, collect(ranks(case, panel, RECORD, 60, workers=1))))
    # Outcomes that are counted twice make posteriors that are too narrow.
    counted = calibrate.both
    monkeypatch.setattr(calibrate, "both", lambda seen, new: counted(counted(seen, new), new))
    assert not as_it_should(case, judge(case, collect(ranks(case, panel, RECORD, 60, workers=1))))


@pytest.mark.slow
def test_the_ranks_of_a_prior_that_did_not_make_the_data_are_not():
    case = Case("narrow", "mundlak", "mundlak", (("slope_std", 0.05),), right=False)
    judged = judge(case, collect(ranks(case, simulated(5, 2014), RECORD, 40, workers=1)))
    assert as_it_should(case, judged)
    assert judged.loc[~judged["passes"], "parameter"].str.startswith("slope_std").any()


def shifted(ranks: np.ndarray) -> None:
    ranks[:150] = 0  # too often the smallest


def too_narrow(ranks: np.ndarray) -> None:
    ranks[:75], ranks[75:150] = 0, DRAWS


def drawn(size: int, spoil=None) -> Ranks:
    """Return ranks of thirty parameters, of which one is spoiled."""
    values = np.random.default_rng(1).integers(0, DRAWS + 1, size=(size, 30))
    if spoil:
        spoil(values[:, 3])
    return Ranks({"a": values[:, :10], "b": values[:, 10:]}, np.full(size, DRAWS))


@pytest.mark.parametrize("spoil", [None, shifted, too_narrow])
def test_ranks_are_judged_by_their_distance_from_uniform(spoil):
    (case, *_) = CASES
    judged = judge(case, drawn(1_000, spoil))
    assert len(judged) == 30
    assert as_it_should(case, judged) == (spoil is None)
    assert judged.loc[~judged["passes"], "parameter"].tolist() == ["a[3]"] * (spoil is not None)
    assert (judged["outside"] > 0).tolist() == (~judged["passes"]).tolist()
    assert summary(judged)["not uniform"].tolist() == [int(spoil is not None)]
    assert not_as_they_should(judged) == [case.name] * (spoil is not None)


def test_what_lies_at_an_end_leaves_the_band_before_it_is_far_from_uniform():
    """Kolmogorov's distance hardly sees the tails, where the band is narrow."""

    def clumped(ranks: np.ndarray) -> None:
        ranks[:20] = 0

    (case, *_) = CASES
    judged = judge(case, drawn(1_000, clumped)).set_index("parameter")
    assert judged.loc["a[3]", "p"] > LEVEL / 30
    assert not judged.loc["a[3]", "passes"]


@pytest.mark.parametrize("size", [40, 200])
def test_ranks_that_are_uniform_are_inside_a_band_as_often_as_it_says(size):
    low, high = band(size, 1)
    assert 1 - LEVEL <= inside(size, low, high) < 1 - LEVEL / 2
    found = np.random.default_rng(3).integers(0, DRAWS + 1, size=(4_000, size))
    held = np.mean([((low <= c) & (c <= high)).all() for c in map(counts, found)])
    assert stats.binomtest(int(held * 4_000), 4_000, inside(size, low, high)).pvalue > 1e-3
    wider = band(size, 50)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()


def test_ranks_are_read_back_as_they_were_and_drawn(tmp_path, monkeypatch):
    first, second = CASES[0].name, CASES[1].name
    found = {first: drawn(60, too_narrow), second: drawn(40)}
    about = {"column": "3.2", "panel_sha256": "0", "seed": 1}
    path = tmp_path / "calibration.nc"
    calibrate.write(calibrate.table(found, **about), path)
    again = calibrate.kept(path, **about)
    for name, own in found.items():
        assert again[name].of.keys() == own.of.keys()
        assert all(np.array_equal(again[name].of[each], own.of[each]) for each in own.of)
        assert np.array_equal(again[name].effective, own.effective)
    assert calibrate.kept(path, **about | {"seed": 2}) == {}
    changed = [replace(CASES[0], data_sets=1), *CASES[1:]]
    with monkeypatch.context() as patch:
        patch.setattr(calibrate, "CASES", changed)
        assert list(calibrate.kept(path, **about)) == [second]
    figure = calibrate.draw(calibrate.curves(path))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [first, second]
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["60", "40"]
    colours = [[line.get_color() for line in axes.get_lines()] for axes in figure.axes]
    assert [len(set(each)) for each in colours] == [2, 1]
    path.write_bytes(b"no NetCDF")
    with pytest.raises(UserError, match="delete it and run"):
        calibrate.kept(path, **about)


def test_every_model_has_a_case_or_a_reason_to_have_none():
    with_a_case = {case.fitted for case in CASES if case.right}
    assert with_a_case.isdisjoint(WITHOUT_A_CASE)
    assert with_a_case | WITHOUT_A_CASE.keys() == {model.name for model in MODELS}


def test_a_part_of_a_panel_is_the_first_provinces_and_the_last_years():
    rows, record = Part(2, 5, 1).of(simulated().frame, BASELINE)
    assert rows.groupby("region")["province"].nunique().tolist() == [2, 2, 2]
    assert sorted(rows["year"].unique()) == list(range(2018, 2023))
    assert record.terms == BASELINE.terms[:2]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dynamic", "wrong: no first outcome"])
def test_outcomes_that_are_the_next_years_regressors_are_calibrated_too(name):
    (case,) = (case for case in CASES if case.name == name)
    judged = judge(case, collect(ranks(case, simulated(), BASELINE, 40, workers=1)))
    assert as_it_should(case, judged)


@pytest.mark.trust
@pytest.mark.parametrize("case", [case for case in CASES if case.costly], ids=lambda c: c.name)
def test_every_costly_case_is_as_it_should_be_for_a_few_data_sets(case):
    panel = load_panel("recollected", find(case.fitted).reads(BASELINE))
    few = replace(case, batch=40)
    judged = judge(few, collect(ranks(few, panel, BASELINE, 40, workers=1)))
    assert as_it_should(case, judged)
