"""The rule's first edition: what counts as evidence, and what turns a finding."""

import numpy as np
import pandas as pd
import pytest
import typer

from analysis.__main__ import app
from analysis.claims import evidence, first_rule
from analysis.claims.first_edition import assess
from analysis.claims.first_rule import finding, verdict
from analysis.claims.records import EVIDENCE, IMPLIED
from analysis.specifications import SPECIFICATIONS, select
from analysis.ye2024.claims import CLAIMS
from models.bayesian.registry import find, models_for
from tests.helpers import results
from tests.helpers.ledger import BY_ID, tables


def changed(name: str, value: object, **at: str) -> dict[str, pd.DataFrame]:
    found = tables()
    frame = found["comparison"].copy()
    rows = (frame[list(at)] == pd.Series(at)).all(axis=1)
    assert rows.any()
    frame.loc[rows, name] = value
    return found | {"comparison": frame}


MAIN = {"column": "3.2", "model": first_rule.MODEL}


# --- the rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probability", "found"),
    [(0.975, "for"), (0.9749, "open"), (0.0251, "open"), (0.025, "against"), (np.nan, "missing")],
)
def test_a_finding_is_certain_or_open(probability, found):
    assert finding(probability) == found


@pytest.mark.parametrize(
    ("findings", "turned", "word"),
    [
        (("for", "for", "for"), (), "supported"),
        (("for", "for", "for"), ("Shanghai",), "fragile"),
        (("for", "open", "for"), (), "depends on the data"),
        (("for", "against", "open"), ("Shanghai",), "depends on the data"),
        (("open", "open", "open"), (), "inconclusive"),
        (("open", "against", "open"), (), "partly contradicted"),
        (("against", "against", "against"), (), "contradicted"),
        (("for", "missing", "for"), (), "not assessed"),
        ((), (), "not assessed"),
    ],
)
def test_the_verdict_follows_from_the_findings(findings, turned, word):
    assert verdict(findings, turned) == word


def test_a_claim_that_was_not_put_to_everything_does_not_stand_yet():
    assert verdict(("for",) * 3, (), checked=False) == "supported, checks pending"
    assert verdict(("for",) * 3, ("Shanghai",), checked=False) == "fragile"
    assert verdict(("for", "open", "for"), (), checked=False) == "depends on the data"


def test_every_verdict_has_its_meaning():
    assert {verdict((f,) * 3, t) for f in ("for", "open", "against", "missing") for t in ((), "x")}
    assert verdict((), (), tested=False) in first_rule.VERDICTS


def test_every_column_of_the_paper_has_a_claim():
    assert {claim.column for claim in CLAIMS} - {""} == {r.column for r in SPECIFICATIONS}
    assert len(BY_ID) == len(CLAIMS)


# --- evidence -----------------------------------------------------------------------------------


def test_a_claim_stands_on_the_official_panels_alone():
    assert assess(BY_ID["H1a"], tables())["verdict"] == "supported"
    # Whatever the implied panel says, the verdict is the same.
    for value in (0.5, 0.01):
        found = assess(BY_ID["H1a"], changed("p_same_sign", value, panel=IMPLIED[0], **MAIN))
        assert found["verdict"] == "supported"
        assert IMPLIED[0] not in found["panels"]


@pytest.mark.parametrize("panel", EVIDENCE)
def test_each_official_panel_counts(panel):
    found = assess(BY_ID["H1a"], changed("p_same_sign", 0.9, panel=panel, **MAIN))
    assert found["verdict"] == "depends on the data"
    assert "0.900, open" in found["reason"]


def test_a_failed_gate_gives_no_finding():
    found = assess(BY_ID["H1a"], changed("gate", "fail", panel=EVIDENCE[0], **MAIN))
    assert found["verdict"] == "not assessed"
    assert "failed its gate" in found["reason"]


