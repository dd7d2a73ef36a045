"""The simulation study: data have the truth they are said to have, and the rule is applied."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from analysis.shared import parallel
from analysis.simulation import dynamic_study
from analysis.simulation.dynamic_study import CELLS, Cell, Truth
from analysis.specifications import select
from data.errors import UserError
from models.design import LAG
from tests.helpers.fits import official, simulated, thinned

(COLUMN,) = select(["5.1"])


@pytest.fixture(scope="module")
def study() -> dynamic_study.Study:
    return dynamic_study.study(official("5.1"), COLUMN)


@pytest.fixture(scope="module")
def whole(study):
    return dynamic_study.Data(study.rows, COLUMN).whole


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_outcomes_obey_the_equation(cell, whole):
    made = replace(dynamic_study.truth(whole, cell.rho), sigma=np.zeros(31))
    y, x = dynamic_study.outcome(cell, made, np.random.default_rng(1))
    effect = y[:, 1:] - cell.rho * y[:, :-1] - made.steady[:, 1:]
    effect -= made.slope[0] * (x - made.interest)[:, 1:]
    assert_allclose(effect, np.repeat(effect[:, :1], 12, axis=1), atol=1e-10)
    expected = (1 - min(cell.rho, 0.95)) * made.spread
    assert 0.6 < effect[:, 0].std() / expected < 1.5


def still(n: int, rho: float) -> Truth:
    """Return a truth in which nothing moves but the errors."""
    own = np.random.default_rng(0).normal(size=(n, 1)).repeat(13, axis=1)
    return Truth(rho, np.zeros(1), np.zeros((n, 13)), np.full(n, 0.5), 1.0, own, 2.0)


def test_at_rest_the_first_year_is_as_the_last_and_its_moves_know_no_effect():
    """System GMM's moments hold, and do not where provinces start far off."""
    n, rho = 200_000, 0.8
    y, _ = dynamic_study.outcome(Cell(rho, "stationary"), still(n, rho), np.random.default_rng(1))
    assert_allclose(y[:, [0, -1]].var(axis=0), 1 + 0.25 / (1 - rho**2), rtol=0.02)
    effect = (y[:, 1:] - rho * y[:, :-1]).mean(axis=1)
    assert abs(np.corrcoef(y[:, 1] - y[:, 0], effect)[0, 1]) < 0.2  # errors of that year alone
    off, _ = dynamic_study.outcome(Cell(rho, "far"), still(n, rho), np.random.default_rng(1))
    effect = (off[:, 5:] - rho * off[:, 4:-1]).mean(axis=1)
    assert abs(np.corrcoef(off[:, 0], effect)[0, 1]) < 0.01
    assert np.corrcoef(off[:, 1] - off[:, 0], effect)[0, 1] > 0.1


def test_related_effects_go_with_the_regressor():
    n = 50_000
    made = replace(still(n, 0.8), sigma=np.zeros(n))
    for besides, expected in (("related", dynamic_study.RELATED), ("", 0.0)):
        cell = Cell(0.8, "stationary", besides)
        y, x = dynamic_study.outcome(cell, made, np.random.default_rng(1))
        found = np.corrcoef(y[:, 0], x.mean(axis=1))[0, 1]
        assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("besides", ["", "feedback", "runs"])
def test_errors_move_the_regressor_or_each_other_where_they_are_said_to(besides):
    n, rho = 100_000, 0.8
    made = replace(still(n, rho), spread=0.0)  # no province effects
    y, x = dynamic_study.outcome(Cell(rho, "stationary", besides), made, np.random.default_rng(1))
    error = (y[:, 1:] - rho * y[:, :-1]) / 0.5
    added = (x - made.interest)[:, 1:]
    feedback = dynamic_study.FEEDBACK * made.reach if besides == "feedback" else 0.0
    for later in (1, 2, 3):  # years after the error
        moved = added[:, 5 + later] @ error[:, 5] / n
        assert moved == pytest.approx(feedback * dynamic_study.FADES ** (later - 1), abs=0.03)
    runs = dynamic_study.RUNS if besides == "runs" else 0.0
    assert error[:, 5] @ error[:, 6] / n == pytest.approx(runs, abs=0.02)


def test_the_truth_is_what_made_the_data(whole):
    cell = Cell(0.8, "far")
    made = replace(dynamic_study.truth(whole, 0.8), sigma=np.zeros(31))
    y, _ = dynamic_study.outcome(cell, made, np.random.default_rng(2))
    again = dynamic_study.truth(whole.with_outcome(y.ravel()), 0.8)
    assert_allclose(again.slope, made.slope, rtol=1e-6)
    assert_allclose(again.sigma, 0, atol=1e-9)


