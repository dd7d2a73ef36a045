"""Sentences of the page: every number in them is of the tables that they are made from."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis.analyses import in_words
from analysis.claims import ledger
from analysis.claims.records import VINTAGES
from analysis.reporting.page import (
    answers,
    charts,
    choice_charts,
    opening,
    slope_charts,
    studies,
    verdicts,
)
from analysis.robustness import horizon
from analysis.shared.outputs import Outputs, read_result
from analysis.simulation.dynamic_study.ranking import FALSE_POSITIVES
from analysis.ye2024.claims import CLAIMS
from data.panels.panel import load_named
from data.panels.provinces import PROVINCES
from models.bayesian.registry import LADDER, MAIN
from models.design import LAG

OFFICIAL, CENSUS4, PUBLISHED = ledger.EVIDENCE
SLOPE = {"column": "3.2", "term": "indus"}


class Given:
    """Results of some tables, and no others."""

    traces = ()

    def __init__(self, **tables):
        self.tables = tables

    def frame(self, name: str) -> pd.DataFrame | None:
        return self.tables.get(name)


def replication(p_wild: float) -> pd.DataFrame:
    """The headline slope: beyond zero by conventional errors on the first panel alone."""
    slopes = {OFFICIAL: (0.08, 0.04), CENSUS4: (0.02, 0.05), PUBLISHED: (0.03, 0.05)}
    printed = {"coef": "0.105", "se": "0.031", "n": "403"}
    return pd.DataFrame(
        [
            {**SLOPE, "panel": panel, "statistic": statistic, "estimated": value,
             "published": printed.get(statistic)}
            for panel, (coef, se) in slopes.items()
            for statistic, value in (("coef", coef), ("se", se), ("p_wild", p_wild), ("n", 403))
        ]
    )  # fmt: skip


def ladder(path: tuple[float, ...], panels=ledger.EVIDENCE, fails: str = "") -> pd.DataFrame:
    steps = ["TWFE", *LADDER]
    return pd.DataFrame(
        [
            {**SLOPE, "panel": panel, "step": step, "estimate": value, "low": value - 0.1,
             "high": value + 0.1, "gate": "pass" if step in LADDER else "",
             "fits": "fail" if step == fails else "", "published": 0.105, "published_se": 0.031}
            for panel in panels
            for step, value in zip(steps, path, strict=True)
        ]
    )  # fmt: skip


def posteriors() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {**SLOPE, "panel": panel, "model": MAIN, "fitted_column": "3.2", "mean": 0.01,
             "q025": -0.02, "q975": 0.04, "p_same_sign": 0.8, "published": "0.105", "gate": "pass",
             "fits": "pass"}
            for panel in ledger.EVIDENCE
        ]
    )  # fmt: skip


# --- the first chart ------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "words"), [(0.195, "includes zero too"), (0.01, "excludes zero")])
def test_the_first_caption_says_what_clustered_errors_give(p, words):
    said = opening.caption(Given(replication=replication(p)))
    assert "n = 403. Bars are 95 % intervals, conventional for the paper’s method" in said
    assert f"that on {OFFICIAL} {words}" in said
    assert f"(P = {p:.3f})" in said
    assert CENSUS4 not in said  # its conventional interval includes zero already


def test_a_row_of_the_first_chart_names_its_method_and_panel():
    rows = opening.estimates(Given(replication=replication(0.2), comparison=posteriors()))
    labels = list(rows["label"])
    assert labels[0] == "printed|(Table 3, column 2)"
    assert f"paper’s method, {OFFICIAL}|(counts for no verdict)" in labels
    assert f"model {MAIN},|{CENSUS4}" in labels
    assert len(set(labels)) == len(labels) == 7
    spec = charts.spec(slope_charts.headline(rows))
    texts = [layer["encoding"]["text"] for layer in spec["layer"] if "text" in layer["encoding"]]
    assert texts == [{"value": "no effect"}]


# --- verdicts and their evidence ------------------------------------------------------------------


def test_a_claim_is_full_without_the_one_before():
    for claim in CLAIMS:
        assert not verdicts.full(claim.text).startswith(("It ", "So too"))
        assert "it inhibits" not in verdicts.full(claim.text)
    for leaning, _ in verdicts.FULL:
        assert any(re.match(leaning, claim.text) for claim in CLAIMS)
    assert verdicts.full("It promotes x; It does not inhibit them") == (
        "Agglomeration promotes x; Agglomeration does not inhibit them"
    )


@pytest.mark.parametrize(
    ("verdict", "probability", "words"),
    [
        ("inconclusive", 0.04, "inconclusive, nearly against"),
        ("inconclusive", 0.96, "inconclusive, nearly for"),
        ("inconclusive", 0.05, "inconclusive"),
        ("inconclusive", np.nan, "inconclusive"),
        ("contradicted", 0.01, "contradicted"),
    ],
)
def test_an_open_verdict_says_to_which_side_it_is_near(verdict, probability, words):
    assert verdicts.worded_verdict(verdict, probability) == words


def test_the_rows_that_count_come_first_and_say_what_they_replace():
    drawn = f"{CENSUS4}:imputed"
    twfe = {"coef": 0.02, "se": 0.05, "stars": "", "p_wild": 0.847}
    fitted = {"finding": "open", "mean": 0.01, "q025": -0.03, "q975": 0.05, "fits": "pass"}
    of_panel = {"estimate": twfe, "ladder": [{"estimate": 0.02}], "posterior": fitted}
    claim = {
        **{"id": "H1a", "text": "", "zh": "", "place": "", "kind": "sign"} | SLOPE,
        "weights": {drawn: 0.5, PUBLISHED: 0.5},
        "panels": dict.fromkeys(ledger.EVIDENCE, of_panel),
        "implied": {},
    }
    row = {**SLOPE, "panel": drawn, "model": MAIN, "fitted_column": "3.2", "gate": "pass",
           "fits": "pass", "mean": 0.0077, "q025": -0.033, "q975": 0.052, "p_same_sign": 0.63,
           "p_rope": 0.9, "p_printed": 0.1, "published": 0.105, "agreement": ""}  # fmt: skip
    tables = {"comparison": pd.DataFrame([row]), "replication": pd.DataFrame()}
    pooled = pd.DataFrame([{**SLOPE, "panel": drawn, "draws": 40, "mean": 0.012, "se": 0.057}])
    block = verdicts.evidence(claim, verdicts.Drawn(tables, pooled, pooled))
    heads = block["heads"]
    assert heads[:3] == ["panel", "posterior", "finding"]
    findings = {row[0]: row[2] for row in block["rows"]}
    assert next(iter(findings.items())) == (f"{CENSUS4}, gaps drawn 40 times", "counts: open")
    assert findings[CENSUS4] == "replaced by the row with gaps drawn 40 times"
    assert findings[PUBLISHED] == "counts: open"
    assert findings[OFFICIAL] == "does not count"
    assert block["rows"][0][1] == "0.008 [-0.033, 0.052]"
    assert block["rows"][0][3] == "0.012 (0.057)"


# --- posterior ------------------------------------------------------------------------------------


def test_the_climb_says_how_the_slope_moves_and_where_it_does_so_too():
    steps = ladder((0.085, 0.085, -0.029, 0.106, 0.181, 0.019, 0.014))
    text = answers.posterior(Given(comparison=posteriors(), ladder=steps))
    assert (
        f"On {OFFICIAL}: from 0.085 the slope first rises to 0.181. Errors that persist over years "
        "then bring it to 0.019, growth by province to 0.014. The first two moves have the same "
        f"signs on {CENSUS4} and {PUBLISHED}."
    ) in text
    falling = ladder((0.3, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1), (OFFICIAL,))
    text = answers.posterior(Given(comparison=posteriors(), ladder=falling))
    assert "from 0.300 the slope first falls to 0.100" in text
    assert "same signs" not in text


def test_the_steps_of_the_ladder_are_numbered_and_say_what_they_fail():
    steps = ladder((0.1,) * 7, fails="ar1_province_slopes")
    clauses = verdicts.steps_in_words(steps).split("; ")
    assert [clause[:3] for clause in clauses] == [f"({i})" for i in range(1, 8)]
    failing = [clause for clause in clauses if "fails predictive checks" in clause]
    assert failing == [clauses[5]]
    spec = charts.spec(slope_charts.slopes(steps, numbered=True))
    shapes = [layer["encoding"]["shape"] for layer in spec["layer"] if "shape" in layer["encoding"]]
    assert shapes[0]["scale"]["domain"] == [charts.SOUND, "fails predictive checks"]


# --- replication ----------------------------------------------------------------------------------


def test_a_share_above_the_gap_is_said_to_be_cancelled_in_part():
    shares = pd.DataFrame(
        [
            {**SLOPE, "panel": CENSUS4, "game": "ingredients", "player": player, "share": share,
             "start": 0.02, "end": 0.105}
            for player, share in (("indus: vintage", 0.1), ("urb: rest", -0.015))
        ]
    )  # fmt: skip
    cells = replication(0.2).assign(matches=False, table="3")
    text = answers.replicated(Given(replication=cells, decomposition=shares))
    assert text.endswith(
        f"The whole gap of {CENSUS4} to the printed slope is +0.085. The vintage of industrial "
        "agglomeration (indus) adds +0.100; other ingredients partly cancel (-0.015)."
    )


# --- horizon --------------------------------------------------------------------------------------


@pytest.mark.parametrize("low", [-0.1, 0.01])
def test_slow_slopes_are_of_the_panels_that_count(low):
    kinds = ((horizon.DIFFERENCE, 1), (horizon.DIFFERENCE, 8), (horizon.WITHIN, np.nan),
             (horizon.BETWEEN, np.nan))  # fmt: skip
    rows = pd.DataFrame(
        [
            {**SLOPE, "panel": panel, "kind": kind, "years": years, "model": MAIN,
             "coef": 0.1 + i / 100, "se": 0.1, "low": low, "high": 0.4}
            for i, panel in enumerate(ledger.EVIDENCE)
            for kind, years in kinds
        ]
    )  # fmt: skip
    text = horizon.slow(rows, VINTAGES)
    assert text.startswith(f"Column 3.2 on {' and '.join(VINTAGES)}: differences over 8 years give")
    slow = f"0.110 [{low:.3f}, 0.400] and 0.120 [{low:.3f}, 0.400]"
    assert text.count(slow) == 3
    assert "0.100" not in text.replace(f"{low:.3f}", "")  # that of the first panel
    included = 4 * (low < 0)
    assert f"intervals {included} of 4 include zero" in text
    assert ("open question" in text) == (included == 4)
    assert horizon.slow(rows, ("mine",)) == ""


# --- dynamics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("above", [0.22, 0.0])
def test_rho_in_short_says_whether_the_data_can_tell(above):
    scores = pd.DataFrame(
        [
            {"cell": "0.5 far", "rho": 0.5, "estimator": name, "term": LAG, "score": score,
             "coverage": 0.9, "holds": True, "above_one_low": above, "data_sets": 30,
             "estimated": 30}
            for name, score in (("within", 0.1), ("ols", 0.2))
        ]
    )  # fmt: skip
    text = in_words.in_short(scores)
    assert "best-scoring estimator (within)" in text
    assert ("These data cannot say" in text) == (above > FALSE_POSITIVES)
    assert ("in 22% of data sets or more" in text) == (above > FALSE_POSITIVES)


def test_private_names_of_the_lag_are_not_shown():
    assert (
        in_words.plainly("(0.95 stationary, L.y), (L.y: 30%)") == "(0.95 stationary, ρ), (ρ: 30%)"
    )


def test_a_printed_coefficient_is_drawn_once_and_far_estimates_are_left_out():
    rows = pd.DataFrame(
        [
            {"term": LAG, "column": "5.1", "panel": panel, "estimator": name, "coef": coef,
             "low": coef - 0.7, "high": coef + 0.1}
            for panel in ledger.EVIDENCE
            for name, coef in (("published", 1.1), ("within", 1.04), ("ols", 3.0))
        ]
    )  # fmt: skip
    data = max(charts.spec(charts.autoregressive(rows))["datasets"].values(), key=len)
    assert [row["panel"] for row in data].count(charts.PRINTED) == 1
    assert {row["estimator"] for row in data} == {"within", charts.PRINTED}
    assert min(row["left"] for row in data) == 0.5


def test_the_unit_of_a_response_is_beside_the_spread_within_provinces():
    frame = load_named(CENSUS4, ("indus",)).frame
    within = frame["indus"] - frame.groupby("province")["indus"].transform("mean")
    assert f"{np.sqrt((within**2).mean()):.3f}" in studies.unit("indus")


# --- multiverse -----------------------------------------------------------------------------------


def test_each_count_of_universes_has_a_sentence():
    found = pd.DataFrame(
        {"family": ["least_squares"] * 2, "column": ["3.2", "8.1"], "universes": [1000, 200],
         "distinct": [900, 100], "apart": [500, 0]}
    )  # fmt: skip
    by_errors = pd.DataFrame(
        [
            {"column": column, "errors": errors, "posteriors": 10, "not_trusted": 1}
            for column in ("3.2", "8.1")
            for errors in ("independent", "growth")
        ]
    )
    every = pd.DataFrame(
        [
            {"column": "3.2", "errors": errors, "distinct": 300, "not_trusted": 2}
            for errors in ("least_squares", "independent", "growth")
        ]
    )
    text = in_words.counted(found, by_errors, every)
    assert "By least squares 1,200 were estimated over 2 columns, 1,000 of them distinct" in text
    assert "500 more are shown apart" in text
    assert "A balanced part, 22 of them, has a posterior under each of 2 error structures" in text
    assert "44 posteriors, of which 4 fail" in text
    assert "300 universes, 600 posteriors, of which 4 fail." in text
    alone = in_words.counted(found.assign(apart=0), None, None)
    assert "posterior" not in alone
    assert "apart" not in alone


@pytest.mark.parametrize("coverage", [0.56, 0.9])
def test_a_share_that_equals_that_of_false_positives_is_said_to_be_another(coverage):
    variance = pd.DataFrame([{**SLOPE, "choice": "gap_rule", "total": 0.41}])
    universes = pd.DataFrame(
        [{**SLOPE, "share_same_sign": 0.44, "universes": 10368, "distinct": 9504}]
    )
    sizes = pd.DataFrame(
        [{"role": "deciding", "panel": OFFICIAL, "generator": "swap", "slopes": "none",
          "estimand": "slope", "method": "twfe", "coverage": coverage}]
    )  # fmt: skip
    text = answers.moves(
        Given(multiverse_variance=variance, multiverse=universes, candidates=sizes)
    )
    assert "Of all choices, rule for gaps has the largest share" in text
    assert "44% of 10,368 combinations of choices" in text
    assert ("another number" in text) == (coverage == 0.56)


def test_every_tile_has_an_english_name_and_its_chinese_one():
    values = pd.DataFrame([{"province": p.name, "quantity": "x", "value": -1.0} for p in PROVINCES])
    spec = charts.spec(charts.tiles(values))
    data = max(spec["datasets"].values(), key=len)
    plain = {row["province"]: row["name"].replace("|", "").replace("-", "") for row in data}
    assert plain == {p.name: p.name.replace(" ", "") for p in PROVINCES}
    assert {row["zh"] for row in data} == {p.zh for p in PROVINCES}


# --- power ----------------------------------------------------------------------------------------


def test_power_says_what_is_counted_and_of_which_columns():
    rows = pd.DataFrame(
        [
            {"panel": OFFICIAL, "column": column, "test": test, "data_sets": sets,
             "published_over_detectable": ratio, "false_positive_rate": rate}
            for column, test, sets, ratio, rate in (
                ("3.2", "conventional", 2000, 0.5, 0.4), ("8.1", "conventional", 2000, 1.2, 0.6),
                ("3.2", "posterior", 200, 2.0, 0.1), ("8.1", "posterior", 200, 2.0, 0.1),
                ("5.1", "GMM", 0, 3.0, np.nan),
            )
        ]
    )  # fmt: skip
    text = in_words.enough(rows)
    assert "Printed slopes of 3.2, 8.1 beside what shows in 80% of data sets simulated on" in text
    assert "1 of 2 by conventional errors, 2 of 2 by the posterior" in text
    assert "rejects in 50% by conventional errors, 10% by the posterior: medians over these" in text
    assert text.endswith(
        "By system GMM's own errors, without data sets, 1 of 1 are as large (5.1)."
    )


def test_power_is_drawn_with_the_printed_slope():
    curves = pd.DataFrame(
        [{**SLOPE, "test": "conventional", "slope": s, "power": s} for s in (0.0, 0.5)]
    )
    rows = pd.DataFrame([{**SLOPE, "published": 0.105}])
    datasets = charts.spec(choice_charts.power_curves(curves, rows))["datasets"].values()
    assert [{"cell": "3.2 indus", "published": 0.105}] in datasets


def screened(outside: str) -> pd.DataFrame:
    from analysis.simulation.main_model import DECIDING

    return pd.DataFrame(
        [
            {"panel": panel, "generator": generator, "slopes": slopes, "estimand": "slope",
             "method": method, "data_sets": 1000, "failed": 0,
             "coverage": 0.8 if outside in (method, "both") else 0.95, "width": 0.1,
             "score": 0.1 if method == "growth" else 0.3, "power": 0.9, "role": "deciding"}
            for panel in DECIDING[0]
            for generator in DECIDING[1]
            for slopes in ("none", "printed")
            for method in ("ar1_province_slopes", "growth")
        ]
    )  # fmt: skip


def test_two_rounds_chose_the_main_model():
    text = in_words.rounds(screened("growth"), screened("both"))
    assert (
        "In the first round another model came first, `ar1_province_slopes`: its coverage was too "
        "low in 0 of 12 settings."
    ) in text
    assert "chose `growth`: where no model has enough coverage everywhere, the interval" in text
    assert text.endswith("Its coverage was too low in 12 of 12 settings.")
    assert "the same model came first, `growth`" in in_words.rounds(screened(""), screened(""))
    assert "no second yet" in in_words.rounds(screened(""), None)


def test_the_false_positive_rate_of_power_says_of_which_column_it_is():
    rows = pd.DataFrame(
        [{**SLOPE, "panel": OFFICIAL, "test": "conventional", "detectable": 0.177,
          "published": 0.105}]
    )  # fmt: skip
    sizes = screened("").assign(method="twfe")
    text = answers.reach(Given(power=rows, candidates=sizes))
    assert "The smallest slope of column 3.2 that shows in 80% of data sets is 0.177" in text
    assert "in 5% of simulated data sets. These are means of column 3.2 over the settings" in text


def test_the_reason_names_limits_and_what_the_papers_own_method_gives():
    claim = {"magnitude": "practically none", "p_rope": 0.998, "p_printed": 0.03}
    rows = posteriors().assign(rope=[0.062, 0.071, 0.063])
    said = answers.why(Given(replication=replication(0.2), comparison=rows), claim)
    assert "0.998 the slope lies within ±0.071 or ±0.063, with 0.030 in the printed" in said
    assert "gives 0.020 and 0.030, both with zero in their intervals" in said
    certain = replication(0.2).assign(
        estimated=lambda rows: rows["estimated"].where(rows["statistic"] != "se", 0.001)
    )
    assert "zero" not in answers.why(Given(replication=certain), claim | {"p_rope": float("nan")})


def test_the_third_number_says_where_the_main_model_covers_too_rarely():
    assert answers.outside(Given()) == (0, 0)
    last = read_result(Outputs().results, "last_two")
    few, cells = answers.outside(Given(last_two=last))
    of_main = last[(last["method"] == MAIN) & (last["role"] == "deciding")]
    assert (few, cells) == (of_main["outside"].sum(), len(of_main))
