"""The sentence that each section of the page begins with: its question answered from numbers.

Each function takes the results and returns a sentence or two; empty where the tables that it needs
have not been made.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.claims import ledger
from analysis.claims.records import VINTAGES
from analysis.comparison import power
from analysis.comparison.ladder import TWFE
from analysis.replication.replicate import summary
from analysis.reporting.page.blocks import Results
from analysis.reporting.page.choice_charts import choice_label
from analysis.robustness.horizon import DIFFERENCE
from analysis.shared.frames import matching
from analysis.shared.statistics import CERTAIN, INTERVALS, POWER, Z
from analysis.simulation import main_model
from analysis.simulation.calibration.judge import failures
from analysis.specifications import HEADLINE, STATIC, select, spelled
from data.panels.catalogue import PANELS
from models.bayesian.registry import LADDER, MAIN
from models.design import LAG

BASELINE = next(record for record in STATIC if record.column == HEADLINE[0])
TERM = BASELINE.interest[0]
OF_SLOPE = {"column": BASELINE.column, "term": TERM}
"""The headline slope."""


def span(values: pd.Series, digits: int = 3) -> str:
    """Write the least and the greatest of some numbers, or the one that there is."""
    least, greatest = f"{values.min():.{digits}f}", f"{values.max():.{digits}f}"
    return least if least == greatest else f"{least} to {greatest}"


def least_squares(results: Results, statistic: str = "coef") -> pd.Series | None:
    """Return the headline slope by two-way fixed effects, or its error, by official panel."""
    replication = results.frame("replication")
    if replication is None:
        return None
    cells = matching(replication, **OF_SLOPE, statistic=statistic)
    cells = cells[cells["panel"].isin(ledger.EVIDENCE)]
    return cells.set_index("panel")["estimated"].astype(float)


def posteriors(results: Results) -> pd.DataFrame | None:
    """Return the main model's rows of the headline slope on the panels that count."""
    comparison = results.frame("comparison")
    if comparison is None:
        return None
    rows = matching(comparison, **OF_SLOPE, model=MAIN, fitted_column=BASELINE.column)
    rows = rows[rows["panel"].isin(ledger.EVIDENCE)]
    return rows.sort_values("panel", key=lambda names: names.map(ledger.EVIDENCE.index))


def p_positive(rows: pd.DataFrame) -> pd.Series:
    """Return the probability of a positive slope from that of the printed sign."""
    same = rows["p_same_sign"]
    return same.where(rows["published"].astype(float) > 0, 1 - same)


def printed(results: Results) -> str:
    """Say what the headline column prints, and how many printed numbers contradict others."""
    checks = results.frame("audit")
    replication = results.frame("replication")
    if checks is None or replication is None:
        return ""
    cells = matching(replication, **OF_SLOPE, panel=ledger.EVIDENCE[0]).set_index("statistic")
    texts = cells["published"]
    if not {"coef", "stars", "se"} <= set(texts.index):  # the column has not been replicated
        return ""
    errors = checks[~checks["result"].isin(["compatible", "not compatible"])]
    inconsistent = int((errors["result"] == "inconsistent").sum())
    return (
        f"A slope of {TERM} on {BASELINE.outcome} of {texts['coef']}{texts['stars']} (standard "
        f"error {texts['se']}), and {len(select(())) - 1} further columns. Of {len(errors)} "
        f"comparisons of printed numbers with each other, {inconsistent} do not fit."
    )


