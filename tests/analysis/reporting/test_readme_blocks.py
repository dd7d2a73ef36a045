"""The computed parts of the READMEs: each from its tables, by rules that a reader can check."""

import pandas as pd

from analysis.claims.records import VINTAGES
from analysis.posterior.inputs import fits_panel
from analysis.replication.dynamic_estimators import dynamic_models
from analysis.reporting import choice_block, readme_headline
from analysis.reporting import readme_blocks as blocks
from analysis.reporting.page import answers
from analysis.reporting.page.blocks import Results
from analysis.reporting.readme import MULTIVERSE
from analysis.robustness import horizon
from analysis.shared.outputs import Outputs, read_result
from analysis.simulation.dynamic_study.cells import CELLS
from analysis.simulation.dynamic_study.study import MODEL
from analysis.specifications import select
from analysis.ye2024.multiverse import summarise
from data.panels.catalogue import PANELS
from models.bayesian.registry import MAIN, models_for
from tests.helpers import report_results, universes
from tests.helpers.results import comparison, replication


def test_the_headline_shows_published_estimate_and_posterior():
    lines = readme_headline.headline(replication(), comparison()).splitlines()
    east = next(line for line in lines if "8.1" in line)
    assert "0.312*** (0.103)" in east
    assert "0.200** (0.100)" in east
    assert "0.150 [-0.050, 0.350]" in east
    assert "0.900 | pass |  | uncertain" in east
    assert len(lines) == 2 + 4


def test_the_multiverse_names_the_choice_that_decides_most():
    tree = universes.tree()
    spread = {name: values.var() for name, values in universes.effects().items()}  # they add up
    most = max(spread, key=spread.get)
    text = blocks.multiverse(*(summarise.TABLES[name](tree) for name in MULTIVERSE))
    line, *by_errors = (row for row in text.splitlines() if row.startswith("| 3.2 | indus |"))
    assert [row.split(" | ")[2] for row in by_errors] == ["independent", "growth"]
    assert line.endswith(f"| {most} {spread[most] / sum(spread.values()):.0%} |")
    (line,) = (line for line in text.splitlines() if line.startswith("| 5.1 | indus |"))
    assert line.endswith("|  |")


def test_power_is_told_in_a_sentence_and_shown_for_the_headline():
    found = pd.DataFrame(
        {"panel": "official", "column": ["3.2", "4.1"], "term": "indus", "test": "province",
         "data_sets": 2_000, "published": 0.105, "detectable": [0.249, 0.08],
         "published_over_detectable": [0.42, 1.3], "power_at_published": 0.21,
         "false_positive_rate": 0.06, "false_positive_rate_low": 0.03,
         "false_positive_rate_high": 0.1}
    )  # fmt: skip
    said = blocks.power_table(found)
    assert said.startswith(
        "The published slope reaches the minimum detectable effect (80% power) in 1"
    )
    assert "1 of 2 by errors clustered by province" in said
    elsewhere = pd.concat([found, found.assign(panel="implied")])
    assert blocks.power_table(elsewhere) == said
    assert said.splitlines()[-1] == "| 3.2 | province | 2000 | 0.105 | 0.249 | 21% | 6% [3%, 10%] |"


def test_slopes_by_model_are_shown_once_all_are_sampled():
    (record,) = select(["3.2"])
    fits = [
        (model.name, kind.name)
        for model in models_for(record)
        for kind in PANELS
        if fits_panel(model, kind.name)
    ]
    found = pd.DataFrame(fits, columns=["model", "panel"]).assign(
        column="3.2",
        fitted_column="3.2",
        term="indus",
        mean=0.1,
        q025=-0.05,
        q975=0.25,
        gate="pass",
    )
    found.loc[found["model"] == "joint", "gate"] = "fail"
    lines = blocks.assumptions(found).splitlines()
    assert len(lines) == 2 + len(models_for(record))
    (joint,) = (line for line in lines if "`joint`" in line)
    assert joint.count("0.100 [-0.050, 0.250] (fails diagnostics)") == len(PANELS)
    (measured,) = (line for line in lines if "`measurement`" in line)
    assert measured.endswith("|  |")
    assert blocks.assumptions(found[found["model"] != "student_t"]) is None
    assert blocks.assumptions(comparison()) is None


