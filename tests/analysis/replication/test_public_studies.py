"""Committed studies of public data: each printed number comes out, or the test says why not."""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from analysis.replication import replicate, small_sample
from analysis.specifications import load, select, studying

STUDIES = Path(__file__).resolve().parents[3] / "data" / "studies"

FEWEST_DRAWS = 99


@cache
def replication(name: str) -> pd.DataFrame:
    study = load(STUDIES / name / "study.toml")
    printed = pd.read_csv(STUDIES / name / "printed.csv", dtype=str)
    columns = list(printed.loc[printed["statistic"] == "coef", "column"].unique())
    with studying(study):
        found = replicate.replicate(study.panel, select(columns), draws=FEWEST_DRAWS)
    rows = found[found["published"].notna()]
    return rows.assign(matches=rows["matches"].astype(bool)).set_index(
        ["column", "term", "statistic"]
    )


def missed(name: str, columns: list[str]) -> set[tuple[str, str, str]]:
    rows = replication(name)
    rows = rows[rows.index.get_level_values("column").isin(columns)]
    assert set(rows.index.get_level_values("column")) == set(columns)
    return set(rows.index[~rows["matches"]])


def test_what_plm_prints_of_public_capital_comes_out_to_the_last_digit():
    assert missed("munnell", ["1.1", "1.2", "1.3", "1.4"]) == set()


def test_munnells_elasticity_of_public_capital_is_cut_not_rounded():
    assert missed("munnell", ["5.1"]) == {("5.1", "ln_pcap", "coef")}
    row = replication("munnell").loc[("5.1", "ln_pcap", "coef")]
    assert row["published"] == "0.15"
    assert 0.15 < row["estimated"] < 0.156


@pytest.mark.parametrize("column", ["2.1", "2.2", "2.3"])
def test_what_stata_prints_differs_by_its_single_precision_logs_alone(column):
    rows = replication("munnell").loc[column]
    rows = rows[rows["published"].str.contains(".", regex=False)]
    difference = rows["estimated"].astype(float) - rows["published"].astype(float)
    assert difference.abs().max() < 6e-7
    assert len(rows) >= 8


def test_what_plm_and_keane_and_neal_print_of_cigarettes_comes_out_to_the_last_digit():
    assert missed("cigarettes", ["8.1", "8.2", "9.1", "9.2", "9.3"]) == set()


def test_the_textbooks_one_step_column_comes_out_but_for_its_t_values():
    assert missed("cigarettes", ["8.6"]) == {("8.6", term, "t") for term in ("L.y", "p", "y")}
    rows = replication("cigarettes").loc[("8.6", slice(None), "t"), :]
    assert (rows["estimated"].astype(float).abs() - rows["published"].astype(float)).max() < 0.7


def test_the_textbooks_t_values_come_out_with_small_sample_errors():
    study = load(STUDIES / "cigarettes" / "study.toml")
    with studying(study):
        (record,) = select(["8.6"])
        found = small_sample.t_values(study.panel.frame, record)
    printed = replication("cigarettes").loc[("8.6", slice(None), "t"), "published"]
    assert printed.to_dict() == {
        ("8.6", term, "t"): f"{abs(found[term]):.1f}" for term in ("L.y", "p", "pn", "y")
    }


@pytest.mark.parametrize("name", ["munnell", "cigarettes"])
def test_every_printed_number_has_a_source_that_the_readme_names(name):
    printed = pd.read_csv(STUDIES / name / "printed.csv", dtype=str)
    readme = (STUDIES / name / "README.md").read_text(encoding="utf-8")
    assert printed["source"].notna().all()
    assert all(f"| `{source}` |" in readme for source in printed["source"].unique())
