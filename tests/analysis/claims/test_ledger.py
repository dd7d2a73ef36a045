"""The ledger: claims about one slope together, with both editions' verdicts, and its file."""

import json

import pandas as pd
import pytest

from analysis.claims import evidence, first_rule, ledger
from analysis.claims.records import EVIDENCE, IMPLIED
from analysis.specifications import select
from analysis.ye2024.claims import CLAIMS
from models.bayesian import registry
from models.bayesian.registry import find, models_for
from tests.helpers.ledger import BY_ID, tables

FIRST = {"H1a": "supported", "east": "fragile"}


def test_claims_about_one_slope_are_one_row_with_all_their_words():
    rows = ledger.ledger(CLAIMS, tables(), FIRST)
    by_id = {entry["id"]: entry for entry in rows}
    joined = by_id["H1a, H1b, size"]
    assert joined["text"].count("; ") == 2
    assert joined["place"] == "5.1, Table 3 (2)"
    assert (joined["verdict"], joined["first edition"], joined["changed"]) == (
        "supported", "supported", "",
    )  # fmt: skip
    assert set(joined["panels"]) == set(EVIDENCE)
    assert set(joined["implied"]) == set(IMPLIED)
    assert by_id["H2"]["verdict"] == "not tested by the paper"
    assert len(rows) == len(CLAIMS) - 2


def test_what_changed_a_verdict_is_the_model_or_the_rule():
    found = tables()
    frame = found["comparison"].copy()
    main, first = (frame["model"] == name for name in (registry.MAIN, first_rule.MODEL))
    # On the official panel alone the slope is open: the first edition asks for it, this one not.
    frame.loc[(main | first) & (frame["panel"] == EVIDENCE[0]), "p_same_sign"] = 0.9
    (entry,) = ledger.ledger([BY_ID["H1a"]], found | {"comparison": frame}, {"H1a": "fragile"})
    assert (entry["verdict"], entry["first edition"]) == ("supported", "fragile")
    assert entry["changed"].endswith("the rule")
    if registry.MAIN != first_rule.MODEL:
        frame = found["comparison"].copy()
        frame.loc[main, "p_same_sign"] = 0.5
        frame["p_same_sign"] = frame["p_same_sign"].mask(first, 0.99)
        (entry,) = ledger.ledger([BY_ID["H1a"]], found | {"comparison": frame}, FIRST)
        assert entry["verdict"] == "inconclusive"
        assert entry["changed"] == f"the model `{registry.MAIN}`"


@pytest.mark.parametrize("column", ["3.2", "5.1", "7.1"])
def test_a_verdict_asks_for_other_models_that_the_column_carries(column):
    (record,) = select([column])
    named = [find(name) for name in evidence.SECOND.asked(record)]
    assert all(model in models_for(record) for model in named)
    assert all(model.correlated or model.dynamic for model in named)


def test_the_table_shows_the_mixture_beside_each_panel():
    table = ledger.table(ledger.ledger(CLAIMS, tables(), FIRST)).set_index("claim")
    row = table.loc["H1a, H1b, size"]
    assert (row["mixture"], row["official"], row["first edition"]) == (
        "0.990",
        "0.990",
        "supported",
    )
    assert table.loc["H2", "mixture"] == ""


def test_the_document_holds_rules_inputs_and_ledger(tmp_path):
    for name in ("replication", "comparison"):
        tables()[name].to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "long").mkdir()
    verdicts = pd.DataFrame({"claim": ["H1a"], "verdict": ["inconclusive"]})
    verdicts.to_csv(tmp_path / "long" / "first_verdicts.csv", index=False)
    ledger.write(ledger.document(CLAIMS, tmp_path), tmp_path / "claims.json")
    read = json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert "it never counts" in read["first edition"]
    assert "one mixture with equal weights" in read["rule"]
    assert len(read["inputs"]["comparison.csv"]) == 64
    assert read["inputs"]["ladder.csv"] == "missing: python -m analysis compare"
    assert read["inputs"]["multiverse.csv"] == "missing: python -m analysis multiverse"
    assert read["claims"][0]["first edition"] == "inconclusive"
    assert len(ledger.table(ledger.stored(tmp_path / "claims.json"))) == len(CLAIMS) - 2