def test_calibrations_say_which_fail():
    judged = pd.DataFrame(
        {"case": ["mundlak", "mundlak", "wrong: one shared σ"], "data_sets": 1_000,
         "parameter": ["a[0]", "a[1]", "a[0]"], "p": [0.5, 0.1, 1e-9], "independent": 1.0,
         "passes": [True, True, False]}
    )  # fmt: skip
    lines = blocks.calibration(judged).splitlines()
    assert lines[0].startswith("SBC passes in every case. Not run: region_sigma; hierarchical; ")
    assert lines[-2] == "| mundlak | 1000 | 2 | 0 | 0.1 | 100% | uniform |"
    told = blocks.calibration(judged.assign(passes=[True, False, True])).splitlines()[0]
    assert told.startswith("SBC fails: mundlak, wrong: one shared σ. Not run: ")
    assert "growth" not in told
    assert blocks.calibration_main(judged) is None
    of_main = judged.assign(case="growth, posterior", passes=True)
    assert blocks.calibration(of_main) is None
    assert blocks.calibration_main(of_main).startswith("SBC passes in every case. Not run: growth;")


def test_who_moves_the_headline_is_named_beside_the_posterior_where_there_is_one():
    row = {"panel": "official", "column": "3.2", "term": "indus", "group": "province",
           "whole": 0.2, "whole_p": 0.01, "turns": "", "posterior_shift": 0.5}  # fmt: skip
    row |= {"posterior": 0.1, "posterior_whole": 0.2}
    rows = [row | {"left_out": "Hubei", "shift": -1.5},
            row | {"left_out": "Hunan", "shift": 0.5, "turns": "sign", "posterior_shift": -1.0},
            row | {"left_out": "2015", "group": "year", "shift": 0.1, "posterior_shift": None},
            row | {"left_out": "Tibet", "column": "4.1", "shift": 9.0}]  # fmt: skip
    head, _, line, _, said = blocks.influence_table(pd.DataFrame(rows)).splitlines()
    assert "without none of them;" in said
    beyond = pd.DataFrame([rows[0], rows[1] | {"posterior": -0.01}])
    *_, said = blocks.influence_table(beyond).splitlines()
    assert "changes sign without Hunan (1); in brackets on how many of 1 official" in said
    assert (
        head
        == "| column | province | province (posterior) | year | turn sign | turn significance |"
    )
    assert line == "| 3.2 | Hubei -1.5 | Hunan -1.0 | 2015 +0.1 | Hunan |  |"


def test_bounds_are_shown_from_least_to_greatest():
    found = pd.DataFrame(
        {
            "scalar": "slope",
            "end": ["least", "greatest"],
            "implied": 0.1054,
            "ensemble": [0.09, 0.12],
            "found": [-0.2, 0.3],
            "residual": [0.011, 0.052],
        }
    )
    last = blocks.bounds(found).splitlines()[-1]
    assert last == "| slope | 0.105 | 0.090 to 0.120 | -0.200 to 0.300 | 0.05 |"


def test_roots_stand_by_column_and_panel():
    estimated, *_ = report_results.dynamics(("official", "implied"))
    lines = blocks.autoregressive(estimated).splitlines()
    assert len(lines) == 2 + 2
    assert "5.1 produ | `implied` | 1.100 (0.050)" in lines[-1]
    assert lines[-1].endswith("| 1.100 [0.900, 1.200] | 0.990 | pass |")


def test_a_root_stands_under_each_dynamic_model_once_all_are_sampled():
    estimated, *_ = report_results.dynamics(("official", "implied"))
    own = estimated[(estimated["estimator"] == MODEL) & (estimated["panel"] == PANELS[0].name)]
    models = [model.name for model in dynamic_models() if model.fits(select(["5.1"])[0])]
    names = [name for name in models if name not in set(estimated["estimator"])]
    others = [own.assign(estimator=name, coef=0.95, gate="fail") for name in names]
    head, _, *lines = blocks.variants(pd.concat([estimated, *others])).splitlines()
    assert head.startswith("| column | panel | dynamic, given the first year | dynamic, ρ by")
    assert head.count("|") == 3 + len(models)
    assert lines[0].count("| 0.950 [1.050, 1.200] (fails diagnostics) |") > 0
    assert "| 1.100 [0.900, 1.200] |  |" in lines[1]
    assert [cell.strip() for cell in lines[1].split("|")[3:-1]].count("") == len(names)
    assert blocks.variants(pd.concat([estimated, *others[1:]])) is None


