"""Distance of an implied panel from its start, and the printed numbers that pull hardest."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.shared.plotting import frames
from analysis.ye2024.reconstruction.nearest import Optimality, Point
from analysis.ye2024.reconstruction.problem import Problem, named

COLUMNS = ("panel", "level", "name", "rms", "max", "share", "pull")
"""The contract of results/long/distance.csv."""

MOST_SHOWN = 15


def distance(
    problem: Problem, z: NDArray[np.float64], point: Point, optimal: Optimality, panel: str
) -> pd.DataFrame:
    """Tabulate the distance.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. Rows of `level` series, province, year and cell: root mean square and
        greatest move in standard deviations of the series at the start, and the share of the
        squared distance. Rows of `level` printed: `pull` is the share of the squared distance
        that would go, to first order, if the printed number gave way by half a unit of its last
        digit; all cells of a sum that its minimum or maximum holds count for that one number.
        Each level is sorted, the greatest first.
    """
    moves = problem.start[["province", "year"]].join(
        pd.DataFrame(z.reshape(len(problem.series), -1).T, columns=list(problem.series))
    )
    long = moves.melt(["province", "year"], var_name="series", value_name="move")
    long["cell"] = long["series"] + " " + long["province"] + " " + long["year"].astype(str)
    total = float(z @ z)
    tables = []
    for level in ("series", "province", "year", "cell"):
        groups = long.groupby(level, sort=False)["move"]
        table = pd.DataFrame(
            {
                "rms": groups.agg(lambda move: np.sqrt(np.mean(move**2))),
                "max": groups.agg(lambda move: np.abs(move).max()),
                "share": groups.agg(lambda move: np.sum(move**2)) / total,
            }
        ).sort_values("share", ascending=False)
        if level == "cell":
            table = table.head(100)
        tables.append(table.rename_axis("name").reset_index().assign(level=level))
    pull = 2 * np.abs(optimal.multipliers) * point.half_width / total
    printed = pd.DataFrame({"name": map(named, problem.names(z)), "pull": pull})
    printed = printed.groupby("name", as_index=False).sum().assign(level="printed")
    tables.append(printed[printed["pull"] > 0].sort_values("pull", ascending=False))
    return pd.concat(tables, ignore_index=True).assign(panel=panel)[list(COLUMNS)]


def draw(table: pd.DataFrame) -> Figure:
    """Plot the moves by series, province and year, and what pulls hardest."""
    figure, grid = frames(4, 2.5)
    panel = table["panel"].iloc[0]
    figure.suptitle(f"{panel}: distance from the official panel", fontsize=9)
    titles = {
        "series": ("rms", "root mean square move, sd of the series"),
        "province": ("rms", "root mean square move, sd (15 largest)"),
        "year": ("rms", "root mean square move, sd"),
        "printed": ("pull", "share of squared distance\nper half unit (15 largest)"),
    }
    for axes, (level, (value, title)) in zip(grid, titles.items(), strict=True):
        rows = table[table["level"] == level].head(MOST_SHOWN)
        rows = rows.sort_values("name", ascending=False) if level == "year" else rows[::-1]
        axes.barh(rows["name"].astype(str), rows[value], color="#0072B2", height=0.7)
        axes.set_title(title, fontsize=7.5, loc="left")
        axes.tick_params(labelsize=6)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
