"""Predictive checks: whether a model, before and after the data, draws panels like the data.

Every statistic is a function of a panel alone, so that it is computed in the same way from the
data and from each draw of any model (Gelman, Meng & Stern 1996, *Statistica Sinica* 6:733–760).
Those that speak of residuals take the panel's two-way fixed-effects residuals, which are a fixed
linear map of the outcome.

============= ====================================================================
`prior`       before the data: is the model's idea of the outcome possible at all, and
              no narrower than what was seen?
`posterior`   after it: `misfit` says that the data's statistic lies where 1 % or less of
              the draws lie on one side
============= ====================================================================
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.posterior.trace import read
from analysis.shared.plotting import PALETTE
from analysis.specifications import select
from data.errors import UserError
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import MODELS, find
from models.design import Specification
from models.frequentist.two_way import two_way_parts

Array = NDArray[np.float64]

EXTREME = 0.01
"""Share of the draws on one side of the data at which a posterior check calls it a misfit."""

READ = (
    "p: share of the draws in which the statistic is at least the data's (of several elements the "
    f"one farthest from a half). After the data, {EXTREME:g} or less on either side is a misfit. "
    "Before the data, 0 or 1 means that no draw reached the data on that side. Of `possible`: the "
    "share itself."
)
"""How the tables on the terminal are read."""

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
counts rows whose Pareto k̂ is above ArviZ's bound, for which the estimate is unreliable; `given`
says what the density of the left-out row is conditional on.
"""

GIVEN = "conditional on province and year effects; with AR(1) errors, on the year before too"
"""Rows are left out one at a time and their province's other rows stay, so this is not about a
province that was never seen: for that, `python -m analysis sensitivity` leaves out provinces, with
their effects integrated out. With AR(1) errors the next year's density still knows the row."""


