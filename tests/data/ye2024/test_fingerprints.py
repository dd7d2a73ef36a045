import numpy as np
import pandas as pd
import pytest

from data.panels.catalogue import FOLDER
from data.ye2024 import anchors, fingerprints, indices, recollect, selection
from data.ye2024.definitions import CHOICES, COLUMNS, DEFAULTS, SUMS

OTHERS = dict.fromkeys(set(CHOICES) - {"vintage", "winsorised"}, "")
ERRORS = pd.DataFrame({"method": ["ratio", "anchors"], "mean": [4.0, 2.0]})


@pytest.fixture(scope="module")
def computed():
    return fingerprints.compute(recollect.load())


def rows(computed, **where):
    for column, value in where.items():
        computed = computed[computed[column].eq(value)]
    return computed


def test_statistics_are_those_of_the_panel(computed):
    panel = pd.read_csv(FOLDER / "official-census4.csv")
    row = rows(
        computed, variable="fin", vintage="census4", winsorised="no", first_year=2010,
        last_year=2022,
    ).squeeze()  # fmt: skip
    assert row["n"] == 403
    for statistic, value in (
        ("mean", panel["fin"].mean()),
        ("sd", panel["fin"].std()),
        ("min", panel["fin"].min()),
        ("max", panel["fin"].max()),
    ):
        assert row[statistic] == pytest.approx(value, rel=1e-10)


def test_distance_is_the_mean_gap_in_printed_standard_deviations(computed):
    row = rows(
        computed, variable="stru", vintage="census4", winsorised="no", first_year=2010,
        last_year=2022,
    ).squeeze()  # fmt: skip
    printed = {"mean": 1.124, "sd": 0.637, "min": 0.494, "max": 5.297}
    expected = np.mean([abs(row[s] - value) / 0.637 for s, value in printed.items()])
    assert row["distance"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("where", "matched"),
    [
        # Urban share: all four, unwinsorised.
        ({"variable": "urb", "winsorised": "no", "first_year": 2010}, 4),
        # Pollution control over industrial value added: all four in census 4, not as published.
        ({"variable": "env", "vintage": "census4", "winsorised": "no", "gap_rule": "growth"}, 4),
        ({"variable": "env", "vintage": "as_published", "winsorised": "no", "gap_rule": "hold",
          "industry": "ratio"}, 3),
        # Industrial structure: all four over 2003–2022 as published, one over the paper's sample.
        ({"variable": "stru", "vintage": "as_published", "winsorised": "no",
          "first_year": 2003}, 4),
        ({"variable": "stru", "vintage": "as_published", "winsorised": "no",
          "first_year": 2010}, 1),
        # The quotient from anchors: mean and standard deviation, with neither other share any.
        ({"variable": "indus", "vintage": "as_published", "winsorised": "yes",
          "industry": "anchors"}, 2),
        ({"variable": "indus", "vintage": "as_published", "winsorised": "yes",
          "industry": "ratio"}, 0),
        # Highway mileage: 2010 is at hand to 100 km only, and the minimum is Shanghai's of 2010.
        ({"variable": "trans", "winsorised": "no", "first_year": 2010}, 3),
    ],
)  # fmt: skip
def test_what_table_2_matches(computed, where, matched):
    span = {"first_year": 2010, "last_year": 2022} | where
    assert rows(computed, **span)["matches"].tolist() == [matched]


def test_no_other_span_matches_the_structure_row_better(computed):
    best = rows(fingerprints.best_spans(computed), variable="stru")
    spans = best[["vintage", "winsorised", "first_year", "last_year"]]
    assert spans.to_numpy().tolist() == [["as_published", "no", 2003, 2022]]


def test_other_spans_have_at_least_five_years(computed):
    # Of 13 years, 9 spans of five, 8 of six, … 1 of thirteen.
    found = rows(computed, variable="fin", vintage="census4", winsorised="no")
    assert len(found) == sum(range(1, 10))
    assert not found.duplicated(["first_year", "last_year"]).any()
    assert (found["last_year"] - found["first_year"]).min() == 4


