"""The ledger of a study: verdicts from its own panel and printed numbers."""

import pandas as pd
import pytest

from analysis.claims import evidence, study
from analysis.claims.evidence import SOURCES
from analysis.claims.records import Claim
from analysis.specifications import evidence_model, home, load, select, studying
from data.studies.claims import StudyClaim
from tests.helpers import studies


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    with studying(load(studies.write(tmp_path_factory.mktemp("roads")))) as loaded:
        yield loaded


def tables(**changes: object) -> dict[str, pd.DataFrame]:
    """Return the tables of a posterior of 2.2 that is surely above zero."""
    (record,) = select(["2.2"])
    fit = {"panel": "counties", "column": "2.2", "term": "dens", "model": evidence_model(record)}
    fit |= {"fitted_column": home(record)[0].column, "gate": "pass", "fits": "pass"}
    fit |= {"mean": 0.5, "q025": 0.4, "q975": 0.6, "p_same_sign": 1.0, "p_rope": 0.0}
    fit |= {"p_printed": 0.99, "agreement": "agrees", "fitted_as": None}
    printed = {"panel": "counties", "column": "2.2", "term": "dens"}
    cells = [{"statistic": "coef", "published": "0.52"}, {"statistic": "stars", "published": "**"}]
    return dict.fromkeys(SOURCES, pd.DataFrame()) | {
        "comparison": pd.DataFrame([fit | changes]),
        "replication": pd.DataFrame([printed | cell for cell in cells]),
    }


CLAIM = StudyClaim("Roads raise output in the centre.", "2.2", "dens", "sign", float("nan"))


def test_a_region_of_a_study_is_judged_by_its_own_column(roads):
    (row,) = study.table([CLAIM], tables(), "counties").to_dict("records")
    assert row["printed"] == "0.52**"
    assert row["sign"] == "supported, checks pending"
    assert row["magnitude"] == "practically equal"
    assert "other priors" in row["pending"]


def test_pending_checks_come_with_the_commands_that_make_them(roads):
    whole = StudyClaim("Roads raise output.", "2.1", "dens", "sign", float("nan"))
    found = tables(column="2.1", fitted_column="2.1", model="growth")
    found["replication"] = found["replication"].assign(column="2.1")
    said = study.remedies([whole, whole], found, "counties", ["2.1"])
    other, *more = said
    assert other.startswith("sample 2.1 --model ar1_province_slopes")
    assert more == ["sensitivity 2.1", "multiverse"]


def test_no_command_makes_universes_of_a_column_that_is_not_crossed(roads):
    claim = StudyClaim("Roads raise output.", "3.1", "dens", "sign", float("nan"))
    found = tables(column="3.1", fitted_column="3.1", model="dynamic")
    found["replication"] = found["replication"].assign(column="3.1")
    said = study.remedies([claim], found, "counties", ["2.1", "2.2"])
    assert "sensitivity 3.1" in said
    assert "multiverse" not in said
    rows = study.table([claim], found, "counties")
    assert study.uncrossed(rows, ["2.1", "2.2"]) == ["3.1"]
    assert study.uncrossed(rows, ["3.1"]) == []
    assert rows["sign"].tolist() == ["supported, checks pending"]


def test_no_command_makes_what_one_region_cannot_have(roads):
    none = evidence.Models(lambda _: "growth_region", lambda _: [], lambda _: True)
    claim = Claim("1", "", "", "", "2.1", "dens", "sign")
    assert evidence.remedy(claim, "other models", "counties", tables(), none) == ""


def test_a_study_without_regions_has_a_second_model_of_correlated_errors(tmp_path):
    text = studies.STUDY.replace('region = "zone"', "").replace("zone == 'central'", "yr > 1991")
    with studying(load(studies.write(tmp_path, text))):
        whole = StudyClaim("Roads raise output.", "2.1", "dens", "sign", float("nan"))
        found = tables(column="2.1", fitted_column="2.1", model="growth_region")
        found["replication"] = found["replication"].assign(column="2.1")
        said = study.remedies([whole], found, "counties", ["2.1"])
        assert said[0] == "sample 2.1 --model ar1_region, then compare"
        rival = found["comparison"].assign(model="ar1_region")
        found["comparison"] = pd.concat([found["comparison"], rival], ignore_index=True)
        (row,) = study.table([whole], found, "counties").to_dict("records")
        assert "other models" not in row["pending"]
        found["comparison"].loc[1, "q025"] = -0.1
        (row,) = study.table([whole], found, "counties").to_dict("records")
        assert row["reversed_by"] == "ar1_region (other models, counties)"


def test_a_posterior_that_is_missing_or_failed_gives_no_verdict(roads):
    for changes in ({"panel": "official"}, {"gate": "fail"}, {"fits": "fail"}):
        (row,) = study.table([CLAIM], tables(**changes), "counties").to_dict("records")
        assert row["sign"] == "not assessed"


def test_the_remedy_of_a_failed_gate_is_more_draws(roads):
    said = study.remedies([CLAIM], tables(gate="fail"), "counties", ["2.1"])
    assert said == [f"sample {CLAIM.column}, then compare{evidence.MORE}"]
    assert evidence.MORE not in study.remedies([CLAIM], tables(panel="x"), "counties", [])[0]


def test_what_is_not_printed_is_not_tested(roads):
    claim = StudyClaim("Jobs raise output.", "2.1", "log(jobs)", "sign", float("nan"))
    (row,) = study.table([claim], tables(), "counties").to_dict("records")
    assert row["sign"] == "not tested by the paper"


def test_a_printed_number_keeps_its_zero_where_no_star_is_printed(roads, tmp_path):
    cells = tables()["replication"].assign(published=["0.520", ""])
    (tmp_path / "replication.csv").write_text(cells.to_csv(index=False))
    read = evidence.read(tmp_path)
    (row,) = study.table(
        [CLAIM], tables() | {"replication": read["replication"]}, "counties"
    ).to_dict("records")
    assert row["printed"] == "0.520"
