"""The lagged outcome's root by every estimator at hand, beside the model and the printed row.

All are of the same data, the rows with a lagged outcome, and have the column's regressors and year
effects. What differs is what they make of the province effects, with which the lag goes together.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.comparison.coefficients import published_slopes
from analysis.posterior import trace
from analysis.replication.system_gmm import DEFAULT, Choices, coefficients, fit_column
from analysis.shared.plotting import colours
from analysis.shared.statistics import Z
from analysis.specifications import select
from data.errors import UserError
from data.panels.panel import Panel
from models.bayesian import dynamic
from models.bayesian.registry import MODELS, Model, find
from models.design import LAG, Design, Specification, design
from models.frequentist import dynamic_ols
from models.frequentist.dynamic_ols import Slopes

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
posterior, equal-tailed; `p_explosive` is P(ρ ≥ 1 | y), of a posterior's root; `n` counts the rows
of the equation that is estimated, a year fewer in differences."""

EFFECT_COLUMNS = ("panel", "column", "model", "slope", "quantity", "year", "median", "low", "high")
EFFECT_COLUMNS += ("share",)
"""The contract of results/dynamic_effects.csv: `share` of the draws has the quantity."""

PUBLISHED = "published"

YEARS = 10
"""Of the impulse responses."""


class Data:
    """One column's data, in the forms that estimators take.

    Parameters
    ----------
    rows : DataFrame
        The column's sample, all years.
    specification : Specification
        A dynamic column.
    """

    def __init__(self, rows: pd.DataFrame, specification: Specification) -> None:
        self.rows, self.specification = rows, specification

    @cached_property
    def whole(self) -> Design:
        """The regression without the lag, all years."""
        return design(self.rows, self.specification)

    @cached_property
    def lagged(self) -> Design:
        """With it, the years that have one."""
        return dynamic.lagged(self.whole)[0]

    @cached_property
    def difference_gmm(self) -> "Estimate":
        """What the correction of the within estimator starts at."""
        return by_gmm(self, Choices(equations="difference"))


class Estimate(NamedTuple):
    """Slopes in the order of `Data.lagged.terms`, rows, and how many instruments they took."""

    slopes: Slopes
    n: float
    instruments: float = np.nan


def by_gmm(data: Data, choices: Choices) -> Estimate:
    """Estimate by GMM on the declared instruments or others; NaN if it cannot be done."""
    terms = list(data.lagged.terms)
    try:
        found = fit_column(data.rows, data.specification, choices)
    except UserError:
        return Estimate(nothing(terms), np.nan)
    table = coefficients(found).loc[terms]
    slopes = Slopes(table["coef"].to_numpy(), table["se"].to_numpy())
    return Estimate(slopes, found.n, len(found.instruments))


def nothing(terms: Iterable[str]) -> Slopes:
    """Return NaN for each term."""
    return Slopes(*np.full((2, len(tuple(terms))), np.nan))


def _of_rows(estimate: Callable[[Design], Slopes]) -> Callable[[Data], Estimate]:
    """Estimate on the rows that have a lag."""
    return lambda data: Estimate(estimate(data.lagged), len(data.lagged.y))


def _balanced(estimate: Callable[[Data], Slopes]) -> Callable[[Data], Estimate]:
    """Leave out an estimator where the panel has gaps, which its correction does not know."""
    return lambda data: (
        Estimate(estimate(data), len(data.lagged.y))
        if data.lagged.balanced
        else Estimate(nothing(data.lagged.terms), np.nan)
    )


@dataclass(frozen=True)
class Estimator:
    """One estimator of a dynamic column.

    Attributes
    ----------
    name, label : str
    sentence : str
        What it does, and what it asks for.
    estimate : callable of Data
        NaN where there is no estimate.
    """

    name: str
    label: str
    sentence: str
    estimate: Callable[[Data], Estimate]


ESTIMATORS = (
    Estimator(
        "pooled",
        "pooled OLS",
        "Least squares with province effects left in the error: the root is too high.",
        _of_rows(dynamic_ols.pooled),
    ),
    Estimator(
        "within",
        "within",
        "Two-way fixed effects: the root is too low, by about (1 + ρ)/T.",
        _of_rows(dynamic_ols.within),
    ),
    Estimator(
        "jackknife",
        "half-panel jackknife",
        "Within, less the bias told by both halves of the years (Dhaene & Jochmans 2015).",
        _balanced(lambda data: dynamic_ols.half_panel_jackknife(data.lagged)),
    ),
    Estimator(
        "kiviet",
        "Kiviet's correction",
        "Within, less its bias at difference GMM's estimate (Kiviet 1995; Bruno 2005).",
        _balanced(lambda data: dynamic_ols.kiviet(data.lagged, data.difference_gmm.slopes.coef)),
    ),
    Estimator(
        "anderson_hsiao",
        "Anderson–Hsiao",
        "First differences, the lag instrumented by the outcome two years ago.",
        lambda data: by_gmm(data, Choices(depth=1, equations="difference", steps=1)),
    ),
    Estimator(
        "difference_gmm",
        "difference GMM",
        "First differences on the declared lags as instruments, two steps.",
        lambda data: data.difference_gmm,
    ),
    Estimator(
        "system_gmm",
        "system GMM",
        "The declared instrument set of Table 5, with levels, which asks provinces to start at "
        "rest and regressors not to go with the province effects; two steps.",
        lambda data: by_gmm(data, DEFAULT),
    ),
)
"""In the order of the table; the model's posterior and the printed row come after."""