def test_a_winsorised_sum_over_another_span_is_the_sum_of_winsorised_parts(computed):
    dataset = recollect.load()
    span = slice(2012, 2022)
    parts = [
        dataset[name].sel(selection.choices(dataset, name, {})).sel(year=span).to_numpy()
        for name in SUMS["produ"]
    ]
    row = rows(
        computed, variable="produ", vintage="census4", winsorised="yes", first_year=2012,
        last_year=2022,
    ).squeeze()  # fmt: skip
    assert row["max"] == pytest.approx(sum(map(indices.winsorise, parts)).max(), rel=1e-12)
    assert row["max"] != pytest.approx(indices.winsorise(sum(parts)).max(), rel=1e-3)


def test_all_choices_stand_beside_table_2(computed):
    dataset = recollect.load()
    sample = rows(computed, first_year=2010, last_year=2022)
    for name in sample["variable"].unique():
        dims = [choice for choice in CHOICES if choice in dataset[name].dims]
        existing = dataset[name].notnull().all(["province", "year"])
        found = rows(sample, variable=name)
        assert len(found) == int(existing.sum()), name
        assert not found.duplicated(dims).any()
        assert (found[list(set(CHOICES) - set(dims))] == "").all(axis=None)


# --- the rule, on made-up fingerprints ------------------------------------------------------


def table(*records):
    made = []
    for variable, vintage, winsorised, matches, distance, *other in records:
        base = {**OTHERS, "variable": variable, "vintage": vintage, "winsorised": winsorised}
        base |= {"first_year": 2010, "last_year": 2022, "matches": matches, "distance": distance}
        made.append(base | (other[0] if other else {}))
    return pd.DataFrame(made)


def chosen(*records):
    every = [(name, "census4", "no", 0, 1.0) for name in ("produ", "indus", "M_all", "M_lab")]
    named = {record[0] for record in records}
    made = table(*records, *(r for r in every if r[0] not in named))
    return fingerprints.choose(made, ERRORS)


def test_most_matches_win_whatever_the_distance():
    made = chosen(("fin", "census4", "no", 1, 0.1), ("fin", "as_published", "yes", 2, 9.0))
    assert made["fin"] == {"vintage": "as_published", "winsorised": "yes"}


def test_distance_decides_between_equals():
    made = chosen(("fin", "census4", "no", 1, 0.2), ("fin", "as_published", "no", 1, 0.1))
    assert made["fin"]["vintage"] == "as_published"


def test_the_default_order_decides_between_equals_in_both():
    made = chosen(
        ("fin", "census4", "no", 1, 0.1),
        ("fin", "census4", "yes", 1, 0.1),
        ("fin", "as_published", "no", 1, 0.1),
    )
    assert made["fin"] == {"vintage": "census4", "winsorised": "no"}


def test_a_sum_and_its_parts_are_judged_together():
    made = chosen(
        ("M_all", "census4", "no", 1, 1.0),
        ("M_cap", "census4", "no", 0, 1.0),
        ("M_lab", "census4", "no", 0, 1.0),
        ("M_all", "as_published", "no", 0, 1.0),
        ("M_cap", "as_published", "no", 1, 1.0),
        ("M_lab", "as_published", "no", 1, 1.0),
    )
    assert {made[name]["vintage"] for name in ("M_all", "M_cap", "M_lab")} == {"as_published"}


def test_a_groups_distance_is_the_mean_of_its_members():
    names = ("M_all", "M_cap", "M_lab")
    uneven = [
        (name, "as_published", "no", 1, far) for name, far in zip(names, (0, 0, 5), strict=True)
    ]
    even = [(name, "census4", "no", 1, 2.0) for name in names]
    assert chosen(*even, *uneven)["M_all"]["vintage"] == "as_published"


# --- how industry as published is made ------------------------------------------------------


