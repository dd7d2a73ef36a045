"""The tables that are read off traces, as records; a new one is a record here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.comparison import coefficients, regions, turning_points
from analysis.posterior import trace
from analysis.shared.digits import with_interval
from data.panels.catalogue import PANELS


@dataclass(frozen=True)
class Table:
    """One table in results/: its name, its columns, and what makes a trace's rows.

    `rows` takes the trace, and `rope` besides if the table judges slopes by it.
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[..., list[dict]]
    by_rope: bool = False


TABLES = (
    Table("comparison", coefficients.COLUMNS, coefficients.rows, by_rope=True),
    Table("region_slopes", regions.SLOPE_COLUMNS, regions.region_slopes, by_rope=True),
    Table("region_differences", regions.DIFFERENCE_COLUMNS, regions.differences),
    Table("region_orders", regions.ORDER_COLUMNS, regions.orders),
    Table("scales", regions.SCALE_COLUMNS, regions.scales),
    Table("turning_points", turning_points.COLUMNS, turning_points.rows),
)


def make(paths: Iterable[Path], rope: float = coefficients.ROPE) -> dict[str, pd.DataFrame]:
    """Make every table of the traces.

    Parameters
    ----------
    paths : iterable of Path
        NetCDF files that meet the contract of `analysis.posterior.trace`.
    rope : float
        See `analysis.comparison.coefficients.ROPE`.

    Raises
    ------
    UserError
        If a file is no trace or breaks the contract.
    """
    rows: dict[str, list[dict]] = {table.name: [] for table in TABLES}
    for path in paths:
        tree = trace.read(path, without=trace.POINTWISE)
        for table in TABLES:
            rows[table.name] += table.rows(tree, **({"rope": rope} if table.by_rope else {}))
    return {table.name: pd.DataFrame(rows[table.name], columns=table.columns) for table in TABLES}


def side_by_side(comparison: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return a model's slopes of each column's terms, one panel beside the other.

    Returns
    -------
    DataFrame
        A row per column and term, a column per panel: mean, 95 % interval and agreement. Table
        8's columns are the region slopes of 3.2's fit, if the model has them.
    """
    of_model = comparison[comparison["model"] == model]
    text = [
        f"{with_interval(row.mean, row.q025, row.q975)} {row.agreement}"
        for row in of_model[["mean", "q025", "q975", "agreement"]].itertuples(index=False)
    ]
    wide = of_model.assign(text=text).pivot(
        index=["column", "term", "published"], columns="panel", values="text"
    )
    known_panels = [kind.name for kind in PANELS if kind.name in wide]
    user_panels = [name for name in wide if name not in known_panels]
    return wide[known_panels + user_panels].fillna("").reset_index()