def test_a_model_that_does_not_fit_gives_no_finding_and_no_command_would_help():
    found = assess(BY_ID["H1a"], changed("fits", "fail", panel=EVIDENCE[0], **MAIN))
    assert found["verdict"] == "not assessed"
    assert "the model does not fit" in found["reason"]
    assert not any("sample 3.2" in command for command in found["missing"])
    passed = assess(BY_ID["H1a"], changed("fits", "pass", panel=EVIDENCE[0], **MAIN))
    assert passed["verdict"] != "not assessed"


def test_a_stand_in_gives_no_finding():
    found = assess(BY_ID["dynamic"], tables(replication=dynamic()))
    assert found["verdict"] == "not assessed"
    assert "python -m analysis sample 5.1" in found["missing"][0]


def dynamic() -> pd.DataFrame:
    return tables()["replication"].query("column == '3.2'").assign(column="5.1", table="5")


def test_an_outcome_put_in_the_place_of_one_not_described_gives_no_finding():
    made = tables()
    of_62 = {
        name: made[name].query("column == '3.2'").assign(column="6.2", fitted_column="6.2")
        for name in ("replication", "comparison")
    }
    found = assess(BY_ID["other index"], made | of_62)
    assert found["verdict"] == "not assessed"
    assert "replaces the index of Table 6 column 2" in found["reason"]
    assert found["missing"] == []
    assert found["panels"][EVIDENCE[0]]["posterior"]["probability"] == 0.99


def test_the_size_is_judged_by_agreement_and_not_by_its_sign():
    found = changed("agreement", "differs", panel=EVIDENCE[0], **MAIN)
    assert assess(BY_ID["size"], found)["verdict"] == "partly contradicted"
    assert assess(BY_ID["H1a"], found)["verdict"] == "supported"


def test_table_8_is_judged_by_the_region_slopes_of_the_whole_sample():
    found = changed("p_same_sign", 0.5, column="8.1", fitted_column="3.2", model=first_rule.MODEL)
    assert assess(BY_ID["east"], found)["verdict"] == "inconclusive"
    found = changed("p_same_sign", 0.5, column="8.1", fitted_column="8.1", model="mundlak")
    assert assess(BY_ID["east"], found)["verdict"] == "supported"


def test_what_the_paper_does_not_print_is_not_tested_by_it():
    assert assess(BY_ID["H2"], tables())["verdict"] == "not tested by the paper"


# --- what turns a finding -----------------------------------------------------------------------


def test_another_model_turns_a_claim_and_the_flat_twin_does_not():
    found = changed("q025", -0.01, panel=EVIDENCE[1], column="3.2", model="autoregressive")
    verdict_ = assess(BY_ID["H1a"], found)
    assert verdict_["verdict"] == "fragile"
    assert f"autoregressive (other models, {EVIDENCE[1]})" in verdict_["reason"]
    found = changed("q025", -0.01, panel=EVIDENCE[1], column="3.2", model="flat")
    assert assess(BY_ID["H1a"], found)["verdict"] == "supported"


@pytest.mark.parametrize("model", ["autoregressive", "province_trends"])
@pytest.mark.parametrize("column", ["3.2", "8.1"])
def test_a_claim_stands_only_if_models_of_correlated_errors_were_looked_at(model, column):
    claim = BY_ID["H1a" if column == "3.2" else "east"]
    at = {"panel": EVIDENCE[1], "column": column, "model": model}
    assert assess(claim, tables())["verdict"] == "supported"
    for found in (changed("gate", "fail", **at), changed("model", "walk", **at)):
        assessed = assess(claim, found)
        assert assessed["verdict"] == "supported, checks pending"
        (command,) = assessed["missing"]
        assert command.startswith("python -m analysis sample 3.2")
        assert f"--model {model}" in command
        assert (evidence.MORE in command) == (found["comparison"]["gate"] == "fail").any()
    # What was looked at turns it all the same.
    off = found["comparison"]
    off.loc[off["model"] == "walk", "q025"] = -0.01
    assert assess(claim, found)["verdict"] == "fragile"