@dataclass(frozen=True)
class Rows:
    """Where the rows of a panel stand; codes index the labels.

    Attributes
    ----------
    province, year, region : ndarray of int, shape (n,)
        Sorted by province and year.
    years, regions : tuple
        Labels.
    x : ndarray, shape (n, k)
        Regressors.
    bounds : tuple of float
        Least and greatest possible value of the outcome.
    """

    province: NDArray[np.int64]
    year: NDArray[np.int64]
    region: NDArray[np.int64]
    years: tuple[int, ...]
    regions: tuple[str, ...]
    x: Array
    bounds: tuple[float, float]

    @cached_property
    def _regressors(self) -> Array:
        """An orthonormal basis of the regressors net of province and year dummies, (n, k)."""
        return np.linalg.qr(two_way_parts(self.x, self.province, self.year)[2]).Q

    @cached_property
    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of the rows that have a row a year earlier, and of those earlier rows."""
        calendar = np.array(self.years)[self.year]
        follows = (np.diff(self.province) == 0) & (np.diff(calendar) == 1)
        (earlier,) = np.nonzero(follows)
        return earlier + 1, earlier

    def residuals(self, y: Array) -> Array:
        """Return two-way fixed-effects residuals of outcomes, shape (draws, n) as `y`."""
        within = two_way_parts(y.T, self.province, self.year)[2]
        return (within - self._regressors @ (self._regressors.T @ within)).T

    def mean_by(self, codes: NDArray[np.int64], values: Array) -> Array:
        """Return means over the rows of each code, shape (draws, codes)."""
        member = np.eye(codes.max() + 1)[codes]
        return values @ (member / member.sum(axis=0))


@dataclass(frozen=True)
class Statistic:
    """A number, or one per element, of each of many panels.

    Attributes
    ----------
    name, meaning : str
    compute : function
        From outcomes (draws, n), their two-way residuals (draws, n) and `Rows` to a mapping of
        element to values (draws,); the element of a single number is "".
    judged : bool
        Whether draws should look like the data in it; not where the data's value is known
        beforehand.
    """

    name: str
    meaning: str
    compute: Callable[[Array, Array, Rows], Mapping[str, Array]]
    judged: bool = True


def _possible(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    least, greatest = rows.bounds
    return {"": ((y >= least) & (y <= greatest)).mean(axis=1)}


def _between(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    return {"": rows.mean_by(rows.province, y).std(axis=1)}


def _within(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    return {"": (y - rows.mean_by(rows.province, y)[:, rows.province]).std(axis=1)}


def _year_mean(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    return dict(zip(map(str, rows.years), rows.mean_by(rows.year, y).T, strict=True))


def _autocorrelation(_: Array, residual: Array, rows: Rows) -> dict[str, Array]:
    later, earlier = rows.neighbours
    product = (residual[:, later] * residual[:, earlier]).mean(axis=1)
    return {"": product / (residual**2).mean(axis=1)}


def _residual_sd(_: Array, residual: Array, rows: Rows) -> dict[str, Array]:
    mean_square = rows.mean_by(rows.region, residual**2)
    return dict(zip(rows.regions, np.sqrt(mean_square).T, strict=True))


def _farthest(_: Array, residual: Array, rows: Rows) -> dict[str, Array]:
    sd = np.sqrt(rows.mean_by(rows.region, residual**2))[:, rows.region]
    return {"": np.abs(residual / sd).max(axis=1)}


STATISTICS = (
    Statistic(
        "possible",
        "share of the cells within the bounds that the outcome's formula sets",
        _possible,
        judged=False,
    ),
    Statistic("between_sd", "standard deviation of province means", _between),
    Statistic("within_sd", "standard deviation about province means", _within),
    Statistic("year_mean", "mean over provinces, each year", _year_mean),
    Statistic(
        "autocorrelation",
        "of two-way residuals with those a year earlier, within provinces",
        _autocorrelation,
    ),
    Statistic("residual_sd", "root mean square two-way residual, each region", _residual_sd),
    Statistic("min", "smallest cell", lambda y, *_: {"": y.min(axis=1)}),
    Statistic("max", "largest cell", lambda y, *_: {"": y.max(axis=1)}),
    Statistic("farthest", "largest |two-way residual| in units of its region's sd", _farthest),
)


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
    with warnings.catch_warnings():
        # What it warns of, the Pareto k̂, is reported beside the estimate.
        warnings.filterwarnings("ignore", "Estimated shape parameter of Pareto")
        found = az.loo(tree, var_name="y", pointwise=True)
    k = found.pareto_k.to_numpy()
    system = tree["observed_data"].get("outcome", xr.DataArray([_outcome(tree)]))
    return {
        **_identity(tree),
        "outcomes": " ".join(system.to_numpy().tolist()),
        "elpd": found.elpd,
        "se": found.se,
        "p_loo": found.p,
        "rows": found.n_data_points,
        "k_max": k.max(),
        "k_bad": int((k > found.good_k).sum()),
        "given": GIVEN,
    }


def chosen(
    paths: Iterable[Path],
    records: Sequence[Specification],
    panels: Sequence[str],
    models: Sequence[str],
) -> list[Path]:
    """Return the traces of the named columns, panels and models; of all where none is named.

    Raises
    ------
    UserError
        If there is no such model, or no trace is left.
    """
    columns = {record.column for record in records}
    names = {find(name).name for name in models}
    left = [
        path
        for path in paths
        for column, _, model in [path.stem.partition("-")]
        if column in columns
        and (not names or model in names)
        and (not panels or path.parent.name in panels)
    ]
    if not left:
        raise UserError(
            "There is no trace of these columns, panels and models: make it with "
            "`python -m analysis sample`, or name fewer."
        )
    return left


def assess(observed: float, draws: Array) -> dict[str, float]:
    """Set one number of the data beside that of each draw."""
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
            found = assess(values[0], values[1:])
            if not statistic.judged:
                found |= {"p": np.nan, "z": np.nan}
            yield {"statistic": statistic.name, "element": element, **found}


def rows_of(tree: xr.DataTree) -> Iterator[dict]:
    """Yield the rows of a trace in results/checks.csv."""
    for name, group in GROUPS.items():
        if group not in tree.children:
            continue
        for outcome, (observed, drawn) in _outcomes(tree, group).items():
            bounds = DESCRIBED[outcome].bounds if outcome in DESCRIBED else (-np.inf, np.inf)
            for found in predictive(observed, drawn, _structure(tree, bounds)):
                tail = min(found["p"], 1 - found["p"])
                yield {
                    **_identity(tree),
                    "outcome": outcome,
                    "check": name,
                    **found,
                    "misfit": name == "posterior" and tail <= EXTREME,
                }


def _outcomes(tree: xr.DataTree, group: str) -> dict[str, tuple[Array, Array]]:
    """Return data (n,) and draws (draws, n) of each outcome that a trace models, by name."""
    data, found = tree["observed_data"].to_dataset(), {}
    for name, drawn in tree[group].to_dataset().data_vars.items():
        flat = drawn.stack(sample=("chain", "draw")).transpose("sample", ..., "obs")
        others = [dim for dim in data[name].dims if dim != "obs"]
        if not others:
            label = _outcome(tree) if name == "y" else name
            found[label] = data[name].to_numpy(), flat.to_numpy().astype(float)
        for label in data[name][others[0]].to_numpy().tolist() if others else ():
            one = {others[0]: label}
            pair = data[name].sel(one).to_numpy(), flat.sel(one).to_numpy().astype(float)
            found.setdefault(label, pair)
    return found


def _structure(tree: xr.DataTree, bounds: tuple[float, float]) -> Rows:
    data = tree["constant_data"]
    province, _ = pd.factorize(data["row_province"].to_numpy())
    year, years = pd.factorize(data["row_year"].to_numpy(), sort=True)
    region, regions = pd.factorize(data["row_region"].to_numpy())
    x = data["x"].to_numpy().astype(float)
    return Rows(province, year, region, tuple(years.tolist()), tuple(regions), x, bounds)


def _identity(tree: xr.DataTree) -> dict[str, str]:
    return {name: tree.attrs[name] for name in ("panel", "column", "model")}


def _outcome(tree: xr.DataTree) -> str:
    return select([tree.attrs["column"]])[0].outcome


def legend() -> pd.DataFrame:
    """Return what each statistic is."""
    return pd.DataFrame([(each.name, each.meaning) for each in STATISTICS], columns=["of", "is"])


def summary(checks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per trace and check: each statistic's p, or the share that is possible.

    Of a statistic with several elements, the p farthest from a half.
    """
    value = checks["p"].where(checks["statistic"] != "possible", checks["mean"])
    keys = ["panel", "column", "model", "outcome", "check", "statistic"]
    far = (value - 0.5).abs().groupby([checks[key] for key in keys], sort=False)
    worst = checks.assign(value=value).loc[far.idxmax()]
    wide = worst.pivot(index=keys[:-1], columns="statistic", values="value")
    order = pd.MultiIndex.from_frame(worst[keys[:-1]].drop_duplicates())
    return wide.loc[order, [statistic.name for statistic in STATISTICS]].reset_index()


