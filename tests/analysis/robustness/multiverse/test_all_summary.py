"""Tables of posteriors in every universe, where they are known by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.reporting.readme_blocks import multiverse_all
from analysis.robustness.multiverse import all_summary, draw
from analysis.robustness.multiverse.universes import Found
from analysis.shared import plotting

CONTROLS, SAMPLES = np.array([0.0, 0.3]), np.array([-0.1, 0.0, 0.1])
DRAWN = [0, 4, 4]


def grid(shift: float, reach: float, failed: bool) -> xr.Dataset:
    """Return slopes that are sums of what two choices do; two combinations are one universe."""
    estimate = (CONTROLS[:, None] + SAMPLES + shift)[..., None]
    trusted = np.full(estimate.shape, 1.0 if failed else np.nan)
    if failed:
        trusted[1, 2] = 0
    dims = ("controls", "sample", "term")
    values = {"estimate": estimate, "low": estimate - reach, "high": estimate + reach}
    return xr.Dataset(
        {name: (dims, v) for name, v in values.items()}
        | {
            "trusted": (dims, trusted),
            "regression": (dims[:2], [[0, 0, 1], [2, 3, 4]]),
            "drawn": ("drawn_universe", DRAWN),
        },
        {"controls": ["none", "all"], "sample": ["a", "b", "c"], "term": ["indus"]},
    )


@pytest.fixture(scope="module")
def found() -> Found:
    groups = {
        "/least_squares/3.2": grid(0.0, 0.05, failed=False),
        "/independent/3.2": grid(0.05, 0.1, failed=True),
    }
    printed = pd.DataFrame(
        {"coef": [0.1], "se": [0.03]}, pd.MultiIndex.from_tuples([("3.2", "indus")])
    )
    return Found(xr.DataTree.from_dict(groups), printed, ("3.2",))


def test_quantiles_and_shares_are_over_combinations(found):
    rows = all_summary.table(found).set_index("errors")
    plain, own = rows.loc["least_squares"], rows.loc["independent"]
    # −0.1, 0, 0.1, 0.2, 0.3, 0.4; intervals ± 0.05.
    assert (plain["universes"], plain["distinct"], plain["not_trusted"]) == (6, 5, 0)
    assert plain["median"] == pytest.approx(0.15)
    assert plain["share_same_sign"] == pytest.approx(4 / 6)
    assert (plain["share_excludes_zero"], plain["share_same_side"]) == pytest.approx((5 / 6, 4 / 6))
    assert plain["share_other_side"] == pytest.approx(1 / 6)
    # −0.05, 0.05, 0.15, 0.25, 0.35 with one that failed; intervals ± 0.1.
    assert (own["universes"], own["not_trusted"]) == (5, 1)
    assert own["median"] == pytest.approx(0.15)
    assert own["share_same_side"] == own["share_excludes_zero"] == pytest.approx(3 / 5)
    assert own["share_other_side"] == 0
    # Variances of the choices: 0.0225 and 0.02 / 3, independent of each other.
    assert plain["largest_choice"] == "controls"
    assert plain["largest_total"] == pytest.approx(0.0225 / (0.0225 + 0.02 / 3))
    parts = all_summary.variance(found).set_index(["errors", "choice"])["total"]
    assert parts["least_squares", "sample"] == pytest.approx(0.02 / 3 / (0.0225 + 0.02 / 3))


def test_the_fraction_is_set_beside_the_whole(found):
    rows = all_summary.fraction(found).set_index("errors")
    plain, own = rows.loc["least_squares"], rows.loc["independent"]
    assert (plain["universes"], plain["of"]) == (3, 6)
    assert plain["mean"] == pytest.approx((-0.1 + 0.3 + 0.3) / 3)
    assert plain["mean_of_all"] == pytest.approx(0.15)
    sd = np.std([-0.1, 0, 0.1, 0.2, 0.3, 0.4])
    assert plain["z"] == pytest.approx((0.5 / 3 - 0.15) / (sd / np.sqrt(3)))
    assert (plain["share_same_sign"], plain["share_same_sign_of_all"]) == pytest.approx(
        (2 / 3, 4 / 6)
    )
    assert (own["universes"], own["of"]) == (3, 5)
    assert own["share_excludes_zero"] == pytest.approx(2 / 3)
    assert own["share_excludes_zero_of_all"] == pytest.approx(3 / 5)
    text = all_summary.sentence(all_summary.fraction(found))
    assert text.startswith("The balanced fraction's universes resemble the whole")
    # 2/3 − 4/5, and 2/3 − 3/5.
    assert "printed sign differ by at most 13 percentage points" in text
    assert "exclude zero by at most 7." in text
    far = all_summary.fraction(found).assign(z=4.0)
    assert "do not resemble the whole" in all_summary.sentence(far)


def test_a_count_says_why_there_are_no_more(found):
    text = all_summary.counts(all_summary.table(found))
    assert text.startswith("5 distinct universes (3.2: 5) have a posterior under each of 1 error")
    assert "5 posteriors, of which 1 fail their diagnostics" in text
    assert "`python -m analysis multiverse --count`" in text


def test_a_reader_sees_every_universe_beside_the_fraction(found):
    text = multiverse_all(all_summary.table(found), all_summary.fraction(found))
    assert "| 3.2 | indus | least squares | 0.100 | 0.150 |" in text
    assert "| 67% | 83% | 67% | controls 77% |" in text
    assert "| 3.2 | indus | independent | 3 | 5 |" in text
    assert all_summary.sentence(all_summary.fraction(found)) in text


def test_curves_follow_the_order_of_least_squares_and_are_drawn_beside_it(found, tmp_path):
    curves = all_summary.curves(found)
    wide = curves.pivot(index="bin", columns=["errors", "what"], values="value")
    slopes = wide["least_squares", "estimate"].to_numpy()
    np.testing.assert_allclose(slopes, [-0.1, 0, 0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(wide["independent", "low"][:5], slopes[:5] + 0.05 - 0.1)
    assert np.isnan(wide["independent", "low"].iloc[5])  # its draws failed
    curves.to_csv(tmp_path / "multiverse_all_curves.csv", index=False)
    own = pd.DataFrame(
        [["3.2", "indus", "slope", "estimate", 0, 0.1]],
        columns=["column", "term", "what", "option", "bin", "value"],
    )
    own.to_csv(tmp_path / "multiverse_curves.csv", index=False)
    rows = draw.read(tmp_path / "multiverse_curves.csv")
    assert set(rows["what"]) == {"slope", draw.EVERY}
    assert list(draw.frames(rows)) == []  # no choice is at hand
    with plotting.matplotlib.rc_context(plotting.STYLE):
        axes = plotting.matplotlib.figure.Figure().subplots()
    draw.every_posterior(axes, rows)
    labels = [line.get_label() for line in axes.lines][:2]
    assert labels == ["posterior, independent errors", "least squares, two-way"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), slopes)
    (tmp_path / "multiverse_all_curves.csv").unlink()
    assert set(draw.read(tmp_path / "multiverse_curves.csv")["what"]) == {"slope"}
