"""The parts of the READMEs on how the main model was chosen: caution, rule, confirmation."""

from collections.abc import Mapping

import pandas as pd

from analysis.reporting.readme_blocks import markdown, rows_with
from analysis.shared.outputs import Outputs, read_result
from analysis.shared.products import below
from analysis.simulation import confirmation, main_model
from analysis.specifications import HEADLINE
from data.panels.provinces import REGIONS
from models.bayesian.registry import MAIN

MADE = {
    "swap": "other provinces' paths (*swap*)",
    "covariance": "paths of a fitted covariance (*covariance*)",
    "restricted": "residuals of random signs (*restricted*)",
    "own_scale": "other provinces' paths, rescaled (*own_scale*)",
}
"""How errors are made by each generator of the study (`analysis.simulation.generators`)."""


def first_two() -> tuple[str, str]:
    """Return the main model and the next, by the rule's own study."""
    first, second, *_ = main_model.ranking(read_result(Outputs().results, "last_two"))["candidate"]
    return first, second


def caution(candidates: pd.DataFrame) -> str:
    """State sizes of tests without a slope, and how the main model fared in its study.

    Parameters
    ----------
    candidates : DataFrame
        results/long/candidates.csv; where last_two.csv is there, it tells of the last two.
    """
    results = Outputs().results
    final = below(results, "last_two").is_file()
    last = read_result(results, "last_two") if final else candidates
    ranks = main_model.ranking(last).set_index("candidate")
    first, second = ranks.index[:2]
    studies = {
        "two-way fixed effects": (candidates, "twfe"),
        "posteriors with independent errors": (candidates, "independent"),
        "errors clustered by province": (candidates, "twfe_clustered"),
        "wild cluster bootstrap": (candidates, "wild_bootstrap"),
        f"`{second}`": (last, second),
        f"`{first}`": (last, first),
    }
    sizes = {words: _sizes(*of) for words, of in studies.items()}
    least_squares, *others = [f"{values.mean():.0%} ({words})" for words, values in sizes.items()]
    lowest = [_deciding(last, name)["coverage"].min() for name in (first, second)]
    return (
        f"- Caution: in simulated data without a slope, 95 % intervals of {HEADLINE[0]} exclude "
        f"zero in {least_squares} of data sets. Others do in {', '.join(others)}. {_spread(sizes)} "
        f"Of region slopes they reach {_sizes(last, first, of_regions=True).max():.0%}.\n"
        f"- Intervals of `{first}` cover true slopes too rarely in {ranks.loc[first, 'outside']} "
        f"of {ranks.loc[first, 'cells']} simulated settings: lowest coverage {lowest[0]:.0%}. "
        f"`{second}` falls short in {ranks.loc[second, 'outside']} (lowest {lowest[1]:.0%}); its "
        f"intervals of this slope are {_widths(last, first, second):.1f} times as wide. A rule "
        f"written before chose `{first}` by interval scores{'' if final else ', provisionally'}. "
        f"A trial suggested `{first}`. [The whole choice](models/README.md#which-model-is-main)"
    )


def chosen_and_confirmed(rows: pd.DataFrame) -> str:
    """Say how the main model was chosen, and how the last two fared in cells that only confirm.

    Parameters
    ----------
    rows : DataFrame
        results/long/last_two_more.csv; the choice itself is in last_two.csv.
    """
    scores = rows.pivot(index=main_model.CELL, columns="method", values="score")
    ahead = (scores.idxmin(axis=1) == MAIN).sum()
    choice = chosen(read_result(Outputs().results, "last_two"))
    return (
        f"{choice}\n\n{confirmation.sentence(rows)} By the interval score `{MAIN}` is ahead in "
        f"{ahead} of {len(scores)}.\n\n{markdown(confirmation.shown(rows))}"
    )


def chosen(last: pd.DataFrame) -> str:
    """State the rule that chose the main model, and how the first two fared by it.

    Parameters
    ----------
    last : DataFrame
        results/long/last_two.csv.
    """
    ranks = main_model.ranking(last).set_index("candidate")
    fared = [_fared(last, ranks.loc[name], name) for name in ranks.index[:2]]
    below = " and ".join(
        f"{(_deciding(last, name)['coverage'] < main_model.LEAST_COVERAGE).sum()}"
        for name in ranks.index[:2]
    )
    return (
        f"The rule asks for a coverage of at least {main_model.LEAST_COVERAGE:.0%} in every cell, "
        "within Monte-Carlo error over all cells together (Bonferroni). Where no model has that, "
        "the interval score chooses: the width of an interval, and a penalty for what it misses. "
        f"{' '.join(fared)} By point estimates {below} cells lie below "
        f"{main_model.LEAST_COVERAGE:.0%}. Intervals of `{ranks.index[1]}` for the slope over all "
        f"rows are {_widths(last, *ranks.index[:2]):.1f} times as wide."
    )


def _sizes(study: pd.DataFrame, method: str, *, of_regions: bool = False) -> pd.Series:
    """Return the size of a method's test in each deciding cell.

    Of the slope over all rows, or of the slopes of regions.
    """
    judged = study[study["role"] == "deciding"][["panel", "generator"]].drop_duplicates()
    rows = rows_with(study, {"slopes": "none", "method": method})
    rows = rows[rows["estimand"].isin(REGIONS if of_regions else ["slope"])]
    return 1 - rows.merge(judged, on=["panel", "generator"])["coverage"]


def _spread(sizes: Mapping[str, pd.Series]) -> str:
    """Say over which settings sizes are means, and how far the last method's lie apart."""
    cells = max(map(len, sizes.values()))
    fewer = "".join(
        f" ({len(values)} for {words})" for words, values in sizes.items() if len(values) < cells
    )
    words, last = list(sizes.items())[-1]
    most = 1 - main_model.LEAST_COVERAGE
    return (
        f"These are means over {cells} settings{fewer}: two panels of the first edition, three "
        f"ways to make errors. Of {words} they lie between {last.min():.0%} and "
        f"{last.max():.0%}; {(last > most).sum()} are above the rule's {most:.0%}."
    )


def _fared(study: pd.DataFrame, rank: pd.Series, name: str) -> str:
    rows = _deciding(study, name)
    places = rows.loc[rows["outside"], "generator"].value_counts()
    where = ", ".join(f"{count} with {MADE[generator]}" for generator, count in places.items())
    return (
        f"`{name}` covers too little in {rank['outside']} of {rank['cells']} cells (lowest "
        f"coverage {rows['coverage'].min():.0%}){f': {where}' if where else ''}. Its interval "
        f"score is at most {rank['worst_score']:.2f} times the smallest of a cell."
    )


def _deciding(study: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a candidate's cells that the rule looks at."""
    return rows_with(study, {"method": name, "role": "deciding"})


def _widths(study: pd.DataFrame, first: str, second: str) -> float:
    """Return how much wider the second's intervals of the slope are, over deciding cells."""
    rows = rows_with(study, {"role": "deciding", "estimand": "slope"})
    means = rows.groupby("method")["width"].mean()
    return means[second] / means[first]
