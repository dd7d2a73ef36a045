"""Names of provinces and regions: one unit, one name, however it is written."""

import pandas as pd

from data.panels.cells import region_label
from data.panels.provinces import canonical
from data.panels.spelling import WORDS, fold, is_missing, listed, shorten, year_of
from data.shared.errors import UserError


def words_that_are_names(cells: pd.DataFrame) -> frozenset[str]:
    """Return spellings such as "NA" that name a province and are no missing values.

    A name has one row a year, in more than half of the panel's years, and one region. Its rows
    stand together, or are not just those that other provinces lack.

    Parameters
    ----------
    cells : DataFrame
        Of `cells.select_columns`.
    """
    words = {name for name in cells["province"].unique() if name.lower() in WORDS}
    return frozenset(word for word in words if _is_name(word, cells))


def _is_name(word: str, cells: pd.DataFrame) -> bool:
    named = (cells["province"] == word).to_numpy()
    years, positions = cells.loc[named, "year"], named.nonzero()[0]
    if "region" in cells and cells.loc[named, "region"].nunique() > 1:
        return False
    if not years.is_unique or len(years) <= max(1, cells["year"].nunique() / 2):
        return False
    together = positions[-1] - positions[0] + 1 == len(positions)
    other_rows = cells[~named]
    provinces_in = other_rows.groupby("year")["province"].nunique()
    lacking = provinces_in.reindex(years).fillna(0) < other_rows["province"].nunique()
    return together or not lacking.all()


def one_spelling(cells: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[str]]:
    """Give each province and region one spelling, the most frequent of its own.

    Parameters
    ----------
    cells : DataFrame
        Of `cells.select_columns`.
    file : str
        How notices and errors name the file.

    Returns
    -------
    cells : DataFrame
        The 31 provinces keep their spellings: `cells.typed` knows them all.
    notices : list of str
        Which spellings were merged, one sentence a column.

    Raises
    ------
    UserError
        If two spellings of a province have rows in one year.
    """
    notices = []
    for column in ("province", "region"):
        if column not in cells:
            continue
        written = cells[column]
        keys = {name: _key(column, name) for name in written.unique()}
        key = written.map(keys)
        if column == "province":
            _refuse_both_in_one_year(cells, key, file)
        chosen = {k: names.value_counts().index[0] for k, names in written.groupby(key, sort=False)}
        several = [k for k in chosen if sum(other == k for other in keys.values()) > 1]
        cells = cells.assign(**{column: key.map(chosen).astype(str)})
        if several:
            merged = [
                f"{' and '.join(repr(shorten(n)) for n in keys if keys[n] == k)} as "
                f"{shorten(_shown(column, chosen[k]))!r}"
                for k in several
            ]
            notices.append(
                f"{file}, column {column}: spellings of one name were merged "
                f"({listed(merged)}); give two units names that differ by more than case, blanks, "
                "accents, zeros or suffixes if that is wrong."
            )
    return cells, notices


def _key(column: str, name: str) -> str:
    if is_missing(name):
        return name
    if column == "province":
        return canonical(name) or fold(name)
    label = region_label(name)
    return label if label != name else fold(name)


def _shown(column: str, name: str) -> str:
    return (canonical(name) or name) if column == "province" else region_label(name)


def _refuse_both_in_one_year(cells: pd.DataFrame, key: pd.Series, file: str) -> None:
    rows = pd.DataFrame(
        {"name": cells["province"], "key": key, "year": cells["year"].map(year_of)}
    ).dropna()
    for line in rows.index[rows.duplicated(["key", "year"])]:
        row = rows.loc[line]
        alike = rows[(rows["key"] == row["key"]) & (rows["year"] == row["year"])]
        prior = alike.iloc[0]
        if prior["name"] != row["name"]:
            raise UserError(
                f"{file}, {rows.index.name} {line}, columns province and year: "
                f"{shorten(_shown('province', row['name']))} {row['year']:.0f} is already on "
                f"{rows.index.name} {alike.index[0]}, written {shorten(prior['name'])!r} there and "
                f"{shorten(row['name'])!r} here; keep one row per province and year, or give two "
                "provinces names that differ by more than case, blanks, accents or zeros."
            )