# --- the table ----------------------------------------------------------------------------------


def shown(record: Specification) -> tuple[str, ...]:
    """Return the terms that are reported: the lag and those of interest."""
    return (LAG, *record.interest)


def frequentist(panel: Panel, record: Specification) -> list[dict]:
    """Return the rows of all estimators on one panel, keys of `COLUMNS`."""
    data, found = Data(panel.frame, record), []
    for estimator in ESTIMATORS:
        estimate = estimator.estimate(data)
        for term in shown(record):
            at = data.lagged.terms.index(term)
            coef, se = (of[at] for of in estimate.slopes)
            found.append(
                {
                    "panel": panel.name,
                    "column": record.column,
                    "estimator": estimator.name,
                    "term": term,
                    "coef": coef,
                    "se": se,
                    "low": coef - Z * se,
                    "high": coef + Z * se,
                    "n": estimate.n,
                    "instruments": estimate.instruments,
                }
            )
    return found


def of_paper(panel: str, record: Specification) -> list[dict]:
    """Return the printed row, keys of `COLUMNS`."""
    rows = []
    for term in shown(record):
        coef, se = published_slopes().loc[(record.column, term)]
        own = {"panel": panel, "column": record.column, "estimator": PUBLISHED, "term": term}
        rows.append(own | {"coef": coef, "se": se, "low": coef - Z * se, "high": coef + Z * se})
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
    """Return what follows from the draws of a trace, keys of `EFFECT_COLUMNS`.

    For the average slope and each region's: the effect in the year itself, in the long run (of the
    draws with |ρ| < 1, `share` of all) and h years after a change that lasted one; and the years
    in which half of a change is gone, infinite in draws with ρ ≥ 1.
    """
    draws = tree["posterior"].to_dataset()
    (record,) = select([tree.attrs["column"]])
    (term,) = record.interest
    keys = {"panel": tree.attrs["panel"], "column": record.column, "model": tree.attrs["model"]}
    by_region = draws["slope_region"] if LAG in draws["varying"] else None
    average = draws["slope"].sel(term=LAG).to_numpy().ravel()
    found = []

    def add(slope: str, quantity: str, values: Array, year: float = np.nan) -> None:
        held = values[~np.isnan(values)]
        # Half-lives can be infinite, and between draws nothing is interpolated then.
        at = [0.5, 0.025, 0.975]
        quantiles = np.quantile(held, at, method="inverted_cdf") if len(held) else [np.nan] * 3
        row = {**keys, "slope": slope, "quantity": quantity, "year": year}
        row |= dict(zip(("median", "low", "high"), quantiles, strict=True))
        found.append(row | {"share": len(held) / len(values)})

    for slope in ("average", *draws["region"].to_numpy().tolist()):
        rho = average
        values = draws["slope"].sel(term=term)
        if slope != "average":
            values = draws["slope_region"].sel(varying=term, region=slope)
            if by_region is not None:
                rho = by_region.sel(varying=LAG, region=slope).to_numpy().ravel()
        values = values.to_numpy().ravel()
        add(slope, "short_run", values)
        add(slope, "long_run", dynamic.long_run(rho, values))
        add(slope, "half_life", dynamic.half_life(rho))
        for year, response in enumerate(dynamic.impulse_response(rho, values, YEARS).T):
            add(slope, "impulse", response, year)
    return found


def traces_of(folder: Path, panel: str, record: Specification) -> Iterator[xr.DataTree]:
    """Yield the traces of a column's dynamic models that there are, the main one first."""
    for model in dynamic_models():
        path = trace.trace_path(folder, panel, record.column, model.name)
        if path.is_file():
            yield trace.read(path, without=trace.POINTWISE)


@cache
def dynamic_models() -> tuple[Model, ...]:
    """Return the records of the dynamic models, the main one first."""
    return tuple(sorted((m for m in MODELS if m.dynamic), key=lambda model: model.extra))


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


