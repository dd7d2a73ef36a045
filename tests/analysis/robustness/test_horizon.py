"""The study of horizons distinguishes slopes over one year from those over many."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.robustness import horizon
from analysis.shared import plotting
from analysis.specifications import select
from data.shared.errors import UserError
from models.design import design
from models.frequentist import horizons
from tests.helpers.true_panels import simulated_panel

BASELINE, SHORT, DYNAMIC = select(["3.2", "6.3", "5.1"])


@pytest.fixture(scope="module")
def panel():
    """A panel whose outcome follows the regressor's trend alone, and not its yearly changes."""
    made = simulated_panel(seed=5)
    frame = made.frame.copy()
    rng = np.random.default_rng(1)
    t = (frame["year"] - frame["year"].min()).to_numpy() / 10
    steepness = dict(zip(frame["province"].unique(), rng.standard_normal(31), strict=True))
    slow = frame["province"].map(steepness).to_numpy() * t
    frame["indus"] = slow + rng.standard_normal(len(frame))
    frame["produ"] = slow + 0.1 * rng.standard_normal(len(frame))
    return replace(made, name="official", frame=frame)


@pytest.fixture(scope="module")
def found(panel, tmp_path_factory):
    return horizon.table(panel, BASELINE, tmp_path_factory.mktemp("none"))


def test_slopes_grow_with_the_horizon_where_only_trends_go_together(found):
    steps = found[found["kind"] == horizon.DIFFERENCE].set_index("years")["coef"]
    assert list(steps.index) == list(horizon.YEARS)
    assert abs(steps[1]) < 0.1 < steps[8]
    assert tuple(found.columns) == horizon.COLUMNS


def test_a_row_is_the_estimate_with_its_interval(found, panel):
    row = found[(found["kind"] == horizon.DIFFERENCE) & (found["years"] == 3)].iloc[0]
    fit = horizons.differences(design(panel.frame, BASELINE), 3)
    assert (row["coef"], row["se"], row["rows"]) == (fit.slope[0], fit.se[0], fit.n)
    assert row["low"] < row["coef"] < row["high"]


def test_horizons_without_enough_years_are_left_out(panel, tmp_path):
    short = replace(SHORT, last_year=int(panel.frame["year"].min()) + 5)
    rows = horizon.table(panel, short, tmp_path)
    assert rows.loc[rows["kind"] == horizon.DIFFERENCE, "years"].max() == 5


def test_a_dynamic_column_is_refused(panel, tmp_path):
    with pytest.raises(UserError, match="horizons are of static columns"):
        horizon.table(panel, DYNAMIC, tmp_path)


def test_the_sentence_names_the_nearest_horizon(found):
    words = horizon.sentence(found)
    assert "over 1 year and" in words
    level = found.loc[found["kind"] == horizon.LEVELS, "coef"].iloc[0]
    assert f"differences over {horizon.nearest(found, level)} years" in words
    line = horizon.summary(found).iloc[0]
    assert {"1 y", "8 y", "levels", "lags"} <= set(line.index)


def test_a_slope_of_a_model_with_trends_is_shown_within_and_between_them(found, tmp_path):
    extra = found.tail(2).assign(
        kind=[horizon.WITHIN, horizon.BETWEEN], model="growth", coef=[0.02, 0.3], low=[0, 0.1],
        high=[0.04, 0.5], years=np.nan,
    )  # fmt: skip
    import pandas as pd

    rows = pd.concat([found, extra], ignore_index=True)
    assert "answers for deviations from provinces' trends: 0.020" in horizon.sentence(rows)
    ((name, drawn),) = horizon.headline(rows)
    paths = plotting.save(horizon.draw, drawn, tmp_path / name)
    assert all(path.stat().st_size > 5_000 for path in paths)
