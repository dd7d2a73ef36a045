import json
from decimal import Decimal

import pandas as pd
import pytest

from data.panels.catalogue import FOLDER
from data.shared.errors import UserError
from data.shared.files import sha256
from data.ye2024 import anchors, fingerprints, recollect, selection
from data.ye2024.definitions import COLUMNS, DEFAULTS, SUMS
from data.ye2024.official import NAMES, YEARS

PANELS = ("official", "official-census4", "official-as_published")


@pytest.fixture(scope="module")
def dataset():
    return recollect.load()


def sidecar(panel):
    path = FOLDER / f"{panel}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def text(panel):
    return pd.read_csv(FOLDER / f"{panel}.csv", dtype=str)


def test_filled_cells_are_counted_by_rule(dataset):
    counts = selection.filled_cells(dataset, "produ", "census4")
    assert counts == {"observed": 4890, "interpolated": 31, "extended": 682, "proxy": 39}
    assert sum(counts.values()) == 14 * 403
    parts = [selection.filled_cells(dataset, part, "census4") for part in SUMS["produ"]]
    for rule, cells in counts.items():
        assert sum(part.get(rule, 0) for part in parts) == cells
    assert selection.filled_cells(dataset, "urb", "census4") == {}


def test_known_shares_of_industry_are_counted_as_observed_and_other_years_as_modelled(dataset):
    counts = selection.filled_cells(dataset, "indus", "as_published", industry="anchors")
    # 31 in 2012, 2015 and 2017 and Tibet's of 2018 and 2020; from 2019 the accounts are census 4's.
    assert counts == {"observed": 95, "modelled": 31 * 6 - 1, "ratio": 31 * 4 - 1}
    assert selection.filled_cells(dataset, "indus", "as_published") == {"ratio": 403}
    assert sidecar("official")["cells"]["indus"] == counts


# --- the committed panels -------------------------------------------------------------------


@pytest.mark.parametrize("panel", PANELS)
def test_a_sum_is_exact_in_the_digits_written(panel):
    rows = text(panel)
    for total, parts in SUMS.items():
        for row in rows[[total, *parts]].itertuples(index=False):
            assert Decimal(row[0]) == sum(map(Decimal, row[1:])), (total, row)


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_is_balanced_complete_and_as_its_sidecar_says(panel):
    rows = text(panel)
    assert list(rows.columns) == ["province", "year", "region", *COLUMNS]
    assert rows["province"].tolist() == [name for name in NAMES for _ in YEARS]
    assert rows["year"].astype(int).tolist() == list(YEARS) * len(NAMES)
    assert not rows.isna().any().any()
    said = sidecar(panel)
    assert said["sha256"] == sha256((FOLDER / f"{panel}.csv").read_bytes())
    assert said["panel"] == panel
    assert said["cells"]["produ"]["extended"] == 682


def test_vintage_alone_differs_between_the_one_vintage_panels(dataset):
    census4, published = (sidecar(panel)["choices"] for panel in PANELS[1:])
    for name in COLUMNS:
        differing = {c for c in census4[name] if census4[name][c] != published[name][c]}
        # As published, industry is known from anchors, which no other vintage has.
        of_industry = {"industry"} if "industry" in dataset[name].dims else set()
        touched = {"vintage"} if "vintage" in dataset[name].dims else set()
        assert differing == touched | of_industry, name
    by_panel = [text(panel) for panel in PANELS[1:]]
    for name in COLUMNS:
        same = by_panel[0][name].equals(by_panel[1][name])
        assert same == ("vintage" not in dataset[name].dims), name


def test_panels_are_cut_from_the_committed_dataset_by_the_rule(dataset, tmp_path):
    judged = anchors.summary(anchors.load())
    selections = fingerprints.selections(fingerprints.compute(dataset), judged)
    assert tuple(selections) == PANELS
    for path in selection.write(dataset, selections, tmp_path):
        for suffix in (".csv", ".json"):
            committed = FOLDER / path.with_suffix(suffix).name
            assert path.with_suffix(suffix).read_bytes() == committed.read_bytes()


@pytest.mark.parametrize(
    ("departures", "said"),
    [
        ({"fin": {"vintage": "census6"}}, "vintage of fin cannot be 'census6'"),
        ({"urb": {"vintage": "census6"}}, "vintage of urb cannot be 'census6'"),
        ({"fin": {"vintages": "census5"}}, "no choice 'vintages' of fin"),
        ({"finn": {"vintage": "census5"}}, "no variable 'finn'"),
        (
            {"indus": {"denominator": "national", "vintage": "census5"}},
            "denominator of indus can be 'national' in vintage 'census4' alone",
        ),
        ({"env": {"industry": "anchored"}}, "industry of env can be 'anchored' in vintage 'as_pub"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(dataset, departures, said):
    with pytest.raises(UserError, match=said):
        selection.frame(dataset, departures)


def test_a_choice_that_does_not_touch_a_variable_is_passed_over(dataset):
    departures = {"urb": {"vintage": "census5"}}
    assert selection.choices(dataset, "urb", departures) == {"winsorised": "no"}


def test_a_panel_takes_the_defaults_where_nothing_is_chosen(dataset):
    panel = selection.frame(dataset, {"fin": {"vintage": "as_published"}})
    assert panel["fin"].iloc[0] == dataset["fin"].sel(
        vintage="as_published", winsorised="no", province="Beijing", year=2010
    )
    assert panel["stru"].iloc[0] == dataset["stru"].sel(
        vintage=DEFAULTS["vintage"], winsorised="no", province="Beijing", year=2010
    )