def replicated(results: Results) -> str:
    """Say how many printed numbers come out on official data, and what makes the difference."""
    replication, slopes = results.frame("replication"), least_squares(results)
    if replication is None or slopes is None or slopes.empty or "matches" not in replication:
        return ""
    counted = summary(replication)
    counted = counted[counted["panel"].isin(ledger.EVIDENCE)].groupby("panel", sort=False)
    met = counted[["matching", "printed"]].sum()
    text = (
        f"Only in part: on the official panels {span(met['matching'], 0)} of "
        f"{met['printed'].max()} printed numbers come out, and the headline slope is "
        f"{span(slopes)} by the paper’s own estimator."
    )
    shares = results.frame("decomposition")
    if shares is None:
        return text
    parts = matching(shares, **OF_SLOPE, game="ingredients")
    parts = parts[parts["panel"].isin(ledger.EVIDENCE)]
    if parts.empty:
        return text
    row = parts.loc[parts["share"].abs().idxmax()]
    gap = row["end"] - row["start"]
    others = gap - row["share"]
    rest = "partly cancel" if others * row["share"] < 0 else "add the remaining"
    return (
        f"{text} The whole gap of {row['panel']} to the printed slope is {gap:+.3f}. "
        f"{_ingredient(row['player'])} adds {row['share']:+.3f}; other ingredients {rest} "
        f"({others:+.3f})."
    )


def _ingredient(player: str) -> str:
    """Return an ingredient of the data in words, at the beginning of a sentence."""
    name, _, what = player.partition(": ")
    if what == "rest":
        return f"What no official series explains in {spelled(name)}"
    return f"The {what or 'edition'} of {spelled(name)}"


def posterior(results: Results) -> str:
    """Say where the posterior of the headline slope is, and how it gets there step by step."""
    rows = posteriors(results)
    if rows is None or rows.empty:
        return ""
    text = (
        f"By the model {MAIN} the slope is {span(rows['mean'])} (posterior means on "
        f"{len(rows)} official panels), with a probability of {span(p_positive(rows))} of being "
        "positive."
    )
    ladder = results.frame("ladder")
    return text if ladder is None else " ".join([text, *_climbed(matching(ladder, **OF_SLOPE))])


PERSISTENT = "ar1_province_slopes"
"""The step of the ladder whose errors persist over years."""


def _climbed(ladder: pd.DataFrame) -> Iterator[str]:
    """Say how the slope moves from least squares to the main model, and where it does so, too."""
    names = [TWFE, LADDER[LADDER.index(PERSISTENT) - 1], PERSISTENT, MAIN]
    steps = ladder.pivot_table(index="panel", columns="step", values="estimate", sort=False)
    if not set(names) <= set(steps) or MAIN == PERSISTENT:
        return
    steps = steps.loc[[panel for panel in ledger.EVIDENCE if panel in steps.index], names].dropna()
    if steps.empty:
        return
    panel, (first, middle, persistent, last) = steps.index[0], steps.iloc[0]
    word = "rises" if middle > first else "falls"
    yield (
        f"On {panel}: from {first:.3f} the slope first {word} to {middle:.3f}. Errors that persist "
        f"over years then bring it to {persistent:.3f}, growth by province to {last:.3f}."
    )
    moves = np.sign(steps.diff(axis=1).iloc[:, 1:3])
    alike = [name for name in steps.index[1:] if (moves.loc[name] == moves.iloc[0]).all()]
    if alike:
        yield f"The first two moves have the same signs on {' and '.join(alike)}."


def horizon(results: Results) -> str:
    """Say what differences over few and many years give, and whether there is a long run."""
    parts = []
    steps = results.frame("horizon")
    if steps is not None:
        of_slope = matching(steps, **OF_SLOPE, kind=DIFFERENCE)
        of_slope = of_slope[of_slope["panel"].isin(ledger.EVIDENCE)]
        shortest, longest = of_slope["years"].min(), of_slope["years"].max()
        ends = [of_slope[of_slope["years"] == years]["coef"] for years in (shortest, longest)]
        if len(of_slope):
            parts.append(
                f"Slopes depend on it: differences over one year give {span(ends[0])}, over "
                f"{of_slope['years'].max():.0f} years {span(ends[1])}."
            )
    estimated, effects = results.frame("dynamic"), results.frame("dynamic_effects")
    if estimated is not None and effects is not None:
        parts.append(_long_run(estimated, effects))
    return " ".join(parts)


