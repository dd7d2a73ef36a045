"""Autoregressive coefficient ρ by estimator, posterior and printed row.

Estimators are those of `analysis.replication.dynamic_estimators`; posteriors are read from traces.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.comparison.coefficients import published_slopes
from analysis.posterior import trace
from analysis.replication import dynamic_estimators
from analysis.replication.dynamic_estimators import (
    RESTRICTED,
    dynamic_models,
    frequentist,
    restrictions,
    shown,
)
from analysis.shared import digits, terminal
from analysis.shared.digits import with_interval
from analysis.shared.statistics import Z
from analysis.specifications import select
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.bayesian import dynamic
from models.bayesian.registry import main_model
from models.design import LAG, Specification

Array = NDArray[np.float64]

COLUMNS = (
    "panel",
    "column",
    "estimator",
    "term",
    "coef",
    "se",
    "low",
    "high",
    "p_explosive",
    "n",
    "instruments",
    "gate",
)
"""The contract of results/dynamic.csv: `low` and `high` end the 95 % interval, normal or, of a
posterior, equal-tailed; `p_explosive` is a posterior's P(ρ ≥ 1 | y); `n` counts the rows
of the equation that is estimated, a year fewer in differences."""

EFFECT_COLUMNS = ("panel", "column", "model", "slope", "quantity", "year", "median", "low", "high")
EFFECT_COLUMNS += ("share",)
"""The contract of results/dynamic_effects.csv: `share` of the draws has the quantity."""

PUBLISHED = "published"

LEVEL = 0.05
"""Of the tests of the common-factor restriction."""

YEARS = 10
"""Of the impulse responses."""


def of_paper(panel: str, record: Specification) -> list[dict]:
    """Return the printed row, keys of `COLUMNS`; without the slopes that are not printed."""
    keys = [(record.column, term) for term in shown(record)]
    printed = published_slopes().reindex(keys).dropna(subset="coef")
    rows = []
    for (_, term), (coef, se) in zip(printed.index, printed.to_numpy(), strict=True):
        row = {"panel": panel, "column": record.column, "estimator": PUBLISHED, "term": term}
        rows.append(row | {"coef": coef, "se": se, "low": coef - Z * se, "high": coef + Z * se})
    return rows


def posterior(tree: xr.DataTree) -> list[dict]:
    """Return the rows of a dynamic model's trace, keys of `COLUMNS`."""
    (record,) = select([tree.attrs["column"]])
    rows = []
    for term in shown(record):
        draws = tree["posterior"]["slope"].sel(term=term).to_numpy()
        low, high = np.quantile(draws, [0.025, 0.975])
        rows.append(
            {
                "panel": tree.attrs["panel"],
                "column": record.column,
                "estimator": tree.attrs["model"],
                "term": term,
                "coef": draws.mean(),
                "se": draws.std(ddof=1),
                "low": low,
                "high": high,
                "p_explosive": float((draws >= 1).mean()) if term == LAG else np.nan,
                "n": tree["observed_data"].sizes["obs"],
                "gate": tree.attrs["gate"],
            }
        )
    return rows


def effects(tree: xr.DataTree) -> list[dict]:
    """Return dynamic effects from the draws of a trace, keys of `EFFECT_COLUMNS`.

    Of the first term of interest, for the average slope and each region's: the effect in the year
    itself, in the long run (of the draws with |ρ| < 1, `share` of all) and h years after a change
    that lasted one; and the years in which half of a change is gone, infinite in draws with ρ ≥ 1.
    A column with lags among its terms has the first alone: the others would need their slopes, too.
    """
    draws = tree["posterior"].to_dataset()
    (record,) = select([tree.attrs["column"]])
    term = record.interest[0]
    keys = {"panel": tree.attrs["panel"], "column": record.column, "model": tree.attrs["model"]}
    by_region = draws["slope_region"] if LAG in draws.get("varying", ()) else None
    average = draws["slope"].sel(term=LAG).to_numpy().ravel()
    listed = []

    def add(slope: str, quantity: str, values: Array, year: float = np.nan) -> None:
        finite = values[~np.isnan(values)]
        # Half-lives can be infinite, and between draws nothing is interpolated then.
        levels = [0.5, 0.025, 0.975]
        quantiles = (
            np.quantile(finite, levels, method="inverted_cdf") if len(finite) else [np.nan] * 3
        )
        row = {**keys, "slope": slope, "quantity": quantity, "year": year}
        row |= dict(zip(("median", "low", "high"), quantiles, strict=True))
        listed.append(row | {"share": len(finite) / len(values)})

    regions = draws["region"].to_numpy().tolist() if "slope_region" in draws else []
    for slope in ("average", *regions):
        rho = average
        values = draws["slope"].sel(term=term)
        if slope != "average":
            values = draws["slope_region"].sel(varying=term, region=slope)
            if by_region is not None:
                rho = by_region.sel(varying=LAG, region=slope).to_numpy().ravel()
        values = values.to_numpy().ravel()
        add(slope, "short_run", values)
        if lags(record):
            continue
        add(slope, "long_run", dynamic.long_run(rho, values))
        add(slope, "half_life", dynamic.half_life(rho))
        for year, response in enumerate(dynamic.impulse_response(rho, values, YEARS).T):
            add(slope, "impulse", response, year)
    return listed


