"""Power and minimum detectable effects (80 % power), beside the published slopes.

Both are computed by `analysis.simulation.power`, which does not see the printed numbers.
"""

import pandas as pd
from matplotlib.figure import Figure

from analysis.comparison.coefficients import published_slopes
from analysis.shared import digits
from analysis.shared.plotting import PALETTE, key, outer, small_multiples
from analysis.shared.statistics import INTERVALS, POWER

RATES = ("false_positive_rate", "false_positive_rate_low", "false_positive_rate_high")

COLUMNS = (
    *("panel", "column", "term", "test", "data_sets"),
    *(*RATES, "detectable"),
    *("published", "published_over_detectable", "power_at_published"),
)
"""The contract of results/long/power.csv: `published` is the printed slope without its sign.

The rest is as in `analysis.simulation.power.COLUMNS`. A published slope of less than `detectable`
has less than 80 % power.
"""


def sizes() -> dict[tuple[str, str], float]:
    """Return the printed slopes of interest without their signs, by column and term."""
    return published_slopes()["coef"].astype(float).abs().to_dict()


def beside(power: pd.DataFrame) -> pd.DataFrame:
    """Return `COLUMNS`, from the power of slopes of the printed size.

    Parameters
    ----------
    power : DataFrame
        From `analysis.simulation.power.run`, `sizes` its reference slopes.
    """
    names = {"reference": "published", "power_at_reference": "power_at_published"}
    table = power.rename(columns=names)
    ratio = table["published"] / table["detectable"]
    return table.assign(published_over_detectable=ratio)[list(COLUMNS)]


SHOWN = {
    "panel": "panel",
    "column": "column",
    "term": "term",
    "test": "test",
    "data_sets": "data sets",
    "published": "printed",
    "detectable": "minimum detectable effect (80 % power)",
    "power_at_published": "power at the printed slope",
    "false_positive_rate": "false-positive rate (nominal 5 %)",
}
"""Columns of the printed table, and their labels."""


def shown(power: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader: slopes with informative digits, shares in per cent."""
    rows = power[list(SHOWN)].rename(columns=SHOWN)
    for name in ("printed", "minimum detectable effect (80 % power)"):
        rows[name] = rows[name].map(digits.estimate)
    rows["power at the printed slope"] = [f"{v:.0%}" for v in rows["power at the printed slope"]]
    rows["false-positive rate (nominal 5 %)"] = [
        f"{at:.0%} [{low:.0%}, {high:.0%}]" if at == at else ""
        for at, low, high in power[list(RATES)].to_numpy()
    ]
    rows["data sets"] = [str(v) if v else "" for v in rows["data sets"]]
    return rows


def sentence(power: pd.DataFrame) -> str:
    """Report how many published slopes are detectable, and the size of the tests."""
    parts, rates = [], []
    for test in INTERVALS:
        of_test = power[power["test"] == test]
        if len(of_test):
            enough = int((of_test["published_over_detectable"] >= 1).sum())
            parts.append(f"{enough} of {len(of_test)} by {INTERVALS[test]}")
            if of_test["false_positive_rate"].notna().any():
                rates.append(f"{of_test['false_positive_rate'].median():.0%} ({INTERVALS[test]})")
    more = f" It does so in {'; '.join(parts[2:])}." if parts[2:] else ""
    return (
        f"The published slope reaches the minimum detectable effect ({POWER:.0%} power) in "
        f"{'; '.join(parts[:2])}.{more} Median false-positive rate of the nominal 5 % test: "
        f"{', '.join(rates)}."
    )


def draw(rows: pd.DataFrame) -> Figure:
    """Draw power by the true slope, a frame for each slope; the printed one is a vertical line."""
    cells = list(dict.fromkeys(zip(rows["column"], rows["term"], strict=True)))
    figure, grid = small_multiples(len(cells), 1.5, sharey=True)
    printed, handles = sizes(), {}
    for axes, (column, term) in zip(grid, cells, strict=True):
        of_slope = rows[(rows["column"] == column) & (rows["term"] == term)]
        for test, colour in zip(INTERVALS, PALETTE, strict=False):
            line = of_slope[of_slope["test"] == test]
            if len(line):
                (drawn,) = axes.plot(line["slope"], line["power"], color=colour, lw=1.2)
                handles.setdefault(INTERVALS[test], drawn)
        handles["printed slope"] = axes.axvline(printed[column, term], color="0.3", lw=1, ls=":")
        axes.axhline(POWER, color="0.8", lw=0.6, zorder=0)
        axes.set_title(f"{column}  {term}", loc="left", fontsize=7)
        axes.set_xlim(0)
        axes.set_ylim(0, 1.02)
        axes.tick_params(labelsize=6.5)
    left, lowest = outer(grid)
    for axes in lowest:
        axes.set_xlabel("true slope, absolute value", fontsize=7)
    for axes in left:
        axes.set_ylabel("power", fontsize=7)
    figure.suptitle(f"{rows['panel'].iloc[0]}: power of the nominal 5 % test", fontsize=8.5)
    key(figure, handles.values(), handles)
    return figure