def _long_run(estimated: pd.DataFrame, effects: pd.DataFrame) -> str:
    """Say what one year does given the year before, and whether there is a long run."""
    column = effects["column"].iloc[0]
    of_model = effects[effects["panel"].isin(ledger.EVIDENCE) & (effects["column"] == column)]
    of_model = of_model[
        (of_model["slope"] == "average") & (of_model["model"] == of_model["model"].iloc[0])
    ]
    first = of_model[of_model["quantity"] == "short_run"]["median"]
    long_run = of_model[of_model["quantity"] == "long_run"]["share"]
    rho = matching(estimated, column=column, term=LAG, estimator=of_model["model"].iloc[0])
    rho = rho[rho["panel"].isin(ledger.EVIDENCE)]["coef"]
    one_year = f"is {span(first)} within the year" if len(first) else "is not known by year"
    return (
        f"Given last year’s index ({column}), the effect {one_year}. The autoregressive "
        f"coefficient ρ is {span(rho)}: a long-run effect exists only where ρ < 1, in "
        f"{span(100 * long_run, 0)} % of the draws."
    )


def moves(results: Results) -> str:
    """Say which choice, and which province, moves the headline slope most."""
    parts = []
    variance, universes = results.frame("multiverse_variance"), results.frame("multiverse")
    if variance is not None and universes is not None:
        of_slope = matching(variance, **OF_SLOPE)
        row = of_slope.loc[of_slope["total"].idxmax()]
        counts = matching(universes, **OF_SLOPE).iloc[0]
        same = f"{counts['share_same_sign']:.0%}"
        parts.append(
            f"Of all choices, {choice_label(row['choice'])} has the largest share of the "
            f"slopes’ variance ({row['total']:.0%}); {same} of {counts['universes']:,.0f} "
            f"combinations of choices ({counts['distinct']:,.0f} distinct regressions) give the "
            "printed sign."
        )
        false_positives = size(results).get("twfe")
        if false_positives is not None and f"{false_positives:.0%}" == same:
            parts.append(
                f"This {same} is a share of choices; the {same} of simulated data sets without a "
                "slope is another number, equal by chance."
            )
    influence = results.frame("sensitivity_influence")
    if influence is not None:
        rows = matching(influence, **OF_SLOPE, region="average", model=MAIN)
        if len(rows):
            row = rows.loc[rows["shift"].abs().idxmax()]
            parts.append(
                f"Of all provinces, {row['province']} moves the posterior most when it is left "
                f"out: by {row['shift']:+.1f} standard deviations on {row['panel']}."
            )
    return " ".join(parts)


def size(results: Results) -> dict[str, float]:
    """Return, by method, the share of data sets without a slope whose interval excludes zero.

    Means over the cells that decide which model is main; of the last two, of their own study.
    """
    shares: dict[str, float] = {}
    for study in ("candidates", "last_two"):
        scores = results.frame(study)
        if scores is not None:
            cells = scores.loc[
                scores["role"] == "deciding", ["panel", "generator"]
            ].drop_duplicates()
            rows = matching(scores, slopes="none", estimand="slope").merge(cells)
            shares |= (1 - rows.groupby("method")["coverage"].mean()).to_dict()
    return shares


def outside(results: Results) -> tuple[int, int]:
    """Return in how many settings of its study the main model covers too little, and of how many.

    None of none where the study has not been run.
    """
    scores = results.frame("last_two")
    if scores is None:
        return 0, 0
    of_main = main_model.ranking(scores).set_index("candidate").loc[MAIN]
    return int(of_main["outside"]), int(of_main["cells"])


def reach(results: Results) -> str:
    """Say how large a slope these data can show, and how often intervals see one that is none."""
    shares, detectable = size(results), results.frame("power")
    parts = []
    if detectable is not None:
        of_slope = matching(detectable, **OF_SLOPE)
        by_test = of_slope[of_slope["panel"] == of_slope["panel"].iloc[0]]
        rows = by_test if len(by_test) else detectable
        parts.append(power.sentence(rows) if rows is detectable else _detectable(rows))
    if "twfe" in shares:
        ours = f", of {MAIN} in {shares[MAIN]:.0%}" if MAIN in shares else ""
        parts.append(
            f"Without any slope, nominal 95 % intervals of the paper’s kind exclude zero in "
            f"{shares['twfe']:.0%} of simulated data sets{ours}. These are means of column "
            f"{BASELINE.column} over the settings of the study that chose the model."
        )
    return " ".join(parts)