def test_the_common_factor_restriction_is_said_and_tabled():
    row = {"panel": "official", "column": "5.1", "term": "indus", "rho": 0.9, "slope": 0.1,
           "lagged_slope": 0.1, "excess": 0.19, "se": 0.05, "low": 0.09, "high": 0.29,
           "p": 0.001, "p_all": 0.2}  # fmt: skip
    rows = pd.DataFrame([row | {"lines": lines} for lines in ("none", "by province")])
    sentence, _, head, _, line = blocks.common_factor(rows).splitlines()
    assert "rejects this in 1 of 1 fits, all regressors together in 0 of 1" in sentence
    with_implied = pd.concat([rows, rows.assign(panel="implied")])
    assert blocks.common_factor(with_implied).startswith(sentence)
    assert head.startswith("| column | panel | term | θ + ρb, without lines | P, without lines |")
    assert line.startswith("| 5.1 | `official` | indus | 0.190 [0.090, 0.290] | 0.001 | 0.200 |")


def test_the_answer_is_the_rules_and_stands_above_what_it_rests_on():
    estimated, _, found = report_results.dynamics(("official", "implied"))
    text = blocks.simulation(estimated, found)
    assert text.startswith("**Is ρ > 1 in the data")
    cells = len(CELLS)
    assert (
        f"reaches 90% within Monte-Carlo error in {2 * cells - 2} of {2 * cells} cells, not" in text
    )
    assert "0.8 stationary feedback (indus: 50%)" in text
    assert "5.1: ρ is 1.100 [1.050, 1.200] (official): ρ > 1 is in the data; ρ is" in text
    assert "+0.010 0.020 50% ✗" in text


def test_the_caution_shows_how_sizes_differ_between_cells():
    candidates, last = (read_result(Outputs().results, n) for n in ("candidates", "last_two"))
    text = choice_block.caution(candidates)
    asked = {"method": MAIN, "slopes": "none", "estimand": "slope", "role": "deciding"}
    own = 1 - blocks.rows_with(last, asked)["coverage"]
    assert f"means over {len(own)} settings" in text
    spread = f"between {own.min():.0%} and {own.max():.0%}; {(own > 0.08).sum()}"
    assert f"{spread} are above the rule's 8%" in text
    of_regions = last[last["estimand"] != "slope"]
    of_regions = blocks.rows_with(of_regions, {k: asked[k] for k in ("method", "slopes", "role")})
    assert f"they reach {1 - of_regions['coverage'].min():.0%}" in text
    outside = blocks.rows_with(last, {"method": MAIN, "generator": "swap"})["outside"].sum()
    said = choice_block.chosen(last)
    assert f"{outside} with other provinces' paths (*swap*)" in said
    deciding = blocks.rows_with(last, {"method": MAIN, "role": "deciding"})["coverage"]
    assert f"By point estimates {(deciding < 0.92).sum()} and " in said
    fewer = len(blocks.rows_with(candidates, asked | {"method": "independent"}))
    assert (f"({fewer} for posteriors with independent errors" in text) == (fewer < len(own))


def test_the_gap_is_split_into_choices_and_the_rest():
    row = {"panel": "official-census4", "column": "3.2", "term": "indus", "game": "ingredients"}
    row |= {"start": 0.02, "end": 0.1}
    shares = [("indus: vintage", 0.09), ("indus: rest", -0.02), ("urb: rest", 0.01)]
    rows = pd.DataFrame([row | {"player": name, "share": value} for name, value in shares])
    text = readme_headline.decomposed(rows)
    assert "of +0.080 choices among official data explain +0.090, *rest* -0.010." in text
    assert "*indus: vintage*, +0.090" in text
    assert readme_headline.decomposed(rows.assign(column="8.1")) is None


def test_student_t_errors_say_how_near_a_unit_root_they_come():
    found = read_result(Outputs().results, "scale_sweep")
    assert "largest P(φ > 0.99) of a region lies between" in blocks.unit_root(found)
    assert "Student t" not in blocks.unit_root(found[found["scale"] != "nu"])