def judged(distances, errors):
    rows = [
        ("indus", "as_published", winsorised, 0, distance, {"industry": name})
        for name, both in distances.items()
        for winsorised, distance in zip(("no", "yes"), both, strict=True)
    ]
    means = pd.DataFrame({"method": list(errors), "mean": list(errors.values())})
    return fingerprints.industries(table(*rows), means)


def test_the_smallest_error_at_known_shares_decides_and_not_the_distance():
    found = judged(
        {"ratio": (0.02, 0.5), "anchored": (0.021, 0.5), "anchors": (0.5, 0.029)},
        {"ratio": 4.0, "anchored": 3.0, "anchors": 2.0},
    )
    assert found["industry"].tolist() == ["anchors", "anchored", "ratio"]
    assert found["distance"].tolist() == [0.029, 0.021, 0.02]
    assert found["excluded"].eq("").all()


def test_table_2_excludes_what_is_more_than_a_hundredth_behind_the_best():
    found = judged(
        {"ratio": (0.02, 0.5), "anchored": (0.021, 0.5), "anchors": (0.5, 0.031)},
        {"ratio": 4.0, "anchored": 3.0, "anchors": 2.0},
    )
    assert found["industry"].tolist() == ["anchored", "ratio", "anchors"]
    assert found["excluded"].tolist() == ["", "", "yes"]


def test_a_method_that_is_no_candidate_is_shown_last():
    found = judged(
        {"ratio": (0.02, 0.5), "anchored": (0.021, 0.5)},
        {"lines": 1.0, "ratio": 4.0, "anchored": 3.0},
    )
    assert found["industry"].tolist() == ["anchored", "ratio", "lines"]


def test_later_vintages_other_spans_and_other_choices_do_not_count():
    made = chosen(
        ("fin", "census4", "no", 0, 1.0),
        ("fin", "census5", "no", 4, 0.0),
        ("fin", "as_published", "no", 4, 0.0, {"first_year": 2012}),
        ("fin", "as_published", "yes", 4, 0.0, {"gap_rule": "hold"}),
    )
    assert made["fin"] == {"vintage": "census4", "winsorised": "no"}
    assert DEFAULTS["gap_rule"] != "hold"


def test_variables_without_a_row_follow_those_they_stand_in_for(computed):
    made = fingerprints.choose(computed, anchors.summary(anchors.load()))
    assert set(made) == set(COLUMNS)
    assert made["density"]["winsorised"] == made["indus"]["winsorised"]
    assert made["density"]["employment"] == made["M_lab"]["employment"]
    assert made["produ_alt"] == made["produ"]


def test_misallocation_is_judged_with_every_employment_and_elasticity():
    common = {"elasticity": "common", "employment": "census2020"}
    base = {"elasticity": "province", "employment": "mixed_bases"}
    names = ("M_all", "M_cap", "M_lab")
    made = chosen(
        *((name, "census4", "no", 0, 0.1, base) for name in names),
        *((name, "census4", "no", 1, 0.9, common) for name in names),
    )
    assert made["M_cap"] == {"vintage": "census4", "winsorised": "no", **common}
    assert made["density"] == {"winsorised": "no", "employment": "census2020"}


def test_industry_as_published_is_decided_before_table_2_is_asked():
    made = chosen(
        ("indus", "census4", "no", 0, 0.5, {"industry": "ratio"}),
        ("indus", "as_published", "no", 4, 0.005, {"industry": "ratio"}),
        ("indus", "as_published", "no", 1, 0.01, {"industry": "anchors"}),
    )
    assert made["indus"]["industry"] == "anchors"
    made = chosen(
        ("indus", "census4", "no", 3, 0.5, {"industry": "ratio"}),
        ("indus", "as_published", "no", 4, 0.1, {"industry": "ratio"}),
        ("indus", "as_published", "no", 2, 0.1, {"industry": "anchors"}),
    )
    assert made["indus"] == {"vintage": "census4", "winsorised": "no", "industry": "ratio"}