def test_residual_scales_are_the_panels_own(whole):
    sigma = dynamic_study.truth(whole, 0.95).sigma
    assert sigma.shape == (31,)
    assert len(np.unique(sigma.round(12))) == 3


def test_a_data_set_depends_on_its_number_alone(study):
    cell = CELLS[1]
    _, both = dynamic_study.run_batch(study, dynamic_study.Batch(cell, range(3, 5)))
    _, second = dynamic_study.run_batch(study, dynamic_study.Batch(cell, range(4, 5)))
    assert_allclose(both["estimates"][1], second["estimates"][0], rtol=1e-12)
    assert both["estimates"].shape == (2, len(dynamic_study.NAMES), 2, 3)
    assert not np.allclose(both["estimates"][0], both["estimates"][1])
    estimate, low, high = np.moveaxis(both["estimates"], -1, 0)
    assert (low < estimate).all()
    assert (estimate < high).all()
    assert np.isnan(both["by_nuts"]).all()


def test_a_study_goes_on_where_it_was_and_can_be_read(study, tmp_path, monkeypatch):
    cells = CELLS[:1]
    batches = dynamic_study.batches(cells, 20)
    for batch in batches:
        rng = np.random.default_rng(batch.numbers.start)
        estimates = rng.normal(size=(10, len(dynamic_study.NAMES), 2, 3)).cumsum(axis=-1)
        arrays = {"estimates": estimates, "independent": np.ones(10, bool)}
        np.savez(tmp_path / batch.name, **arrays, by_nuts=estimates[:, -1])
    asked = []
    monkeypatch.setattr(parallel, "spread", lambda task, listed, *_: asked.extend(listed) or ())
    done = dict(dynamic_study.run(study, cells, 20, tmp_path))
    assert list(done) == batches
    assert done[batches[0]]["independent"].all()
    assert not asked
    (tmp_path / batches[1].name).unlink()
    assert len(list(dynamic_study.run(study, cells, 20, tmp_path))) == 1
    assert asked == [batches[1]]


def test_one_cell_from_end_to_end(study, tmp_path):
    cells = (Cell(1.05, "history"),)
    folder = dynamic_study.folder_of(study, tmp_path)
    small = 2
    done = {}
    for batch, arrays in dynamic_study.run(study, cells, small, folder, workers=1):
        assert (folder / batch.name).is_file()
        done[batch] = arrays
    dataset = dynamic_study.collect(study, cells, done)
    assert dataset["truth"].sel(term=LAG).item() == 1.05
    dynamic_study.write(dataset, tmp_path / dynamic_study.FILE, folder)
    assert not folder.exists()
    with xr.open_dataset(tmp_path / dynamic_study.FILE) as read:
        found = dynamic_study.summary(read.load())
    assert tuple(found.columns) == dynamic_study.COLUMNS
    assert len(found) == len(dynamic_study.NAMES) * 2
    assert "NUTS on 1 data sets" in dynamic_study.words_on_nuts(dataset)
    own = dataset.sel(estimator=dynamic_study.MODEL)
    sd = (own["high"] - own["low"]).to_numpy()[0, 0] / 4
    nuts, ours = dataset["nuts"][0, 0, :, 0].to_numpy(), own["estimate"].to_numpy()[0, 0]
    assert (np.abs(nuts - ours) < 0.5 * sd).all()


def test_an_estimator_is_judged_by_its_errors_and_intervals():
    estimate = np.array([0.9, 1.1, 1.2, np.nan])
    found = dynamic_study.assess(estimate, estimate - 0.15, estimate + 0.15, 1.0)
    assert found["data_sets"] == 4
    assert found["estimated"] == 3
    assert found["bias"] == pytest.approx(0.2 / 3)
    assert found["rmse"] == pytest.approx(np.sqrt((0.01 + 0.01 + 0.04) / 3))
    assert found["coverage"] == 0.5  # the last is not covered, nor is that without an estimate
    assert found["above_one"] == 0.25
    assert not dynamic_study.assess(estimate, estimate + 1, estimate + 2, 1.0)["holds"]


def judged(**cells: tuple[float, float, bool]) -> pd.DataFrame:
    """Return rows of one estimator: error of the root, false alarms and whether it holds."""
    rows = []
    for cell, (rmse, alarms, holds) in cells.items():
        base = {"cell": cell, "rho": 1.05 if cell == "above" else 0.8, "holds": holds}
        base |= {"rmse": rmse, "above_one_low": alarms, "above_one": alarms + 0.01}
        rows += [base | {"term": LAG}, base | {"term": "indus", "above_one_low": np.nan}]
    return pd.DataFrame(rows)


