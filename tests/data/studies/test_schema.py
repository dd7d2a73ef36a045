"""What a study.toml may hold: one sentence for each mistake, and a schema for editors."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from data.shared.errors import UserError
from data.studies import schema

TEXT = """
title = "Public capital"
[data]
file = "states.csv"
unit = "state"
time = "year"
[data.regions]
east = ["NY", "MA"]
west = ["CA"]
[transform]
ln_gsp = "log(gsp)"
[[column]]
name = "3.2"
formula = "ln_gsp ~ lag(ln_gsp, 1) + log(pcap) + unemp | state + year"
interest = ["log(pcap)"]
estimator = "system_gmm"
gmm = { lags = [2, 5], steps = 1 }
[printed]
file = "printed.csv"
"""

SCHEMA_FILE = Path(schema.__file__).with_name("study.schema.json")


def parsed(text: str) -> schema.StudyFile:
    return schema.parse(tomllib.loads(text), "study.toml")


def test_a_study_is_read_with_one_spelling_of_each_term():
    (column,) = parsed(TEXT.replace('["log(pcap)"]', '["log( pcap )"]')).column
    assert column.interest == ["log(pcap)"]
    assert column.parsed.terms == ("lag(ln_gsp)", "log(pcap)", "unemp")
    assert column.gmm.lags == (2, 5)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("unit =", "unti =", "study.toml, key data.unti: there is no such key; did you mean unit."),
        ("title =", "titel =", "study.toml, key titel: there is no such key; did you mean title."),
        ('time = "year"\n', "", "study.toml, key data.time: the key is missing; add it."),
        ('"state"', "5", "study.toml, key data.unit: text belongs here; write it in quotes."),
        ("[[column]]", "[column]", "write [[column]] above each."),
        ('"system_gmm"', '"gmm"', "key column[3.2].estimator: 'gmm' is none of twfe, within"),
        ('"system_gmm"', '"twfe"', "twfe is no GMM: leave the table `gmm` out"),
        ("| state + year", "| sate", "'sate' is no fixed effect: did you mean 'state'"),
        ("[2, 5]", "[1, 2]", "key column[3.2].gmm: `lags` are two whole numbers, the first 2"),
        ('"3.2"', '"3-2"', "key column[3-2].name: '3-2' is no table and column"),
        ('["log(pcap)"]', '["pcap"]', "no term 'pcap': did you mean 'log(pcap)'"),
        ("log(gsp)", "lg(gsp)", "key transform.ln_gsp: in 'lg(gsp)', there is no function lg"),
        ('["CA"]', '["NY"]', "key data: 'NY' is in the regions 'east' and 'west': keep one"),
        ("lag(ln_gsp, 1) + ", "", "system_gmm is of a dynamic panel: add the term lag(ln_gsp)"),
        ("unemp |", "unemp + unemp**2 |", "** outside I(…) means interactions, and"),
        ("unemp |", "gsp/pop |", "means nesting, x and its interactions: write I(x / z)"),
        ("unemp |", "C(state) |", "C(…) makes dummies"),
        ("unemp |", "np.log(unemp) |", "write log(…) without what stands before it"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_key_and_remedy(before, after, sentence):
    assert before in TEXT
    with pytest.raises(UserError) as raised:
        parsed(TEXT.replace(before, after))
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("estimator", "effects", "fits"),
    [
        ("twfe", "| state + year", True),
        ("twfe", "| state", False),
        ("within", "| state", True),
        ("pooled_ols", "", True),
        ("between", "| state", False),
    ],
)
def test_fixed_effects_are_those_of_the_estimator(estimator, effects, fits):
    text = TEXT.replace("gmm = { lags = [2, 5], steps = 1 }", "")
    text = text.replace('"system_gmm"', f'"{estimator}"').replace("| state + year", effects)
    if fits:
        assert parsed(text).column[0].estimator == estimator
    else:
        with pytest.raises(UserError, match=f"{estimator} has"):
            parsed(text)


def test_instruments_belong_to_two_stage_least_squares():
    text = TEXT.replace("gmm = { lags = [2, 5], steps = 1 }", 'instruments = ["lag(pcap)"]')
    with pytest.raises(UserError, match="go together"):
        parsed(text)
    text = text.replace("instruments", 'endogenous = ["log(pcap)"]\ninstruments')
    with pytest.raises(UserError, match="system_gmm takes no instruments"):
        parsed(text)
    (column,) = parsed(text.replace("system_gmm", "within_iv")).column
    assert column.instruments == ["lag(pcap)"]


def test_what_is_no_toml_is_said_to_be_none(tmp_path):
    path = tmp_path / "study.toml"
    with pytest.raises(UserError, match="study init"):
        schema.read(path)
    path.write_text("title = ", encoding="utf-8")
    with pytest.raises(UserError, match="is no TOML"):
        schema.read(path)


def test_the_committed_schema_for_editors_is_current_and_takes_a_study():
    committed = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(schema.json_schema()))
    jsonschema.validate(tomllib.loads(TEXT), committed)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"title": "x"}, committed)
