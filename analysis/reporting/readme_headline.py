"""The parts of the READMEs on the headline: findings, caution, slopes, ladder and verdicts."""

from collections.abc import Mapping

import pandas as pd

from analysis.claims import ledger
from analysis.claims.records import VINTAGES
from analysis.comparison.coefficients import ROPE
from analysis.comparison.figures import LABELS
from analysis.comparison.ladder import STUDIED, TWFE
from analysis.reporting.readme_blocks import markdown, rows_with, slope
from analysis.shared.digits import with_interval
from analysis.shared.outputs import Outputs, read_result
from analysis.shared.products import below
from analysis.shared.statistics import CERTAIN, doubt
from analysis.simulation import main_model
from analysis.specifications import HEADLINE, select
from analysis.ye2024.claims import CLAIMS
from data.panels.catalogue import PANELS
from models.bayesian.registry import LADDER, MAIN
from models.design import Specification

MADE = {
    "swap": "other provinces' paths (*swap*)",
    "covariance": "paths of a fitted covariance (*covariance*)",
    "restricted": "residuals of random signs (*restricted*)",
    "own_scale": "other provinces' paths, rescaled (*own_scale*)",
}
"""How errors are made by each generator of the study (`analysis.simulation.generators`)."""


def findings(replication: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """State the headline with its range over official panels, the regions, and the verdicts."""
    baseline, *regions = select(HEADLINE)
    official = [kind.name for kind in PANELS if kind.evidence]
    printed, least_squares, posterior, zero = _ranges(baseline, replication, comparison, official)
    lines = [
        f"- Printed: {printed}. On the {len(official)} official panels two-way fixed effects give "
        f"{least_squares}. The posterior mean of the main model, `{MAIN}`, lies between "
        f"{posterior}; its 95 % interval includes zero on {zero}."
    ]
    parts = []
    for record in regions:
        printed, _, posterior, zero = _ranges(record, replication, comparison, official)
        region = record.title.removeprefix("region: ")
        parts.append(f"{region}: between {posterior}; printed {printed}; zero included on {zero}.")
    lines.append(f"- Posterior means by region. {' '.join(map(str.capitalize, parts))}")
    entries = _ledger()
    lines.insert(0, _answer(entries[0]))
    lines.insert(
        1,
        "- Why: a province's errors are correlated over years, and their scale differs by region. "
        f"Two-way fixed effects take such paths for a slope. `{MAIN}` models both.",
    )
    counts = ", ".join(f"{number} {word}" for word, number in ledger.counts(entries))
    lines.append(f"- Verdicts on the sign of {len(entries)} claimed effects: {counts}.")
    sizes = pd.Series([entry["magnitude"] for entry in entries])
    magnitudes = ", ".join(
        f"{count} {word}" for word in ledger.MAGNITUDES if (count := (sizes == word).sum())
    )
    judged = sizes.isin(ledger.MAGNITUDES).sum()
    return "\n".join(
        lines + ([f"- On the magnitude of {judged} of them: {magnitudes}."] if judged else [])
    )


def _answer(entry: Mapping) -> str:
    """State the verdict on the first claim, with the probabilities that it rests on."""
    p, size = entry["probability"], entry["magnitude"]
    if p != p:
        return f"- **Answer: {entry['verdict']}** on the sign, {size} in size."
    return (
        f"- **Answer: {entry['verdict']}** on the sign: the printed one has a probability of "
        f"{p:.2f}, where {CERTAIN} is asked for. In size: {size}. With a probability of "
        f"{entry['p_rope']:.3f}, one within-province sd of `{select(HEADLINE)[0].interest[0]}` "
        f"moves the outcome by less than {ROPE:g} sd. Both are of deviations from provinces' own "
        f"trends, over {' and '.join(f'`{name}`' for name in VINTAGES)}, and over draws of what "
        "is not observed."
    )


def _ledger() -> list[dict]:
    results = Outputs().results
    return ledger.ledger(CLAIMS, ledger.read(results), ledger.first_verdicts(results))


def _ranges(
    record: Specification, replication: pd.DataFrame, comparison: pd.DataFrame, panels: list[str]
) -> tuple[str, str, str, str]:
    """Return the printed slope, ranges over panels of estimate and mean, and how many hold zero."""
    of_term = {"column": record.column, "term": record.interest[0]}
    cells = rows_with(replication, of_term)
    cells = cells[cells["panel"].isin(panels)].set_index("statistic")
    fits = rows_with(comparison, of_term | {"model": MAIN, "fitted_column": HEADLINE[0]})
    fits = fits[fits["panel"].isin(panels)]
    fits = fits[[not doubt(*row) for row in fits[["gate", "fits"]].itertuples(index=False)]]
    published = cells["published"].groupby(level=0).first()
    estimates = cells.loc["coef", "estimated"].astype(float)
    zero = ((fits["q025"] < 0) & (fits["q975"] > 0)).sum()
    return (
        f"{published['coef']} ({published['se']})",
        f"{estimates.min():.3f} to {estimates.max():.3f}",
        f"{fits['mean'].min():.3f} and {fits['mean'].max():.3f}",
        f"{zero} of {len(fits)}",
    )


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
    studies = {
        "two-way fixed effects": (candidates, "twfe"),
        "posteriors with independent errors": (candidates, "independent"),
        "errors clustered by province": (candidates, "twfe_clustered"),
        f"the model `{MAIN}`": (last, STUDIED.get(MAIN, MAIN)),
    }
    sizes = {words: _sizes(*of) for words, of in studies.items()}
    shares = ", ".join(f"{values.mean():.0%} ({words})" for words, values in sizes.items())
    ranks = main_model.ranking(last).set_index("candidate")
    fared = [_fared(last, ranks.loc[name], name) for name in ranks.index[:2]]
    width = _widths(last, *ranks.index[:2])
    return (
        f"- Caution: without a slope, nominal 95 % intervals of {HEADLINE[0]} exclude zero in "
        f"{shares} of simulated data sets. {_spread(sizes)}\n"
        f"- A rule written before its study chose the main model{'' if final else ' (provisional)'}"
        f": coverage of at least {main_model.LEAST_COVERAGE:.0%} in every cell (panel, errors, "
        "true slopes, estimand). Where no model has that, the interval score chooses among all: "
        "the width of an interval, and a penalty for what it misses. "
        f"{' '.join(fared)} Intervals of `{ranks.index[1]}` are {width:.1f} times as wide."
    )


def _sizes(study: pd.DataFrame, method: str) -> pd.Series:
    """Return the size of a method's test of the slope over all rows, in each deciding cell."""
    judged = study[study["role"] == "deciding"][["panel", "generator"]].drop_duplicates()
    values = {"slopes": "none", "estimand": "slope", "method": method}
    return 1 - rows_with(study, values).merge(judged, on=["panel", "generator"])["coverage"]


def _spread(sizes: Mapping[str, pd.Series]) -> str:
    """Say over which cells sizes are means, and how far the last method's lie apart."""
    cells = max(map(len, sizes.values()))
    fewer = "".join(
        f" ({len(values)} for {words})" for words, values in sizes.items() if len(values) < cells
    )
    words, last = list(sizes.items())[-1]
    most = 1 - main_model.LEAST_COVERAGE
    return (
        f"These are means over {cells} cells of the simulation study{fewer}: two panels of the "
        f"first edition, and three ways to make errors. Of {words} the cells lie between "
        f"{last.min():.0%} and "
        f"{last.max():.0%}, {(last > most).sum()} of them above the {most:.0%} that the rule "
        "allows."
    )


def _fared(study: pd.DataFrame, rank: pd.Series, name: str) -> str:
    rows = rows_with(study, {"method": name, "role": "deciding"})
    places = rows.loc[rows["outside"], "generator"].value_counts()
    where = ", ".join(f"{count} with {MADE[generator]}" for generator, count in places.items())
    return (
        f"`{name}` covers too little in {rank['outside']} of {rank['cells']} cells (lowest "
        f"coverage {rows['coverage'].min():.0%}){f': {where}' if where else ''}. Its interval "
        f"score is at most {rank['worst_score']:.2f} times the smallest of a cell."
    )


def _widths(study: pd.DataFrame, first: str, second: str) -> float:
    """Return how much wider the second's intervals of the slope are, over deciding cells."""
    rows = rows_with(study, {"role": "deciding", "estimand": "slope"})
    means = rows.groupby("method")["width"].mean()
    return means[second] / means[first]


def decomposed(shares: pd.DataFrame) -> str | None:
    """Say what of the headline slope's gap choices among official data explain; None if no gap is.

    Parameters
    ----------
    shares : DataFrame
        results/decomposition.csv.
    """
    (record,) = select(HEADLINE[:1])
    of_slope = {"column": record.column, "term": record.interest[0], "game": "ingredients"}
    lines = []
    for panel, rows in rows_with(shares, of_slope).groupby("panel", sort=False):
        is_rest = rows["player"].str.endswith(": rest")
        most = rows.loc[rows["share"].abs().idxmax()]
        gap = (rows["end"] - rows["start"]).iloc[0]
        lines.append(
            f"Column {record.column} from `{panel}`: of {gap:+.3f} "
            f"choices among official data explain {rows.loc[~is_rest, 'share'].sum():+.3f}, *rest* "
            f"{rows.loc[is_rest, 'share'].sum():+.3f}. The largest share is that of "
            f"*{most['player']}*, {most['share']:+.3f}."
        )
    return "\n".join(f"- {line}" for line in lines) or None


def ladder(steps: pd.DataFrame) -> str:
    """Render the ladder of the first headline column by panel, with each step's size."""
    (record,) = select(HEADLINE[:1])
    rows = []
    of_slope = rows_with(steps, {"column": record.column, "term": record.interest[0]})
    for step, of_step in of_slope.groupby("step", sort=False):
        fits = of_step.set_index("panel").rename(
            columns={"estimate": "mean", "low": "q025", "high": "q975"}
        )
        panels = {f"`{p.name}`": slope(fits.loc[p.name]) for p in PANELS if p.name in fits.index}
        about = of_step.iloc[0]
        shares = {
            name: "" if about[name] != about[name] else f"{about[name]:.0%}"
            for name in ("size", "coverage")
        }
        rows.append({"model": LABELS[step], **panels, **shares})
    order = {label: i for i, label in enumerate(LABELS[name] for name in (TWFE, *LADDER))}
    table = pd.DataFrame(rows).fillna("")
    return markdown(table.sort_values("model", key=lambda names: names.map(order)))


def headline(replication: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """Render published, TWFE and the main model's slopes of the headline columns, by panel."""
    rows = []
    for record in select(HEADLINE):
        for panel in dict.fromkeys(replication["panel"]):
            of_term = {"panel": panel, "column": record.column, "term": record.interest[0]}
            cells = rows_with(replication, of_term).set_index("statistic").astype(object).fillna("")
            fitted = {**of_term, "model": MAIN, "fitted_column": HEADLINE[0]}
            draws = rows_with(comparison, fitted).squeeze()
            published, estimated = cells["published"], cells["estimated"]
            rows.append(
                {
                    "column": f"{record.column} {record.title}",
                    "panel": f"`{panel}`",
                    "published": f"{published['coef']}{published['stars']} ({published['se']})",
                    "TWFE": f"{float(estimated['coef']):.3f}{estimated['stars']} "
                    f"({float(estimated['se']):.3f})",
                    "p wild": f"{float(estimated['p_wild']):.3f}",
                    MAIN: with_interval(draws["mean"], draws["q025"], draws["q975"]),
                    "P(published sign)": f"{draws['p_same_sign']:.3f}",
                    "diagnostics": draws["gate"],
                    "predictive checks": draws["fits"],
                    "agreement": draws["agreement"],
                }
            )
    return markdown(pd.DataFrame(rows))


def claims(replication: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """Render the ledger of claims: P of each statement by panel, and the verdict."""
    return markdown(ledger.table(_ledger()).rename(columns={k.name: f"`{k.name}`" for k in PANELS}))