def test_page_and_readme_give_the_same_sizes():
    results = Outputs().results
    shares = answers.size(Results(results, []))
    text = choice_block.caution(read_result(results, "candidates"))
    assert f"{shares['twfe']:.0%} (two-way fixed effects)" in text
    assert f"{shares['twfe_clustered']:.0%} (errors clustered by province)" in text
    assert f"{shares[MAIN]:.0%} (`{MAIN}`)" in text


def test_the_slope_by_horizon_is_said_of_the_panels_that_count():
    kinds = {horizon.DIFFERENCE: [1, 8], horizon.LEVELS: [0]}
    kinds |= {horizon.BETWEEN: [None], horizon.WITHIN: [None]}
    rows = pd.DataFrame(
        [
            {"panel": panel, "column": "3.2", "term": "indus", "kind": kind, "model": MAIN,
             "years": years, "coef": slope + i,
             "se": 0.01, "low": slope + i - 0.02, "high": slope + i + 0.02}
            for panel, slope in (("official", 0.9), (VINTAGES[0], 0.1), (VINTAGES[1], 0.2))
            for kind, listed in kinds.items()
            for i, years in enumerate(listed)
        ]
    )  # fmt: skip
    text = readme_headline.horizon_words(rows)
    assert text.startswith(f"- Horizon: {horizon.slow(rows, VINTAGES)} Two-way")
    assert "8 years give 1.100 [1.080, 1.120] and 1.200 [1.180, 1.220]" in text
    assert "nearest to differences over 1 and 1 years" in text
    assert "0.9" not in text


def test_regions_are_measured_by_their_own_standard_deviations_too():
    entries = [{"column": column, "p_printed": 0.5} for column in ("8.1", "8.2", "8.3")]
    rows = [
        {"panel": panel, "column": column, "term": "indus", "model": model, "mean": 0.0,
         "sd": 0.01, "rope": limit if model != MAIN else 9.0}
        for panel in VINTAGES
        for column, limit in (("8.1", 0.05), ("8.2", 0.01), ("8.3", 0.0197))
        for model in (MAIN, "growth_region")
    ]  # fmt: skip
    sizes = dict(readme_headline.by_own_scale(entries, pd.DataFrame(rows)))
    # Within five, one and 1.97 standard deviations of a normal distribution.
    assert sizes == {"east": "practically none", "central": "open", "west": "practically none"}


def test_the_answer_states_its_limits_in_the_order_of_the_panels():
    rows = [
        {"panel": panel, "column": "3.2", "term": "indus", "model": model, "rope": limit,
         "p_rope": p}
        for panel, limit, p in ((VINTAGES[1], 0.06, 0.8), (VINTAGES[0], 0.07, 0.9))
        for model in (MAIN, choice_block.first_two()[1])
    ]  # fmt: skip
    entry = {"column": "3.2", "term": "indus", "probability": 0.7, "verdict": "inconclusive"}
    entry |= {"magnitude": "practically none", "p_rope": 0.99, "p_printed": 0.04}
    text = readme_headline._answer(entry, pd.DataFrame(rows))
    assert "0.990 the slope lies within ±0.070 or ±0.060, by panel" in text
    assert " gives 0.90 and 0.80." in text
    region = {"column": "8.1", "magnitude": "open", "p_printed": 0.5}
    entries = [entry | {"printed": "-0.065*** (0.1)"}, region | {"printed": "0.1 (0.1)"}]
    entries += [region | {"column": column, "printed": "0.1 (0.1)"} for column in ("8.2", "8.3")]
    of_regions = [
        {"panel": panel, "column": column, "term": "indus", "model": model, "mean": 0.0,
         "sd": 1.0, "rope": 0.1}
        for panel in VINTAGES
        for column in ("8.1", "8.2", "8.3")
        for model in (MAIN, "growth_region")
    ]  # fmt: skip
    (judged,) = readme_headline._sizes_judged(entries, pd.DataFrame([*rows, *of_regions]))
    assert "1 practically none, 3 open. In 0 of these 1 the" in judged
    entries[0] |= {"printed": "-0.059*** (0.1)"}
    (judged,) = readme_headline._sizes_judged(entries, pd.DataFrame([*rows, *of_regions]))
    assert "In 1 of these 1 the" in judged