def test_the_rule_recommends_what_holds_most_often_then_what_errs_least():
    made = {
        "often": judged(below=(0.2, 0.0, True), above=(0.2, 1.0, True)),
        "closer": judged(below=(0.1, 0.01, True), above=(0.2, 1.0, True)),
        "best once": judged(below=(0.01, 0.0, True), above=(0.1, 1.0, False)),
    }
    found = pd.concat([rows.assign(estimator=name) for name, rows in made.items()])
    ranked = dynamic_study.ranking(found)
    assert ranked["estimator"].tolist() == ["closer", "often", "best once"]
    assert ranked["holds"].tolist() == [4, 4, 2]
    assert ranked.loc[0, "false_alarms"] == 0.01
    assert ranked.loc[0, "relative_rmse"] == pytest.approx(np.sqrt(10 * 2))


@pytest.mark.parametrize(
    ("own_low", "printed_low", "alarms", "verdict"),
    [
        (1.02, 1.08, 0.01, dynamic_study.SAYS_DATA),
        (1.02, 0.90, 0.01, dynamic_study.SAYS_DATA),
        (0.97, 1.08, 0.01, dynamic_study.SAYS_ESTIMATOR),
        (1.02, 1.08, 0.10, dynamic_study.SAYS_ESTIMATOR),
        (0.97, 0.90, 0.01, dynamic_study.SAYS_NOTHING),
    ],
)
def test_who_says_that_a_root_is_above_one(own_low, printed_low, alarms, verdict):
    keys = {"panel": "p", "column": "5.1", "term": LAG, "high": 1.2}
    table = pd.DataFrame(
        [
            keys | {"estimator": "dynamic", "low": own_low},
            keys | {"estimator": dynamic_study.PUBLISHED, "low": printed_low},
        ]
    )
    ranked = pd.DataFrame([{"estimator": "dynamic", "false_alarms": alarms}])
    assert dynamic_study.verdicts(table, ranked, "dynamic")["verdict"].tolist() == [verdict]


def test_the_answer_is_the_recommended_estimators_and_the_closest_one_is_said_not_to_count():
    own = judged(below=(0.1, 0.0, True), above=(0.1, 1.0, False))
    wide = judged(below=(2.0, 0.0, True), above=(2.0, 0.5, True))
    gmm = judged(below=(0.5, 0.2, False), above=(0.5, 1.0, False))
    named = {"dynamic": own, "difference_gmm": wide, "system_gmm": gmm}
    found = pd.concat([rows.assign(estimator=name) for name, rows in named.items()])
    found = found.assign(coverage=0.6)
    lows = {
        "dynamic": 1.02,
        "difference_gmm": 0.7,
        "system_gmm": 1.05,
        dynamic_study.PUBLISHED: 1.08,
    }
    keys = {"panel": "p", "column": "5.1", "term": LAG, "high": 1.2}
    table = pd.DataFrame([keys | {"estimator": e, "low": low} for e, low in lows.items()])
    first, said, closest, besides = dynamic_study.answer(table, found).split("\n\n")
    assert first.startswith("Recommended by the rule is difference GMM: its intervals hold in 4 ")
    assert "Where ρ is above 1 it finds it so in 51% (above) of data sets." in first
    assert "The estimator says it for 5.1 on p." in said
    assert "does not count" in closest
    assert "above (L.y: 60%)" in closest
    assert "The data say it for 5.1 on p." in besides
    # Where the closest is recommended, nothing is said besides.
    found.loc[found["estimator"] == "dynamic", "holds"] = True
    assert len(dynamic_study.answer(table, found).split("\n\n")) == 2


def test_numbers_out_of_all_bounds_are_shown_by_their_size():
    rows = pd.DataFrame(
        {"cell": "a", "estimator": ["within", "kiviet"], "bias": [-0.1234, 3.2e20],
         "rmse": [0.2, 4e20], "coverage": 0.5, "holds": [True, False]}
    )  # fmt: skip
    (line,) = dynamic_study.side_by_side(rows).to_dict("records")
    assert list(line.values())[1:] == ["-0.123 0.200 50%", "+3e+20 4e+20 50% ✗"]


def test_static_columns_and_panels_with_gaps_are_refused():
    with pytest.raises(UserError, match="no lagged outcome"):
        dynamic_study.study(official(), select(["3.2"])[0])
    with pytest.raises(UserError, match="has gaps"):
        dynamic_study.study(thinned(simulated(), 0.1), COLUMN)
