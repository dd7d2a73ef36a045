"""What draws of unobserved cells do, as the data's README says it, from the committed tables."""

import pandas as pd

from analysis.reporting import imputation_block
from analysis.shared.outputs import Outputs, read_result


def committed(name):
    return read_result(Outputs().results, name)


def test_the_headline_is_pooled_over_draws_beside_the_panel_itself():
    lines = imputation_block.estimates(committed("imputed")).splitlines()
    assert lines[0].startswith("| panel | column | panel itself | pooled (SE) |")
    assert len(lines) == 2 + 3 * 4  # three official panels, four columns


def test_bias_and_coverage_are_said_before_their_table():
    text = imputation_block.imputation(
        committed("imputation_study"), committed("imputation_outcome")
    )
    without = committed("imputation_study").set_index("method").loc["without"]
    assert f"bias the slope by {without['relative_bias']:+.1%} [" in text
    low, high = without[["bias_low", "bias_high"]] / without["true_slope"]
    assert f"[{low:+.1%}, {high:+.1%}]. Pooled" in text
    assert f"hold the true slope in {without['coverage']:.1%};" in text
    assert text.count("| --- |") >= 2


def test_posteriors_over_draws_stand_beside_the_printed_slope():
    row = {"panel": "official:imputed", "column": "3.2", "model": "growth", "term": "indus"}
    row |= {
        "published": 0.105,
        "mean": 0.01,
        "q025": -0.02,
        "q975": 0.04,
        "share": 0.1,
        "per_sd": 0.05,
        "draws": 40,
    }
    other = row | {"panel": "official-census4:imputed"}
    rows = [other, row | {"column": "6.1", "term": "density"}, row, row | {"term": "fin"}]
    text = imputation_block.posteriors(pd.DataFrame(rows))
    lines = text.splitlines()[2:]  # slopes of controls are not shown
    assert [line.split(" | ")[:3] for line in lines] == [
        ["| `official:imputed`", "3.2", "`indus`"],
        ["| `official:imputed`", "6.1", "`density`"],
        ["| `official-census4:imputed`", "3.2", "`indus`"],
    ]
    assert "| `growth` | 0.105 | 0.010 [-0.020, 0.040] | 10.0% |" in lines[0]


def test_filled_cells_are_counted_from_the_dataset():
    text = imputation_block.filled()
    assert "5,642 indicator cells" in text
    assert text.startswith("**13.3%")
    assert "24% of the cells behind `indus` rest on a published share" in text
    assert "Of 109 known shares left out" in text
    short = imputation_block.shares()
    assert short.startswith("Of the cells behind the index 87% are observed")
    assert "24% rest on a published share of industry and 46% on" in short
