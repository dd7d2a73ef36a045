"""Compatibility of the grid of system-GMM estimates with Table 5's printed rows."""

from collections.abc import Iterator, Sequence
from itertools import product

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.replication import gmm_grid
from analysis.replication.gmm_grid import CHOICES
from analysis.replication.system_gmm import LAG
from analysis.shared.plotting import frames, key, outer
from analysis.shared.statistics import Z
from analysis.specifications import spelled
from data.panels.panel import Panel
from data.published import tables
from models.design import Specification

TESTS = ("ar1_p", "ar2_p", "hansen_p")
DIGITS = 9
"""Significant digits that are kept, so that the whole grid is stored below a megabyte."""

LEVEL = 0.05
"""Level at which a test's decision is compared with the printed one's."""


def rows_of(
    panels: Sequence[Panel], records: Sequence[Specification]
) -> tuple[int, Iterator[dict[str, object]]]:
    """Return how many estimations the whole grid has, and their rows for `compare`, one by one."""
    choices = gmm_grid.every_choice()
    total = len(panels) * len(records) * len(choices)
    return total, gmm_grid.run(panels, records, choices)


def compare(grid: pd.DataFrame) -> pd.DataFrame:
    """Return for each estimation whether the printed row is compatible with it.

    Parameters
    ----------
    grid : DataFrame
        Rows of `analysis.replication.gmm_grid.run`.

    Returns
    -------
    DataFrame
        With `rho_near` and `coef_near`: the printed coefficient lies in the estimate's 95 %
        interval; `same_tests`: AR(1), AR(2) and Hansen are there and reject at 5 % or not as in
        print; `compatible`: all three. Missing where there is no estimate. Numbers are rounded to
        `DIGITS` after they have been judged.
    """
    printed = _printed()
    columns = grid["column"]
    near = {}
    for name, se, term in (("rho", "rho_se", LAG), ("coef", "se", "indus")):
        target = columns.map(printed[term, "coef"])
        near[f"{name}_near"] = (grid[name] - target).abs() <= Z * grid[se]
    same = [
        grid[test].notna() & ((grid[test] < LEVEL) == (columns.map(printed["", test]) < LEVEL))
        for test in TESTS
    ]
    judged_grid = grid.assign(**near, same_tests=pd.concat(same, axis=1).all(axis=1))
    judged = ["rho_near", "coef_near", "same_tests"]
    judged_grid["compatible"] = judged_grid[judged].all(axis=1)
    estimated = judged_grid["problem"] == ""
    judged_grid[[*judged, "compatible"]] = judged_grid[[*judged, "compatible"]].where(estimated)
    numbers = judged_grid.select_dtypes("float").columns
    rounded = judged_grid[numbers].map(lambda value: float(f"{value:.{DIGITS}g}"))
    return judged_grid.assign(**rounded)


def _printed() -> pd.DataFrame:
    """Return Table 5's numbers: index column, columns (term, statistic)."""
    numbers = tables.numbers().query("table == '5'")
    wide = numbers.pivot(index="column", columns=["term", "statistic"], values="printed")
    return wide.astype(float)


def regions(grid: pd.DataFrame) -> pd.DataFrame:
    """Summarise the grid by each value of each choice.

    Returns
    -------
    DataFrame
        Columns `panel, column, choice, value, estimated, compatible, rho_low, rho_median,
        rho_high, share_above_one`, `choice` "any" being the whole grid; counts, and the range
        of ρ with the share of estimates at or above one.
    """
    estimated = grid[grid["problem"] == ""].assign(any="any")
    rows = []
    for choice in ("any", *CHOICES):
        for keys, group in estimated.groupby(["panel", "column", choice], sort=False):
            rows.append(
                {
                    "panel": keys[0],
                    "column": keys[1],
                    "choice": choice,
                    "value": str(keys[2]),
                    "estimated": len(group),
                    "compatible": int(group["compatible"].astype(bool).sum()),
                    "rho_low": group["rho"].min(),
                    "rho_median": group["rho"].median(),
                    "rho_high": group["rho"].max(),
                    "share_above_one": (group["rho"] >= 1).mean(),
                }
            )
    return pd.DataFrame(rows)