def test_no_turn_stands_only_if_the_turning_points_of_other_models_agree():
    asked = ("autoregressive", "province_trends")
    named = [first_rule.MODEL, *asked]
    shape = {"panel": EVIDENCE, "model": named, "region": ["all", "east"]}
    turns = pd.MultiIndex.from_product(shape.values(), names=shape).to_frame(index=False)
    turns = turns.assign(column="3.3", term="indus", gate="pass", p_inside=0.01)
    turns["p_inside"] = turns["p_inside"].mask(turns["region"] == "east", 0.9)
    comparison = tables()["comparison"]
    baseline = comparison["column"].eq("3.2") & comparison["fitted_column"].eq("3.2")
    comparison = comparison[baseline].assign(column="3.3", fitted_column="3.3")
    replication = tables()["replication"].replace({"column": {"3.2": "3.3"}})
    made = {"comparison": comparison, "replication": replication}

    def of(rows: pd.DataFrame) -> dict:
        return assess(BY_ID["H1c"], tables(turning_points=rows, **made))

    assert of(turns)["verdict"] == "supported"
    assert of(turns[turns["model"] != asked[0]])["verdict"] == "supported, checks pending"
    off = (turns["model"] == asked[1]) & (turns["region"] == "all")
    assert of(turns.assign(p_inside=turns["p_inside"].mask(off, 0.03)))["verdict"] == "fragile"


def sensitivity(**values: object) -> pd.DataFrame:
    row = {"panel": EVIDENCE[0], "column": "3.2", "model": first_rule.MODEL, "term": "indus"}
    row |= {"quantity": "slope", "region": "average", "gate": "pass"}
    return pd.DataFrame([row | values])


@pytest.mark.parametrize(
    ("name", "row", "turned"),
    [
        (
            "sensitivity_priors",
            {"priors": "wide", "q025": -0.1, "q975": 1.0},
            "wide (other priors",
        ),
        (
            "sensitivity_influence",
            {"province": "Shanghai", "mean": 0.1, "sd": 0.06},
            "Shanghai (one province less",
        ),
        ("multiverse", {"share_same_sign": 0.94}, "94% of universes"),
    ],
)
def test_priors_provinces_and_universes_turn_a_claim(name, row, turned):
    found = assess(BY_ID["H1a"], tables(**{name: sensitivity(**row)}))
    assert found["verdict"] == "fragile"
    assert turned in found["reason"]


@pytest.mark.parametrize(("claim", "own"), [("H1a", "average"), ("east", "east")])
def test_priors_turn_a_claim_by_its_own_slope_and_by_fits_that_passed(claim, own):
    panel = EVIDENCE[1]
    for region in results.REGIONS_OF_SLOPES:
        for gate in ("pass", "fail"):
            calm = tables()["sensitivity_priors"]
            off = calm[(calm["panel"] == panel) & (calm["region"] == region)]
            off = off[off["model"] == "hierarchical"]
            off = off.assign(priors="narrow", q025=-0.1, gate=gate)
            priors = pd.concat([calm, off])
            assert len(off) == 1
            found = assess(BY_ID[claim], tables(sensitivity_priors=priors))["panels"][panel]
            turned = ["narrow"] if region == own and gate == "pass" else []
            assert found["turns"]["other priors"] == turned


def test_what_is_not_made_is_said_and_turns_nothing():
    tests = ("sensitivity_priors", "sensitivity_influence", "multiverse")
    found = assess(BY_ID["H1a"], tables(**{name: pd.DataFrame() for name in tests}))
    assert found["verdict"] == "supported, checks pending"
    assert "python -m analysis sensitivity 3.2" in found["missing"]
    assert found["panels"][EVIDENCE[0]]["turns"]["multiverse"] is None
    commands = typer.main.get_command(app).commands
    assert {text.split()[3] for text in found["missing"]} <= set(commands)
    assert found["panels"][EVIDENCE[0]]["turns"]["other priors"] is None


@pytest.mark.parametrize("column", ["3.2", "5.1", "7.1"])
def test_the_models_named_for_comparison_are_some_that_the_column_carries(column):
    (record,) = select([column])
    named = [find(name) for name in evidence.FIRST.asked(record)]
    assert named
    assert all(model in models_for(record) and model.extra for model in named)