def label(name: str) -> str:
    """Return how an estimator, a model or the printed row is called in tables and figures."""
    known = {each.name: each.label for each in ESTIMATORS} | {PUBLISHED: PUBLISHED}
    return known.get(name) or find(name).label


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay one column on one panel out for a reader: a line per estimator."""
    lines = []
    for name, own in rows.groupby("estimator", sort=False):
        line = {"estimator": label(name)}
        for cell in own.itertuples():
            text = f"{cell.coef:.3f} ({cell.se:.3f}) [{cell.low:.3f}, {cell.high:.3f}]"
            line[cell.term] = "none" if np.isnan(cell.coef) else text
        line["P(ρ ≥ 1)"] = _or_empty(own["p_explosive"].iloc[0], "{:.3f}")
        line["instruments"] = _or_empty(own["instruments"].iloc[0], "{:.0f}")
        line["gate"] = _or_empty(own["gate"].iloc[0], "{}")
        lines.append(line)
    return pd.DataFrame(lines)


def _or_empty(value: Any, form: str) -> str:
    return "" if pd.isna(value) else form.format(value)


# --- the figure ---------------------------------------------------------------------------------

REACH = 0.5
"""Of the figure, either way of a root of 1: estimates farther off are marked at its edge."""


def draw(rows: pd.DataFrame) -> Figure:
    """Draw each estimator's root, a frame for each outcome, a colour for each panel."""
    roots = rows[rows["term"] == LAG]
    columns, panels = list(dict.fromkeys(roots["column"])), list(dict.fromkeys(roots["panel"]))
    names = sorted(dict.fromkeys(roots["estimator"]), key=lambda name: name == PUBLISHED)
    of_panel = colours(panels)
    figure, frames = _frames(len(columns))
    for i, (axes, column) in enumerate(zip(frames, columns, strict=True)):
        own = roots[roots["column"] == column]
        limits = max(1 - REACH, own["low"].min()) - 0.02, min(1 + REACH, own["high"].max()) + 0.02
        for row in own.drop_duplicates(["estimator", "coef"]).itertuples():
            published = row.estimator == PUBLISHED
            offset = 0 if published else 0.18 * (panels.index(row.panel) - (len(panels) - 1) / 2)
            colour = "black" if published else of_panel[row.panel]
            _mark(axes, row, names.index(row.estimator) + offset, colour, limits)
        axes.axvline(1, color="0.5", lw=0.8, ls="--", zorder=0)
        axes.set_xlim(*limits)
        (record,) = select([column])
        axes.set_title(f"{column}  {record.outcome}", loc="left")
        axes.set_xlabel("root of the lagged outcome, 95 % interval")
        axes.set_yticks(range(len(names)), [label(name) if i % 2 == 0 else "" for name in names])
        axes.invert_yaxis()
    _panels(figure, panels)
    return figure


def _mark(axes: Axes, row: Any, at: float, colour: str, limits: tuple[float, float]) -> None:
    """Draw an estimate with its interval; a triangle at the edge if it lies beyond."""
    if np.isnan(row.coef):
        return
    low, high = limits
    axes.plot([row.low, row.high], [at, at], color=colour, lw=1.1)
    if low < row.coef < high:
        axes.plot(row.coef, at, "D" if row.estimator == PUBLISHED else "o", color=colour, ms=3)
    else:
        edge, marker = (low, "<") if row.coef <= low else (high, ">")
        axes.plot(edge, at, marker, color=colour, ms=4, clip_on=False)


def draw_effects(rows: pd.DataFrame) -> Figure:
    """Draw what is left of a change after years, a frame for each outcome, a band for each panel.

    Parameters
    ----------
    rows : DataFrame
        results/dynamic_effects.csv.
    """
    own = responses(rows)
    columns, panels = list(dict.fromkeys(own["column"])), list(dict.fromkeys(own["panel"]))
    figure, frames = _frames(len(columns))
    for axes, column in zip(frames, columns, strict=True):
        (record,) = select([column])
        for panel, colour in colours(panels).items():
            path = own[(own["column"] == column) & (own["panel"] == panel)]
            axes.plot(path["year"], path["median"], color=colour, lw=1.1)
            axes.fill_between(path["year"], path["low"], path["high"], color=colour, alpha=0.15)
        axes.axhline(0, color="0.5", lw=0.8, ls="--", zorder=0)
        axes.set_title(f"{column}  {record.outcome}", loc="left")
        axes.set_xlabel(f"years after {record.interest[0]} was 1 higher for a year")
    _panels(figure, panels)
    return figure


def responses(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the responses of the average slope by the main model."""
    own = rows[(rows["quantity"] == "impulse") & (rows["slope"] == "average")]
    return own[own["model"] == dynamic_models()[0].name]


def _frames(number: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with at most two frames a line."""
    wide = min(number, 2)
    high = -(-number // wide)
    figure = Figure(figsize=(1.8 + 3.2 * wide, 0.6 + 2.9 * high), layout="constrained")
    frames = list(figure.subplots(high, wide, squeeze=False).flat)
    for axes in frames[number:]:
        axes.remove()
    return figure, frames[:number]


def _panels(figure: Figure, panels: list[str]) -> None:
    """Say above the frames which colour is which panel's."""
    of_panel = colours(panels).items()
    handles = [Line2D([], [], color=c, marker="o", ms=3, label=p) for p, c in of_panel]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
