"""Prior and posterior predictive checks, and PSIS-LOO, of each trace.

The statistics are in `predictive_statistics`.

============= ====================================================================
`prior`       before the data: are the predicted outcomes possible, and no narrower than
              the observed ones?
`posterior`   after it: `misfit` says that the data's statistic lies where 1 % or less of
              the draws lie on one side
============= ====================================================================
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.posterior import loo
from analysis.posterior.predictive_statistics import STATISTICS, Rows
from analysis.posterior.trace import attributes, identity, read
from analysis.posterior.variants import fit_named
from analysis.shared.frames import VARIANT
from analysis.shared.plotting import PALETTE
from analysis.specifications import select
from data.panels.catalogue import OWN, panel_names
from data.panels.spelling import listed
from data.shared.errors import UserError
from data.shared.files import sha256
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import MODELS
from models.design import Specification

Array = NDArray[np.float64]

EXTREME = 0.01
"""Share of the draws on one side of the data at which a posterior check calls it a misfit."""

READ = (
    "p: share of the draws in which the statistic is at least the data's (of several elements the "
    f"one farthest from a half). After the data, {EXTREME:g} or less on either side is a misfit. "
    "Before the data, 0 or 1 means that no draw reached the data on that side. Of `possible`: the "
    "share itself."
)
"""Note below the tables on the terminal."""

GROUPS = {"prior": "prior_predictive", "posterior": "posterior_predictive"}

COLUMNS = (
    "panel",
    "column",
    "model",
    "outcome",
    "check",
    "statistic",
    "element",
    "observed",
    "mean",
    "q025",
    "q975",
    "p",
    "z",
    "misfit",
)
"""The contract of results/checks.csv; one row per trace, check, statistic and element.

`mean, q025, q975` are of the statistic over the draws, `p` the share of draws in which it is at
least the data's (ties count half), `z` the data's distance from the mean in standard deviations.
"""

LOO_COLUMNS = (
    "panel",
    "column",
    "model",
    "outcomes",
    "elpd",
    "se",
    "p_loo",
    "rows",
    "k_max",
    "k_bad",
    "given",
)
"""The contract of results/loo.csv.

`elpd` is of all `outcomes` together, so only traces of the same ones can be compared. `k_bad`
counts rows whose Pareto k̂ is above 0.7, for which the estimate is unreliable; `given`
says what the density of the left-out row is conditional on.
"""

GIVEN = "conditional on province and year effects; with AR(1) errors, on the year before too"
"""Rows are left out one at a time and their province's other rows stay, so this is not about a new
province: for that, `python -m analysis sensitivity` leaves out provinces, with their effects
integrated out. With AR(1) errors the next year's density is still conditional on the row."""


