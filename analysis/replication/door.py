"""Estimates from Python: the paper's own estimators on any panel.

from analysis import replicate
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.replication import replicate as tables
from analysis.specifications import Study, asked, select
from data.panels.panel import panel_of


def replicate(
    columns: str | Sequence[str] = (),
    panel: str | pd.DataFrame | None = None,
    draws: int = 9_999,
    *,
    study: Study | str | Path | None = None,
) -> pd.DataFrame:
    """Estimate published columns on a panel, as `python -m analysis replicate` does.

    Parameters
    ----------
    columns : str or sequence of str
        Published columns, such as "3.2"; all by default.
    panel : str or DataFrame, optional
        The name of a panel, the path of a file, or rows with the columns `province`, `year` and
        those that the published columns need, in any order. By default "official", or the study's.
    draws : int
        Of the wild cluster bootstrap.
    study : Study, str or Path, optional
        Another paper's: `Study.load("study.toml")`, or the path of that file or of its folder.

    Returns
    -------
    DataFrame
        A row for each statistic of each term: `panel, table, column, term, statistic` (such as
        `coef`, `se`, `p`, `se_cluster`, `p_wild`, `n`), `published` (the printed string, missing
        where none is printed), `estimated` (on the paper's scale; `stars` are text), `matches`,
        and `distance_in_published_se`.

    Raises
    ------
    UserError
        If there is no such column or panel, or the panel cannot carry a column.
    """
    with asked(study, panel) as data:
        records = select([columns] if isinstance(columns, str) else columns)
        variables = tuple(dict.fromkeys(name for record in records for name in record.variables))
        rows = tables.replicate(panel_of(data, variables), records, draws)
    columns_of_records = [record.column for record in records]
    return rows[rows["column"].isin(columns_of_records)].reset_index(drop=True)
