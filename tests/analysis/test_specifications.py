"""The 19 published columns as records."""

import ast
from dataclasses import replace

import pandas as pd
import pytest

from analysis.posterior.inputs import fits_panel
from analysis.shared.outputs import ROOT
from analysis.specifications import (
    CONTROLS,
    HEADLINE,
    SPECIFICATIONS,
    STATIC,
    load,
    published_column,
    select,
    spelled,
    studying,
    worded,
)
from data.panels.panel import load_named
from data.panels.provinces import REGIONS
from data.published import tables
from data.shared.errors import UserError
from models.bayesian.registry import find
from tests.helpers import studies


@pytest.fixture(scope="module")
def printed():
    table = tables.load()
    return table[table["kind"].eq("number") & table["table"].ne("2")]


OF_A_RUN = {"current", "select", "static", "home", "evidence_model", "published_column"}
"""Functions whose answer depends on the study that is asked for."""


def at_import(tree: ast.Module) -> set[str]:
    """Return what a module calls when it is imported."""
    bodies = (ast.FunctionDef, ast.Lambda)
    waiting, called = list(tree.body), set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(node.func.id)
        if not isinstance(node, bodies):
            waiting += ast.iter_child_nodes(node)
    return called


def test_no_constant_is_made_of_the_study_that_happens_to_be_run():
    assert at_import(ast.parse("def f():\n    select()\nX = [select(['3.2'])[0]]")) == {"select"}
    found = {
        path.name: at_import(ast.parse(path.read_text(encoding="utf-8"))) & OF_A_RUN
        for path in (ROOT / "analysis").rglob("*.py")
    }
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_a_study_may_use_the_papers_names_for_its_own_variables(tmp_path):
    frame = studies.panel().rename(columns={"roads": "indus", "out": "produ"})
    text = studies.STUDY.replace("log(out)", "log(produ)").replace("roads / area", "indus")
    text = text.replace('"dens"', '"indus"').replace("dens", "indus").replace('"2.1"', '"3.2"')
    text = text.replace('indus = "indus"\n', "").split("[printed]")[0]
    path = studies.write(tmp_path, text.replace('"3.1"', '"5.1"'), studies.panel())
    frame.to_csv(tmp_path / "counties.csv", index=False)
    with studying(load(path)) as study:
        (record,) = select(["3.2"])
        assert record.system is None
        clustered = replace(record, errors="clustered")
        assert published_column(clustered, "central") == published_column(record, "central")
        assert spelled("indus") == "indus"
        assert worded("Errors of a province, in 'province' of /province/x.") == (
            "Errors of a unit, in 'province' of /province/x."
        )
        assert worded("Off provinces' trends, or 'provinces' alone") == (
            "Off units' trends, or 'provinces' alone"
        )
        assert worded("accuracy by leave-one-province-out") == "accuracy by leave-one-unit-out"
        assert worded("1 by system GMM's own errors") == "1 by GMM's own errors"
        assert not fits_panel(find("measurement"), study.panel.name)
    assert fits_panel(find("measurement"), "official")
    path.write_text(text.replace("indus + log", "indus + indus2 + log"), encoding="utf-8")
    frame.assign(indus2=frame["indus"] ** 3).to_csv(tmp_path / "counties.csv", index=False)
    with pytest.raises(UserError, match="add my_indus2"):
        load(path)


def test_the_records_are_the_published_columns(printed):
    assert len(SPECIFICATIONS) == 19
    assert [record.column for record in SPECIFICATIONS] == list(printed["column"].unique())
    assert len(STATIC) == 15
    assert {record.table for record in SPECIFICATIONS} - {r.table for r in STATIC} == {"5"}


@pytest.mark.parametrize("record", STATIC, ids=lambda record: record.column)
def test_a_static_records_terms_are_the_printed_ones(record, printed):
    rows = printed[printed["column"].eq(record.column) & printed["statistic"].eq("coef")]
    # Tables 4, 6, 7 and 8 print the regressor of interest and the constant only.
    shown = [term for term in rows["term"] if term != "const"]
    assert shown in (list(record.terms), list(record.interest))


def test_controls_are_all_or_none():
    assert select(["3.1"])[0].controls == ()
    assert {r.controls for r in SPECIFICATIONS if r.column != "3.1"} == {CONTROLS}


def test_outcomes():
    dimensions = ("produ_inno", "produ_green", "produ_digit")
    outcomes = {record.column: record.outcome for record in SPECIFICATIONS}
    assert [outcomes.pop("6.2")] == ["produ_alt"]
    assert tuple(outcomes.pop(f"4.{i}") for i in (1, 2, 3)) == dimensions
    assert tuple(outcomes.pop(f"5.{i}") for i in (2, 3, 4)) == dimensions
    assert [outcomes.pop(f"7.{i}") for i in (1, 2, 3)] == ["M_all", "M_cap", "M_lab"]
    assert set(outcomes.values()) == {"produ"}


def test_regressors_of_interest():
    interest = {record.column: record.interest for record in SPECIFICATIONS}
    assert interest.pop("3.3") == ("indus", "indus2")
    assert interest.pop("6.1") == ("density",)
    assert set(interest.values()) == {("indus",)}


def test_the_square_asks_no_further_column_of_the_panel():
    baseline, square = select(["3.2", "3.3"])
    assert square.variables == baseline.variables


def test_samples():
    assert {r.column: r.last_year for r in SPECIFICATIONS if r.last_year} == {"6.3": 2018}
    by_region = {r.column: r.region for r in SPECIFICATIONS if r.region}
    assert by_region == dict(zip(("8.1", "8.2", "8.3"), REGIONS, strict=True))


def test_headline_columns_are_static():
    assert set(select(HEADLINE)) <= set(STATIC)


def test_columns_are_selected_in_the_order_named():
    assert [record.column for record in select(["8.1", "3.2"])] == ["8.1", "3.2"]
    assert select([]) == SPECIFICATIONS


def test_an_unknown_column_is_told_which_there_are():
    with pytest.raises(UserError, match=r"no published column '9\.1'.*3\.1.*8\.3"):
        select(["3.2", "9.1"])


def test_the_columns_are_a_study_file_too():
    study = load(ROOT / "data/studies/ye2024/study.toml")
    assert study.records == tuple(replace(record, system=None) for record in SPECIFICATIONS)
    variables = ["produ", *CONTROLS]
    columns, keys = ["province", "year", "region", *variables], ["province", "year"]
    named = load_named("official", variables).frame[columns]
    pd.testing.assert_frame_equal(
        study.panel.frame[columns].sort_values(keys, ignore_index=True),
        named.sort_values(keys, ignore_index=True),
    )