def lags(record: Specification) -> tuple[str, ...]:
    """Return the terms of a study's column that are of years before."""
    return tuple(term for term in record.terms if "lag(" in term or "diff(" in term)


def traces_of(folder: Path, panel: str, record: Specification) -> Iterator[xr.DataTree]:
    """Yield the existing traces of a column's dynamic models, the main one first."""
    for model in dynamic_models():
        path = trace.trace_path(folder, panel, record.column, model.name)
        if path.is_file():
            yield trace.read(path, without=trace.POINTWISE)


def table(
    panels: Iterable[Panel], records: Iterable[Specification], traces: Path
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield, by panel and column, rows of results/dynamic.csv and of dynamic_effects.csv."""
    records = tuple(records)
    for panel in panels:
        for record in records:
            rows, follows = frequentist(panel, record), []
            for tree in traces_of(traces, panel.name, record):
                rows += posterior(tree)
                follows += effects(tree)
            rows += of_paper(panel.name, record)
            yield pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(follows, columns=EFFECT_COLUMNS)


def restricted(panels: Iterable[Panel], records: Iterable[Specification]) -> pd.DataFrame:
    """Return results/common_factor.csv: whether columns are static, with AR(1) errors.

    A column of which that cannot be tested has no row, and a notice says why.
    """
    records, rows = tuple(records), []
    for panel in panels:
        for record in records:
            try:
                rows += restrictions(panel, record)
            except UserError as error:
                terminal.say(f"Notice: column {record.column} is not tested against AR(1): {error}")
    return pd.DataFrame(rows, columns=list(RESTRICTED))


def shown_restrictions(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay the restriction out for a reader: a line a column, panel and term."""
    lines = []
    for key, of_term in rows.groupby(["column", "panel", "term"], sort=False):
        line = dict(zip(("column", "panel", "term"), key, strict=True))
        for name, lines_used in (("without lines", "none"), ("lines by province", "by province")):
            row = of_term.set_index("lines").loc[lines_used]
            line[f"θ + ρb, {name}"] = with_interval(row["excess"], row["low"], row["high"])
            line[f"P, {name}"] = digits.probability(row["p"])
            line[f"P of all terms, {name}"] = digits.probability(row["p_all"])
        lines.append(line)
    return pd.DataFrame(lines)


def of_restrictions(rows: pd.DataFrame) -> str:
    """Say in how many columns and panels the restriction is rejected at 5 %."""
    parts = []
    for lines, name in (("none", "Without lines"), ("by province", "With lines by province")):
        fits = rows[rows["lines"] == lines]
        cells = fits.drop_duplicates(["panel", "column"])
        parts.append(
            f"{name}, the slope of interest rejects this in {(fits['p'] < LEVEL).sum()} of "
            f"{len(fits)} fits, all regressors together in {(cells['p_all'] < LEVEL).sum()} of "
            f"{len(cells)} (5 % level)."
        )
    return (
        "A static regression with AR(1) errors is a dynamic one with θ + ρb = 0, where θ is the "
        f"slope on last year's regressor. {' '.join(parts)}"
    )


def label(name: str) -> str:
    """Return how an estimator, a model or the printed row is called in tables and figures."""
    return PUBLISHED if name == PUBLISHED else dynamic_estimators.label(name)


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay one column on one panel out for a reader: a line per estimator."""
    lines = []
    for name, estimates in rows.groupby("estimator", sort=False):
        line = {"estimator": label(name)}
        for cell in estimates.itertuples():
            errors = digits.with_spread(cell.coef, cell.se)
            text = f"{errors} {digits.interval(cell.low, cell.high)}".rstrip()
            line[cell.term] = "none" if np.isnan(cell.coef) else text
        line["P(ρ ≥ 1)"] = digits.probability(estimates["p_explosive"].iloc[0])
        line["instruments"] = _or_empty(estimates["instruments"].iloc[0], "{:.0f}")
        line["gate"] = _or_empty(estimates["gate"].iloc[0], "{}")
        lines.append(line)
    return pd.DataFrame(lines)


def _or_empty(value: Any, form: str) -> str:
    return "" if pd.isna(value) else form.format(value)


def responses(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the responses of the average slope by the main model."""
    impulses = rows[(rows["quantity"] == "impulse") & (rows["slope"] == "average")]
    main = {record.column: main_model(record).name for record in select(())}
    return impulses[impulses["model"] == impulses["column"].map(main)]