def _detectable(rows: pd.DataFrame) -> str:
    sizes = ", ".join(
        f"{row.detectable:.3f} by {INTERVALS[row.test]}" for row in rows.itertuples(index=False)
    )
    return (
        f"The smallest slope of column {rows['column'].iloc[0]} that shows in {POWER:.0%} of data "
        f"sets is {sizes}; printed is {rows['published'].iloc[0]:.3f}."
    )


def passed(results: Results) -> str:
    """Say how many fits pass their diagnostics."""
    if not results.traces:
        return ""
    number = sum(trace.gate == "pass" for trace in results.traces)
    return f"{number} of {len(results.traces)} fits pass their diagnostics."


def sampler(results: Results) -> str:
    """Say how many fits pass their diagnostics, and whether calibration passes."""
    text, judged = passed(results), results.frame("calibration")
    if not text or judged is None:
        return text
    failed = failures(judged)
    calibration = (
        f"fails for {', '.join(failed)}" if failed else "passes in every case that was run"
    )
    return f"{text} Simulation-based calibration {calibration}."


ASKED = {
    "supported": "Panels rebuilt from official series support this",
    "supported, checks pending": "Panels rebuilt from official series support this so far",
    "fragile": "Panels rebuilt from official series agree, but a check reverses it",
    "inconclusive": "Panels rebuilt from official series leave it undecided",
    "partly contradicted": "Panels rebuilt from official series contradict it in part",
    "contradicted, checks pending": "Panels rebuilt from official series contradict it so far",
    "contradicted": "Panels rebuilt from official series contradict it",
    "not assessed": "It has not been judged: no model that can be fitted to it has been sampled",
}
"""What a verdict on the headline claim means, in words."""


def short(results: Results, claim: dict) -> str:
    """Answer the page's question in two sentences, from the verdict on the headline claim."""
    first = (
        f"The paper says yes: one more unit of {spelled(TERM)} raises {spelled(BASELINE.outcome)} "
        f"by {claim['printed']}."
    )
    answer = f"{first} {ASKED[claim['verdict']]}"
    rows = posteriors(results)
    if rows is None or rows.empty:
        return f"{answer}."
    counted = rows[rows["panel"].isin(VINTAGES)]
    probability = claim["probability"]
    probability_text = (
        f"{probability:.3f}" if probability == probability else span(p_positive(counted))
    )
    return (
        f"{answer}: the main model, called {MAIN}, puts the slope at {span(rows['mean'])}, with a "
        f"probability of {probability_text} of a positive sign; a verdict needs {CERTAIN}."
    )


def why(results: Results, claim: dict) -> str:
    """Say how small the slope is, for which changes that holds, and what data and model do to it.

    Parameters
    ----------
    claim : dict
        The ledger's entry of the headline claim.
    """
    parts = []
    rows, slopes = posteriors(results), least_squares(results)
    if rows is not None and claim["p_rope"] == claim["p_rope"]:
        limits = rows[rows["panel"].isin(VINTAGES)].set_index("panel")["rope"].reindex(VINTAGES)
        parts.append(
            f"In size: {claim['magnitude']}. With a probability of {claim['p_rope']:.3f} the slope "
            f"lies within {' or '.join(f'±{limit:.3f}' for limit in limits)}, with "
            f"{claim['p_printed']:.3f} in the printed interval. This is of deviations from a "
            "province’s own trend; about slow change the data say little."
        )
    if slopes is not None and set(VINTAGES) <= set(slopes.index):
        errors = least_squares(results, "se")
        holds_zero = all(abs(slopes[name]) < Z * errors[name] for name in VINTAGES)
        parts.append(
            "Why? On the two panels that count the paper’s own method gives "
            f"{' and '.join(f'{slopes[name]:.3f}' for name in VINTAGES)}"
            f"{', both with zero in their intervals' if holds_zero else ''}. And errors persist "
            "over years, which two-way fixed effects can mistake for a slope."
        )
    return " ".join(parts)


def named(panel: str) -> str:
    """Return what a panel is."""
    return {kind.name: kind.label for kind in PANELS}[panel]