def compatibility(regions: pd.DataFrame) -> pd.DataFrame:
    """Lay `regions` out: a row per choice and value, a column per published column.

    Cells are "compatible / estimated".
    """
    counts = regions["compatible"].astype(str) + " / " + regions["estimated"].astype(str)
    keys = ["choice", "value", "column"]
    table = regions[keys].assign(counts=counts).set_index(keys)["counts"].unstack(sort=False)
    return table.fillna("").rename_axis(columns=None).reset_index()


# --- figure ------------------------------------------------------------------------------------

COLOURS = {"exogenous": "#0072B2", "predetermined": "#E69F00", "endogenous": "#009E73"}
MARKERS = {"system": "o", "difference": "^"}


def draw(grid: pd.DataFrame) -> Figure:
    """Plot the lag's coefficient against that of interest, a frame per panel and column.

    Filled marks are estimates with which the printed row is compatible. Axes show the inner
    90 % of the estimates and the printed point.
    """
    printed = _printed()
    panels, columns = (list(dict.fromkeys(grid[name])) for name in ("panel", "column"))
    estimated = grid[grid["problem"] == ""]
    cells = list(product(panels, columns))
    figure, grid_of = frames(len(cells), 1.6, most=len(columns), more=0.9)
    for axes, (panel, column) in zip(grid_of, cells, strict=True):
        rows = estimated[(estimated["panel"] == panel) & (estimated["column"] == column)]
        _frame(axes, rows, printed.loc[column])
        axes.set_title(f"{column}  {panel}", fontsize=6, loc="left")
    for axes in outer(grid_of)[1]:
        axes.set_xlabel("autoregressive coefficient ρ", fontsize=6)
    figure.supylabel(f"slope of {spelled('indus')}", fontsize=8)
    handles = [Line2D([], [], **style) for style in _legend()]
    key(figure, handles)
    return figure


def _frame(axes: Axes, rows: pd.DataFrame, printed: pd.Series) -> None:
    """Draw the estimates of one column on one panel, and the printed point with its intervals."""
    for (interest, equations), marks in rows.groupby(["interest", "equations"], sort=False):
        compatible = marks["compatible"].astype(bool)
        for filled, part in ((False, marks[~compatible]), (True, marks[compatible])):
            axes.plot(
                part["rho"], part["coef"], MARKERS[equations], ms=3.2, mew=0.5,
                mec=COLOURS[interest], mfc=COLOURS[interest] if filled else "none",
            )  # fmt: skip
    lag, slope = printed[LAG, "coef"], printed["indus", "coef"]
    axes.errorbar(
        lag, slope, color="black", fmt="D", ms=3.5, lw=0.8,
        xerr=Z * printed[LAG, "se"], yerr=Z * printed["indus", "se"], zorder=3,
    )  # fmt: skip
    axes.axvline(1, color="0.75", lw=0.6, zorder=0)
    axes.set_xlim(*_span(rows["rho"], lag))
    axes.set_ylim(*_span(rows["coef"], slope))
    axes.tick_params(labelsize=6)


def _legend() -> Iterator[dict[str, str]]:
    """Yield the style and label of each mark of the legend."""
    for name, colour in COLOURS.items():
        yield {"ls": "", "marker": "o", "mfc": "none", "mec": colour, "label": name}
    for name, marker in MARKERS.items():
        yield {"ls": "", "marker": marker, "mfc": "none", "mec": "0.4", "label": name}
    for face, label in (("0.4", "filled: compatible with the print"), ("none", "hollow: not")):
        yield {"ls": "", "marker": "o", "mfc": face, "mec": "0.4", "label": label}
    yield {"ls": "", "marker": "D", "color": "black", "label": "printed, 95 %"}


def _span(values: pd.Series, printed: float) -> tuple[float, float]:
    low, high = values.quantile([0.05, 0.95])
    low, high = min(low, printed), max(high, printed)
    margin = 0.12 * (high - low)
    return low - margin, high + margin
