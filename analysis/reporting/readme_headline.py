"""The parts of the READMEs on the headline: findings, caution, slopes, ladder and verdicts."""

from collections.abc import Iterator, Mapping

import pandas as pd
from scipy import stats

from analysis.claims import ledger
from analysis.claims.records import VINTAGES
from analysis.claims.rule import of_magnitude
from analysis.comparison.coefficients import ROPE
from analysis.comparison.figures import LABELS
from analysis.comparison.ladder import TWFE
from analysis.reporting import choice_block
from analysis.reporting.readme_blocks import markdown, rows_with, slope
from analysis.robustness import horizon
from analysis.shared.digits import with_interval
from analysis.shared.outputs import Outputs
from analysis.shared.statistics import CERTAIN, doubt
from analysis.specifications import HEADLINE, home, select
from analysis.ye2024.claims import CLAIMS
from data.panels.catalogue import PANELS
from models.bayesian.registry import LADDER, MAIN
from models.bayesian.registry import main_model as main_model_of
from models.design import Specification

MAIN_OF_ONE = "growth_region"
"""The main model of one region alone."""

PRACTICALLY_NONE = "practically none"


def findings(replication: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """State the headline with its range over official panels, the regions, and the verdicts."""
    baseline, *regions = select(HEADLINE)
    entries = _ledger()
    official = [kind.name for kind in PANELS if kind.evidence]
    printed, least_squares, posterior, zero = _ranges(baseline, replication, comparison, official)
    lines = [
        _answer(entries[0], comparison),
        _why(replication),
        f"- Printed: {printed}. On the {len(official)} official panels two-way fixed effects give "
        f"{least_squares}. The posterior mean of the main model, `{MAIN}`, is {posterior}; its 95 "
        f"% interval includes zero on {zero}.",
    ]
    parts = []
    for record in regions:
        printed, _, posterior, zero = _ranges(record, replication, comparison, official)
        alone = rows_with(comparison, {"column": record.column, "model": MAIN_OF_ONE})
        alone = alone[alone["panel"].isin(official)]["mean"]
        region = record.title.removeprefix("region: ").capitalize()
        parts.append(
            f"{region}: {posterior}, alone {alone.min():.3f} to {alone.max():.3f}, printed "
            f"{printed}."
        )
    lines.append(
        f"- Posterior means by region, pooled towards each other, and of one region alone. "
        f"{' '.join(parts)}"
    )
    counts = ", ".join(f"{number} {word}" for word, number in ledger.counts(entries))
    lines.append(f"- Verdicts on {len(entries)} claims: {counts}.")
    return "\n".join([*lines, *_sizes_judged(entries, comparison)])


def _answer(entry: Mapping, comparison: pd.DataFrame) -> str:
    """State the verdict on the first claim, with the probabilities that it rests on."""
    p, size = entry["probability"], entry["magnitude"]
    if p != p:
        return f"- **Answer: {entry['verdict']}** on the sign, {size} in size."
    (record,) = select([entry["column"]])
    limits = " or ".join(f"±{limit:.3f}" for limit in _limits(comparison, entry))
    by_next = " and ".join(f"{p:.2f}" for p in _next_model(comparison, entry))
    return (
        f"- **Answer: {entry['verdict']}** on the sign: the printed one has a probability of "
        f"{p:.2f}; a verdict needs {CERTAIN}. In size, within provinces' own trends: {size}. With "
        f"a probability of {entry['p_rope']:.3f} the slope lies within {limits}, by panel: one sd "
        f"of `{entry['term']}` then moves `{record.outcome}` by less than {ROPE:g} sd. "
        f"`{choice_block.first_two()[1]}` gives {by_next}. The printed interval has a probability "
        f"of {entry['p_printed']:.2f}. Evidence is the mean over two rebuilt panels, "
        f"{' and '.join(f'`{name}`' for name in VINTAGES)}, and draws of what is not observed."
    )


def _next_model(comparison: pd.DataFrame, entry: Mapping) -> pd.Series:
    """Return P(practically none) by the model that came second, on the panels that count."""
    _, second = choice_block.first_two()
    of_term = {"column": entry["column"], "term": entry["term"], "model": second}
    return rows_with(comparison, of_term).set_index("panel")["p_rope"].reindex(VINTAGES)


def _limits(comparison: pd.DataFrame, entry: Mapping) -> pd.Series:
    """Return the slopes below which an effect is practically none, on the panels that count."""
    (record,) = select([entry["column"]])
    model = main_model_of(home(record)[0]).name
    of_term = {"column": entry["column"], "term": entry["term"], "model": model}
    return rows_with(comparison, of_term).groupby("panel")["rope"].first().reindex(VINTAGES)


def _why(replication: pd.DataFrame) -> str:
    """Say what data and model each do to the headline slope."""
    (record,) = select(HEADLINE[:1])
    cells = rows_with(replication, {"column": record.column, "term": record.interest[0]})
    by_panel = cells.pivot(index="panel", columns="statistic", values="estimated").loc[[*VINTAGES]]
    slopes = (f"{float(row.coef):.3f} ({float(row.se):.3f})" for row in by_panel.itertuples())
    return (
        f"- Why? The data: on these panels the paper's own method gives {' and '.join(slopes)}. "
        "The model: a province's errors persist over years, and two-way fixed effects can take "
        f"such paths for a slope. `{MAIN}` models these paths."
    )


def _sizes_judged(entries: list[dict], comparison: pd.DataFrame) -> list[str]:
    """Count the judged magnitudes, and printed slopes that are themselves practically none."""
    judged = [entry for entry in entries if entry["magnitude"] in ledger.MAGNITUDES]
    if not judged:
        return []
    sizes = pd.Series([entry["magnitude"] for entry in judged])
    counts = ", ".join(
        f"{count} {word}" for word in ledger.MAGNITUDES if (count := (sizes == word).sum())
    )
    as_small = 0
    for entry in judged:
        if entry["magnitude"] == PRACTICALLY_NONE:
            printed = abs(float(entry["printed"].split()[0].rstrip("*")))
            as_small += bool((_limits(comparison, entry) > printed).all())
    own = "; ".join(f"{region} {size}" for region, size in by_own_scale(entries, comparison))
    return [
        f"- Sizes of the {len(judged)} whose size can be judged: {counts}. In {as_small} of these "
        f"{(sizes == PRACTICALLY_NONE).sum()} the printed slope is as small. Regions are measured "
        f"by all provinces' sds; by their own (approximately): {own}."
    ]


def by_own_scale(entries: list[dict], comparison: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield regions and the magnitudes of their slopes by the region's own standard deviations.

    The model of all provinces has one limit for all slopes. A region's own is that of the model of
    this region alone; posteriors are taken as normal, and averaged over the panels that count.
    """
    by_column = {entry["column"]: entry for entry in entries}
    for record in select(HEADLINE[1:]):
        of_term = {"column": record.column, "term": record.interest[0]}
        rows = rows_with(comparison, of_term)
        rows = rows[rows["panel"].isin(VINTAGES)]
        pooled = rows_with(rows, {"model": MAIN}).set_index("panel")
        limit = rows_with(rows, {"model": MAIN_OF_ONE}).set_index("panel")["rope"]
        ends = [stats.norm.cdf((at * limit - pooled["mean"]) / pooled["sd"]) for at in (-1, 1)]
        p_printed = by_column[record.column]["p_printed"]
        size = of_magnitude(float((ends[1] - ends[0]).mean()), p_printed)
        yield record.title.removeprefix("region: "), size


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
        f"{fits['mean'].min():.3f} to {fits['mean'].max():.3f}",
        f"{zero} of {len(fits)}",
    )


def horizon_words(rows: pd.DataFrame) -> str:
    """State for which horizon each estimate of the headline slope answers, on panels that count."""
    of_column = rows_with(rows, {"column": HEADLINE[0]})
    by_panel = [rows_with(of_column, {"panel": name}) for name in VINTAGES]
    fixed = [table[table["kind"] == horizon.LEVELS]["coef"].iloc[0] for table in by_panel]
    nearest = [horizon.nearest(*of) for of in zip(by_panel, fixed, strict=True)]
    return (
        f"- Horizon: {horizon.slow(of_column, VINTAGES)} Two-way fixed effects are nearest to "
        f"differences over {' and '.join(map(str, nearest))} years. A dynamic model's long-run "
        "effect is of a lasting change."
    )


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
