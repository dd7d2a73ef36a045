"""What the page says of analyses: sentences whose numbers are read from their tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.claims.records import VINTAGES
from analysis.shared.analysis import Chart, Frames, Item, Missing, Table
from analysis.shared.products import find
from analysis.specifications import HEADLINE, current

if TYPE_CHECKING:
    import pandas as pd


# --- dynamics -------------------------------------------------------------------------------------

SETTINGS = (
    "A simulated setting (a cell) is named by its ρ and by where provinces begin: at their steady "
    "state (stationary), after ten years from the same place (history), or anywhere (far). A "
    "setting with lines has a linear trend of its own in each province."
)
"""What the names of `analysis.simulation.dynamic_study.cells` mean."""


def plainly(text: str) -> str:
    """Return words on simulations with the coefficient of the lag called ρ."""
    return text.replace("(L.y:", "(ρ:").replace(", L.y)", ", ρ)")


def in_short(scores: "pd.DataFrame") -> str:
    """Say whether the best-scoring estimator can show that ρ is above 1.

    Parameters
    ----------
    scores : DataFrame
        results/long/simulation.csv.
    """
    from analysis.comparison.dynamic import label
    from analysis.simulation.dynamic_study.ranking import FALSE_POSITIVES, ranking

    best = ranking(scores).iloc[0]
    share, name = best["false_positive_rate"], label(best["estimator"])
    if share > FALSE_POSITIVES:
        return (
            "Is ρ really above 1? These data cannot say. In simulations with ρ below 1, the "
            f"interval of the best-scoring estimator ({name}) still lies above 1 in {share:.0%} of "
            "data sets or more, where it is worst."
        )
    return (
        "Is ρ really above 1? In simulations with ρ below 1, the interval of the best-scoring "
        f"estimator ({name}) lies above 1 in few data sets: the tables by column say what it gives."
    )


# --- horizons -------------------------------------------------------------------------------------


def horizon_page(frame: Frames) -> Iterator[Item]:
    """Show slopes by horizon, those of the panels that count in words."""
    from analysis.robustness import horizon

    rows = frame("horizon")
    if rows is None:
        yield Missing(find("horizon").sentence)
        return
    yield horizon.slow(rows, VINTAGES) or horizon.sentence(rows)
    slopes = horizon.summary(rows)
    of_headline = slopes[slopes["column"].isin(current().headline)]
    for words, listed in (("headline columns", of_headline), ("every column", slopes)):
        if len(listed):
            yield Table(f"Slopes by horizon: {words}", listed, folded=words == "every column")


# --- multiverse -----------------------------------------------------------------------------------


def counted(
    found: "pd.DataFrame", by_errors: "pd.DataFrame | None", every: "pd.DataFrame | None"
) -> str:
    """Say what a universe is, and in a sentence for each count how many were estimated, and how.

    Parameters
    ----------
    found, by_errors, every : DataFrame
        results/long/multiverse.csv, multiverse_posteriors.csv and multiverse_all.csv.
    """
    from analysis.robustness.multiverse.evaluate import GRID_FAMILY

    once = found[found["family"] == GRID_FAMILY].drop_duplicates("column")
    text = (
        "A universe is one combination of choices of data, variables, sample and estimator. By "
        f"least squares {once['universes'].sum():,} were estimated over {len(once)} columns, "
        f"{once['distinct'].sum():,.0f} of them distinct regressions."
    )
    if once["apart"].any():
        text += (
            f" {once['apart'].sum():,} more are shown apart, as the printed means "
            "refute their data."
        )
    if by_errors is not None and len(by_errors):
        fits = by_errors.drop_duplicates(["column", "errors"])
        sizes = fits.groupby("errors", sort=False)[["posteriors", "not_trusted"]].sum().sum(axis=1)
        text += (
            f" A balanced part, {_span(sizes)} of them, has a posterior under each of {len(sizes)} "
            f"error structures ({', '.join(sizes.index)}): {sizes.sum():,} posteriors, of which "
            f"{fits['not_trusted'].sum():,} fail their diagnostics."
        )
    if every is not None and len(every):
        rows = every.drop_duplicates(["column", "errors"])
        fits = rows[rows["errors"] != GRID_FAMILY]
        names = list(dict.fromkeys(fits["errors"]))
        columns = rows.drop_duplicates("column")
        text += (
            f" Of {', '.join(columns['column'])}, every distinct universe has one under "
            f"{len(names)} of these ({', '.join(names)}): {columns['distinct'].sum():,.0f} "
            f"universes, {fits['distinct'].sum():,.0f} posteriors, of which "
            f"{fits['not_trusted'].sum():,} fail."
        )
    return text


def _span(sizes: "pd.Series") -> str:
    least, greatest = f"{sizes.min():,}", f"{sizes.max():,}"
    return least if least == greatest else f"{least} to {greatest}"


# --- power ----------------------------------------------------------------------------------------


def power_page(frame: Frames) -> Iterator[Item]:
    """Show power beside the printed slopes: in words, drawn, and as tables."""
    from analysis.comparison import power as comparison

    rows, curves = frame("power"), frame("power_curves")
    if rows is None:
        yield Missing(find("power").sentence)
        return
    first = rows[rows["panel"] == rows["panel"].iloc[0]]
    yield enough(first)
    if curves is not None:
        yield Chart(
            "power_curves",
            (curves[curves["panel"] == first["panel"].iloc[0]], first),
            "Power by the true slope: the share of data sets simulated on "
            f"{first['panel'].iloc[0]} whose 95 % interval excludes zero. At "
            "a slope of zero it is the false-positive rate. "
            "Choose a slope below the chart.",
        )
    title = "Minimum detectable effects (80 % power) and printed slopes"
    for words, listed in (("headline columns", HEADLINE), ("every column", rows["column"])):
        of_words = rows[rows["column"].isin(listed)]
        if len(of_words):
            yield Table(f"{title}: {words}", comparison.shown(of_words), folded=True)


def enough(rows: "pd.DataFrame") -> str:
    """Say how many printed slopes reach what shows in most data sets, and the tests' sizes.

    Parameters
    ----------
    rows : DataFrame
        results/long/power.csv, of one panel.
    """
    from analysis.shared.statistics import INTERVALS, POWER

    simulated, formula = rows[rows["data_sets"] > 0], rows[rows["data_sets"] == 0]
    text = ""
    if len(simulated):
        columns = list(dict.fromkeys(simulated["column"]))
        many = len(columns) > 1
        by_test = dict(iter(simulated.groupby("test", sort=False)))
        counts = ", ".join(f"{_reaching(cells)} by {INTERVALS[t]}" for t, cells in by_test.items())
        rates = ", ".join(
            f"{cells['false_positive_rate'].median():.0%} by {INTERVALS[t]}"
            for t, cells in by_test.items()
        )
        text = (
            f"Printed slopes of {', '.join(columns)} beside what shows in {POWER:.0%} of data sets "
            f"simulated on {rows['panel'].iloc[0]}: as large are {counts}. Without a slope the "
            f"nominal 5 % test rejects in {rates}{': medians over these columns' if many else ''}."
        )
    for test, cells in formula.groupby("test", sort=False):
        text += (
            f" By {INTERVALS[test]}, without data sets, {_reaching(cells)} are as large "
            f"({', '.join(dict.fromkeys(cells['column']))})."
        )
    return text.strip()


def _reaching(cells: "pd.DataFrame") -> str:
    return f"{int((cells['published_over_detectable'] >= 1).sum())} of {len(cells)}"


def rounds(first: "pd.DataFrame", last: "pd.DataFrame | None") -> str:
    """Say which candidate for the main model came first, and what the second round chose.

    Parameters
    ----------
    first, last : DataFrame
        results/long/candidates.csv and last_two.csv, None where it was not made.
    """
    from analysis.simulation.main_model import ranking

    ranks = ranking(first)
    best, lacking = ranks.iloc[0], ranks.loc[~ranks["complete"], "candidate"].tolist()
    text = (
        "Candidates for the main model were compared by the coverage and width of their intervals "
        "on simulated data sets. "
    )
    if last is None:
        text += f"In the first round `{best['candidate']}` came first; there was no second yet."
    else:
        chosen = ranking(last).iloc[0]
        other = "another model" if best["candidate"] != chosen["candidate"] else "the same model"
        text += (
            f"In the first round {other} came first, `{best['candidate']}`: its coverage was too "
            f"low in {best['outside']} of {best['cells']} settings. A second round with new data "
            f"sets compared the best two and chose `{chosen['candidate']}`: "
        )
        text += (
            "it had enough coverage in every setting."
            if chosen["inside"]
            else "where no model has enough coverage everywhere, the interval score does so, the "
            "width of intervals with a penalty for what they miss. "
            f"Its coverage was too low in {chosen['outside']} of {chosen['cells']} settings."
        )
    if lacking:
        text += f" Not run in every setting, and so not chosen: {', '.join(lacking)}."
    return text
