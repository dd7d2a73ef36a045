"""Power beside print: slopes of the printed size are the reference, and are counted."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import power
from analysis.comparison.coefficients import published_slopes
from analysis.reporting import gallery
from analysis.shared import plotting
from analysis.simulation import power as simulation

KEYS = [("5.1", "GMM"), ("8.2", "conventional"), ("8.2", "province"), ("8.2", "posterior")]


@pytest.fixture
def estimated() -> pd.DataFrame:
    """What `simulation.power` says of one column by GMM, and of one by the other tests."""
    sizes = power.sizes()
    rows = [
        {"panel": "official", "column": column, "term": "indus", "test": test, "data_sets": 200,
         **dict.fromkeys(power.RATES, rate),
         "detectable": 0.2, "reference": sizes[column, "indus"], "power_at_reference": 0.4}
        for (column, test), rate in zip(KEYS, (np.nan, 0.05, 0.1, 0.2), strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(simulation.COLUMNS))


def curves(estimated: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"panel": row.panel, "column": row.column, "term": row.term, "test": row.test,
         "slope": slope, "power": slope / 2}
        for row in estimated.itertuples()
        for slope in (0.0, 0.5, 1.0)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(simulation.CURVES))


def test_the_printed_slope_without_its_sign_stands_beside_each_test(estimated):
    table = power.beside(estimated)
    assert tuple(table.columns) == power.COLUMNS
    printed = published_slopes()
    assert printed.loc[("8.2", "indus"), "coef"] < 0
    for row in table.itertuples():
        published = abs(float(printed.loc[(row.column, row.term), "coef"]))
        assert row.published == published
        assert row.published_over_detectable == published / row.detectable
        assert row.power_at_published == 0.4


def test_a_sentence_counts_the_slopes_that_could_have_been_found(estimated):
    table = power.beside(estimated).assign(published_over_detectable=[2.0, 0.5, 1.0, 0.9])
    said = power.sentence(table)
    assert "1 of 1 by system GMM's own errors" in said
    assert "0 of 1 by conventional errors; 1 of 1 by errors clustered" in said
    assert "5% (conventional errors), 10% (errors clustered" in said
    assert said.count("system GMM") == 1  # it has no rate of false positives


def test_a_reader_sees_three_decimals_and_per_cent(estimated):
    line = power.shown(power.beside(estimated)).iloc[1]
    assert line["minimum detectable effect (80 % power)"] == "0.200"
    assert line["false-positive rate (nominal 5 %)"] == "5% [5%, 5%]"
    assert line["printed"] == f"{power.sizes()['8.2', 'indus']:.3f}"
    small = power.shown(power.beside(estimated).assign(published=2e-5, detectable=4e-6)).iloc[1]
    assert small["printed"] == "0.000020"
    assert small["minimum detectable effect (80 % power)"] == "0.0000040"


def test_the_figure_has_a_frame_for_each_slope(estimated):
    (picture,) = gallery.pictures("power")
    ((name, rows),) = picture.frames(curves(estimated))
    assert name == "power"
    with plotting.matplotlib.rc_context(plotting.STYLE):
        figure = power.draw(rows)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["5.1  indus", "8.2  indus"]
    printed = float(published_slopes().loc[("8.2", "indus"), "coef"])
    assert figure.axes[1].lines[-2].get_xdata()[0] == abs(printed)