def frames(checks: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and rows of each figure that `draw` can make of results/checks.csv."""
    judged = checks[(checks["check"] == "posterior") & checks["p"].notna()]
    for (panel, column), rows in judged.groupby(["panel", "column"], sort=False):
        for outcome, own in rows.groupby("outcome", sort=False):
            suffix = "" if rows["outcome"].nunique() == 1 else f"_{outcome}"
            yield f"checks_{panel}_{column}{suffix}", own


def draw(rows: pd.DataFrame) -> Figure:
    """Draw the posterior checks of one outcome on one panel, a frame for each model.

    Every statistic is in standard deviations of its draws: the bar holds 95 % of them, the dot is
    the data's, filled where it is a misfit.
    """
    models = [model for model in MODELS if (rows["model"] == model.name).any()]
    figure = Figure(figsize=(1.6 + 1.9 * len(models), 4.4), layout="constrained")
    grid = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False)[0]
    for axes, model in zip(grid, models, strict=True):
        own = rows[rows["model"] == model.name]
        at = range(len(own))
        sd = (own["observed"] - own["mean"]) / own["z"]
        ends = [(own[quantile] - own["mean"]) / sd for quantile in ("q025", "q975")]
        axes.hlines(at, *ends, color="0.75", lw=4)
        colours = np.where(own["misfit"], PALETTE[-1], "white")
        axes.scatter(own["z"], at, c=colours, edgecolors=PALETTE[-1], s=18, zorder=3)
        axes.axvline(0, color="0.6", lw=0.6, zorder=0)
        axes.set_title(model.label, loc="left")
        axes.set_yticks(at, (own["statistic"] + " " + own["element"]).str.strip())
        axes.set_xlabel("sd of the draws")
    grid[0].invert_yaxis()
    return figure
