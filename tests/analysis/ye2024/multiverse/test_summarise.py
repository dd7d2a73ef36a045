"""What a multiverse says: shares, variance by choice and curves, where they are known."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison.coefficients import published_slopes
from analysis.reporting.readme import MULTIVERSE
from analysis.reporting.readme_blocks import multiverse
from analysis.robustness.multiverse import draw, posteriors
from analysis.robustness.multiverse.summarise import shares, shown
from analysis.shared import plotting
from analysis.ye2024.multiverse import refutation, summarise
from analysis.ye2024.multiverse.choices import APART
from data.ye2024 import recollect
from data.ye2024.definitions import DEFAULTS
from tests.helpers import universes


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    tree = universes.tree()
    return {name: make(tree) for name, make in summarise.TABLES.items()}


def estimates() -> np.ndarray:
    """Return those that count."""
    every = universes.tree()["least_squares/3.2"]["estimate"].sel(normalisation="pooled")
    return every.to_numpy().ravel().astype(float)


def test_shares_of_sign_and_significance(tables):
    row = tables["multiverse"].set_index("column").loc["3.2"]
    slopes, printed = estimates(), published_slopes().loc[("3.2", "indus"), "coef"]
    assert (row["universes"], row["distinct"], row["apart"]) == (60, 59, 60)
    assert (row["share_same_sign_apart"], row["median_apart"]) == (0, -1)
    assert row["share_same_sign"] == (slopes > 0).mean()
    assert 0 < row["share_same_sign"] < 1
    for name, reach in universes.REACH.items():
        assert row[f"share_significant_{name}"] == (slopes > reach).mean()
    assert row["share_opposite_significant"] == (slopes < -universes.REACH["conventional"]).mean()
    assert row["share_below_published"] == (slopes < float(printed)).mean()
    assert row["median"] == pytest.approx(np.median(slopes), rel=1e-6)


def test_posteriors_count_if_they_can_be_trusted(tables):
    row = tables["multiverse"].set_index("column").loc["3.2"]
    assert (row["posteriors"], row["not_trusted"]) == (3, 1)
    assert row["share_same_sign_posterior"] == pytest.approx(2 / 3)
    assert row["share_certain_posterior"] == pytest.approx(1 / 3)


def test_posteriors_of_each_error_structure_stand_side_by_side(tables):
    found = tables["multiverse_posteriors"].set_index("errors")
    assert list(found.index) == ["independent", "growth"]
    own = found.loc["independent"]
    assert (own["posteriors"], own["not_trusted"], own["median"]) == (4, 0, pytest.approx(0.2))
    assert (own["share_certain"], own["share_opposite_certain"]) == (0.75, 0.25)
    assert own["mean_sd"] == pytest.approx(0.2 / (2 * 1.959964), rel=1e-6)
    main = found.loc["growth"]
    assert (
        main["share_same_sign"]
        == tables["multiverse"].set_index("column").loc["3.2", "share_same_sign_posterior"]
    )
    curves = tables["multiverse_curves"].query("what == 'posterior'")
    means = curves[curves["option"] == "growth mean"]["value"]
    assert means.tolist() == sorted(means)
    assert len(means) == 3  # of a fit that failed nothing is drawn


def test_the_fraction_is_set_beside_all_by_least_squares(tables):
    (row,) = tables["multiverse_fraction"].to_dict("records")
    made = universes.effects()
    plain = made["agglomeration"][0] + made["effects"][0] + 0.02
    every = plain + made["sample"]
    part = every[[0, 1, 2, 2]]
    assert (row["universes"], row["of"]) == (4, 4)
    assert row["mean"] == pytest.approx(part.mean(), abs=1e-6)
    assert row["mean_of_all"] == pytest.approx(every.mean(), abs=1e-6)
    assert row["z"] == pytest.approx((part.mean() - every.mean()) / (every.std() / 2), rel=1e-4)
    found = tables["multiverse_fraction"]
    assert posteriors.sentence(found).startswith("The posteriors' universes resemble all")
    gap = abs(row["share_same_sign"] - row["share_same_sign_of_all"])
    assert f"by at most {100 * gap:.0f} percentage points." in posteriors.sentence(found)
    assert "do not resemble all" in posteriors.sentence(found.assign(z=4.0))


def test_table_2_refutes_exactly_what_is_not_counted(tables):
    """Computed from the Dataset and Table 2, option by option; APART only says it again."""
    found = tables["multiverse_refuted"]
    refuted = found[found["refuted"] == "yes"]
    options = refuted.groupby("choice")["option"].agg(lambda of: tuple(dict.fromkeys(of)))
    assert options.to_dict() == {choice: apart for choice, apart in APART.items() if apart}
    index = refuted.set_index("variable").loc["produ"]
    assert (index["printed_mean"], index["printed_sd"]) == (0.122, 0.120)
    assert index["mean"] == pytest.approx(0.206, abs=5e-4)
    assert index["sd"] == pytest.approx(0.194, abs=5e-4)
    assert refutation.sentence(found).startswith("`by_year` has mean 0.206 and sd 0.194 in produ")
    # The default construction of the Dataset, by hand.
    cells = recollect.load()["produ"]
    plain = {name: value for name, value in DEFAULTS.items() if name in cells.dims}
    cells = cells.sel(plain | {"normalisation": "by_year"})
    assert cells.mean() == pytest.approx(0.208, abs=5e-4)
    assert cells.std(ddof=1) == pytest.approx(0.195, abs=5e-4)


def test_wild_bootstraps_count_on_the_printed_side(tables):
    row = tables["multiverse"].set_index("column").loc["3.2"]
    assert row["wild_bootstraps"] == 3
    assert row["share_significant_wild"] == pytest.approx(1 / 3)
    assert row["share_significant_province_there"] == pytest.approx(2 / 3)
    assert np.isnan(tables["multiverse"].set_index("column").loc["5.1", "wild_bootstraps"])


def test_gmm_without_an_estimate_does_not_count(tables):
    row = tables["multiverse"].set_index("column").loc["5.1"]
    assert (row["family"], row["term"], row["universes"]) == ("gmm", "indus", 3)
    assert row["share_same_sign"] == pytest.approx(2 / 3)
    assert row["share_significant_conventional"] == pytest.approx(1 / 3)
    assert row["share_opposite_significant"] == pytest.approx(1 / 3)
    assert np.isnan(row["share_significant_province"])


def test_variance_of_a_sum_is_that_of_its_parts(tables):
    found = tables["multiverse_variance"].set_index("choice")
    parts = {name: values.var() for name, values in universes.effects().items()}
    for name, variance in parts.items():
        assert found.loc[name, "main"] == pytest.approx(variance / sum(parts.values()), rel=1e-5)
        assert found.loc[name, "total"] == pytest.approx(found.loc[name, "main"], rel=1e-5)
    assert found["options"].to_dict() == universes.SIZES


def test_what_interacts_stands_in_totals_alone():
    values = np.outer([-1.0, 1.0], [-1.0, 1.0])
    assert shares(values) == {0: (0.0, 1.0), 1: (0.0, 1.0)}


def test_options_are_means_over_all_else(tables):
    found = tables["multiverse_options"].set_index(["choice", "option"])
    made = universes.effects()
    others = sum(values.mean() for name, values in made.items() if name != "sample") + 0.02
    for i, effect in enumerate(made["sample"]):
        row = found.loc[("sample", f"sample {i}")]
        assert row["mean"] == pytest.approx(others + effect, abs=1e-6)
    assert (found["share_significant"] <= found["share_same_sign"]).all()


def test_curves_are_sorted_and_their_matrix_adds_up(tables):
    own = tables["multiverse_curves"].query("column == '3.2'")
    slope = own[(own["what"] == "slope") & (own["option"] == "estimate")]["value"]
    np.testing.assert_allclose(slope, np.sort(estimates()), atol=1e-6)
    for name in universes.SIZES:
        total = own[own["what"] == name].groupby("bin")["value"].sum()
        np.testing.assert_allclose(total, 1)


def test_the_figures_mark_the_printed_slope_at_its_place(tables):
    ((name, rows),) = draw.frames(tables["multiverse_curves"])
    assert name == "specification_curve"
    with plotting.matplotlib.rc_context(plotting.STYLE):
        figure = draw.draw(rows, published_slopes())
    curve, _, below, _, matrix, bars = figure.axes
    labels = [line.get_label() for line in below.lines[:2]]
    assert labels == ["posterior, independent errors", "posterior, growth"]
    (point,) = [line for line in curve.lines if line.get_marker() == "D"]
    printed = float(published_slopes().loc[("3.2", "indus"), "coef"])
    assert point.get_ydata()[0] == printed
    assert point.get_xdata()[0] == pytest.approx((estimates() < printed).mean())
    assert len(matrix.images) == sum(universes.SIZES.values())
    assert len(bars.patches) == 2 * len(universes.SIZES)
    ((_, every),) = draw.overview_frames(tables["multiverse_curves"])
    titles = [
        axes.get_title(loc="left")[:3] for axes in draw.overview(every, published_slopes()).axes
    ]
    assert titles == ["3.2", "5.1"]


def test_a_reader_sees_per_cent_and_three_decimals(tables):
    text = multiverse(*(tables[name] for name in MULTIVERSE))
    line = next(row for row in text.splitlines() if "| 3.2 |" in row)
    share = f"{(estimates() > 0).mean():.0%}"
    assert f"| 0.105 | {np.median(estimates()):.3f} |" in line
    assert share in line
    assert "60 least-squares universes count, which are 59 distinct regressions" in text
    assert "4 of independent, 4 of growth; 1 fail their diagnostics" in text
    assert "Its 60 universes of 3.2 are not counted: 0% of them have the printed sign" in text


def test_a_reader_sees_digits_of_small_slopes(tables):
    scaled = tables["multiverse"].query("column == '3.2'").copy()
    scaled[["published", "median", "q025", "q975"]] = [[2e-5, 3e-5, -4e-6, 8e-5]]
    (line,) = shown(scaled).to_dict("records")
    assert (line["printed"], line["median"]) == ("0.000020", "0.000030")
    assert (line["2.5 %"], line["97.5 %"]) == ("-0.0000040", "0.000080")