def check(paths: Iterable[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check each trace's predictive draws against its data, and leave its rows out one by one.

    Parameters
    ----------
    paths : iterable of Path
        NetCDF files that meet the contract of `analysis.posterior.trace`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`.
    DataFrame
        Columns `LOO_COLUMNS`, by Pareto-smoothed importance sampling (Vehtari, Gelman & Gabry
        2017, *Statistics and Computing* 27:1413–1432).

    Raises
    ------
    UserError
        If a file is no trace.
    """
    rows, left_out = [], []
    for path in paths:
        tree = read(path)
        rows += rows_of(tree)
        left_out.append(_loo(tree))
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(left_out, columns=LOO_COLUMNS)


def _loo(tree: xr.DataTree) -> dict:
    estimate = loo.pointwise(tree)
    return {
        **identity(tree.attrs),
        "outcomes": estimate.outcomes,
        "elpd": estimate.total,
        "se": estimate.se,
        "p_loo": estimate.p_loo,
        "rows": len(estimate.rows),
        "k_max": estimate.k.max(),
        "k_bad": int(estimate.bad.sum()),
        "given": GIVEN,
    }


def chosen(
    paths: Iterable[Path],
    records: Sequence[Specification],
    panels: Sequence[str],
    models: Sequence[str],
) -> list[Path]:
    """Return the traces of the named columns, panels and models; of all where none is named.

    A model's name stands for its variants, too.

    Raises
    ------
    UserError
        If there is no such model, or no trace is left.
    """
    columns = {record.column for record in records}
    names = {fit_named(name) for name in models}
    matching = [
        path
        for path in paths
        for column, _, model in [path.stem.partition("-")]
        if column in columns
        and (not names or _names_of(model) & names)
        and (not panels or path.parent.name in panels)
    ]
    if not matching:
        raise UserError(
            "There is no trace of these columns, panels and models: make it with "
            "`python -m analysis sample`, or name fewer."
        )
    return matching


def asked_for(
    paths: Iterable[Path],
    records: Sequence[Specification],
    typed: Sequence[str],
    models: Sequence[str],
    say: Callable[[str], object],
) -> list[Path]:
    """Return the traces that `chosen` finds of panels as a user typed them.

    Says which of them are not of the file that was typed.
    """
    matching = chosen(paths, records, panel_names(typed), models)
    for sentence in of_other_files(matching, typed):
        say(sentence)
    return matching


def of_other_files(paths: Sequence[Path], typed: Iterable[str]) -> Iterator[str]:
    """Say which traces are of another file, or another version of it, than the one typed.

    A user's own panel goes by the name of its file, and two folders may hold files of one name.
    """
    for name in typed:
        (called, *_), file = panel_names([name]), Path(name)
        if not called.startswith(OWN) or not file.is_file():
            continue
        digest = sha256(file.read_bytes())
        others = [
            f"{path.parent.name}/{path.name}"
            for path in paths
            if path.parent.name == called and attributes(path).get("panel_sha256") != digest
        ]
        if others:
            yield (
                f"Notice: {listed(others)}: of another version of {name}, or of another file of "
                "that name. `python -m analysis sample` with this file makes it anew."
            )


def _names_of(model: str) -> set[str]:
    return {model, model.partition(VARIANT)[0]}


def lacking(paths: Iterable[Path], models: Sequence[str]) -> list[str]:
    """Return the models that were named and have no trace among those chosen."""
    present = set().union(*(_names_of(path.stem.partition("-")[2]) for path in paths))
    return [name for name in models if fit_named(name) not in present]


def assess(observed: float, draws: Array) -> dict[str, float]:
    """Compare one statistic of the data with that of each draw."""
    sd = draws.std()
    return {
        "observed": observed,
        "mean": draws.mean(),
        **dict(zip(("q025", "q975"), np.quantile(draws, [0.025, 0.975]), strict=True)),
        "p": np.mean(draws > observed) + np.mean(draws == observed) / 2,
        "z": (observed - draws.mean()) / sd if sd else np.nan,
    }


def predictive(y: Array, drawn: Array, rows: Rows) -> Iterator[dict]:
    """Yield the row of each statistic's element, from `statistic` to `z`.

    Parameters
    ----------
    y : ndarray, shape (n,)
    drawn : ndarray, shape (draws, n)
    rows : Rows
    """
    panels = np.vstack([y, drawn])  # the data first
    residual = rows.residuals(panels)
    for statistic in STATISTICS:
        for element, values in statistic.compute(panels, residual, rows).items():
            assessed = assess(values[0], values[1:])
            if not statistic.judged:
                assessed |= {"p": np.nan, "z": np.nan}
            yield {"statistic": statistic.name, "element": element, **assessed}


def rows_of(tree: xr.DataTree) -> Iterator[dict]:
    """Yield the rows of a trace in results/checks.csv."""
    for name, group in GROUPS.items():
        if group not in tree.children:
            continue
        for outcome, (observed, drawn) in _outcomes(tree, group).items():
            bounds = DESCRIBED[outcome].bounds if outcome in DESCRIBED else (-np.inf, np.inf)
            for row in predictive(observed, drawn, _structure(tree, bounds)):
                tail = min(row["p"], 1 - row["p"])
                yield {
                    **identity(tree.attrs),
                    "outcome": outcome,
                    "check": name,
                    **row,
                    "misfit": name == "posterior" and tail <= EXTREME,
                }


def _outcomes(tree: xr.DataTree, group: str) -> dict[str, tuple[Array, Array]]:
    """Return data (n,) and draws (draws, n) of each outcome that a trace models, by name."""
    data, drawn_outcomes = tree["observed_data"].to_dataset(), {}
    for name, drawn in tree[group].to_dataset().data_vars.items():
        flat = drawn.stack(sample=("chain", "draw")).transpose("sample", ..., "obs")
        outcome_dims = [dim for dim in data[name].dims if dim != "obs"]
        if not outcome_dims:
            label = _outcome(tree) if name == "y" else name
            drawn_outcomes[label] = data[name].to_numpy(), flat.to_numpy().astype(float)
        for label in data[name][outcome_dims[0]].to_numpy().tolist() if outcome_dims else ():
            selected = {outcome_dims[0]: label}
            pair = data[name].sel(selected).to_numpy(), flat.sel(selected).to_numpy().astype(float)
            drawn_outcomes.setdefault(label, pair)
    return drawn_outcomes


def _structure(tree: xr.DataTree, bounds: tuple[float, float]) -> Rows:
    data = tree["constant_data"]
    province, _ = pd.factorize(data["row_province"].to_numpy())
    year, years = pd.factorize(data["row_year"].to_numpy(), sort=True)
    region, regions = pd.factorize(data["row_region"].to_numpy())
    x = data["x"].to_numpy().astype(float)
    return Rows(province, year, region, tuple(years.tolist()), tuple(regions), x, bounds)


def _outcome(tree: xr.DataTree) -> str:
    return select([tree.attrs["column"]])[0].outcome


def legend() -> pd.DataFrame:
    """Return the definition of each statistic."""
    return pd.DataFrame(
        [(statistic.name, statistic.meaning) for statistic in STATISTICS], columns=["of", "is"]
    )


def summary(checks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per trace and check: each statistic's p, or the share that is possible.

    Of a statistic with several elements, the p farthest from a half. `misfits` names the
    statistics that are misfits.
    """
    value = checks["p"].where(checks["statistic"] != "possible", checks["mean"])
    keys = ["panel", "column", "model", "outcome", "check", "statistic"]
    far = (value - 0.5).abs().groupby([checks[key] for key in keys], sort=False)
    worst = checks.assign(value=value).loc[far.idxmax()]
    wide = worst.pivot(index=keys[:-1], columns="statistic", values="value")
    order = pd.MultiIndex.from_frame(worst[keys[:-1]].drop_duplicates())
    named = worst["statistic"].where(worst["misfit"].astype(bool), "")
    misfits = named.groupby([worst[key] for key in keys[:-1]], sort=False).agg(
        lambda names: ", ".join(name for name in names if name)
    )
    wide = wide.loc[order, [statistic.name for statistic in STATISTICS]]
    return wide.assign(misfits=misfits).reset_index()


def frames(checks: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and rows of each figure that `draw` can make of results/checks.csv."""
    judged = checks[(checks["check"] == "posterior") & checks["p"].notna()]
    for (panel, column), rows in judged.groupby(["panel", "column"], sort=False):
        for outcome, of_outcome in rows.groupby("outcome", sort=False):
            suffix = "" if rows["outcome"].nunique() == 1 else f"_{outcome}"
            yield f"checks_{panel}_{column}{suffix}", of_outcome


def draw(rows: pd.DataFrame) -> Figure:
    """Draw the posterior checks of one outcome on one panel, a frame for each model.

    Every statistic is in standard deviations of its draws: the bar holds 95 % of them, the dot is
    the data's, filled where it is a misfit.
    """
    models = [model for model in MODELS if (rows["model"] == model.name).any()]
    figure = Figure(figsize=(1.6 + 1.9 * len(models), 4.4), layout="constrained")
    grid = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False)[0]
    for axes, model in zip(grid, models, strict=True):
        of_model = rows[rows["model"] == model.name]
        heights = range(len(of_model))
        sd = (of_model["observed"] - of_model["mean"]) / of_model["z"]
        ends = [(of_model[quantile] - of_model["mean"]) / sd for quantile in ("q025", "q975")]
        axes.hlines(heights, *ends, color="0.75", lw=4)
        colours = np.where(of_model["misfit"], PALETTE[-1], "white")
        axes.scatter(of_model["z"], heights, c=colours, edgecolors=PALETTE[-1], s=18, zorder=3)
        axes.axvline(0, color="0.6", lw=0.6, zorder=0)
        axes.set_title(model.label, loc="left")
        axes.set_yticks(heights, (of_model["statistic"] + " " + of_model["element"]).str.strip())
        axes.set_xlabel("sd of the draws")
    grid[0].invert_yaxis()
    return figure
