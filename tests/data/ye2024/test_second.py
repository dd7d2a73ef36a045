import numpy as np
import pytest

from data.shared.errors import UserError
from data.ye2024 import second
from data.ye2024.official import NAMES

HEADER = "province,year,variable,value,unit,vintage,source,note\n"
ROW = "Beijing,2017,industrial_va,40,yuan,io_table,a table,\n"


@pytest.fixture
def folder(tmp_path):
    """Write a second collection of one row a table; return the folder of the series beside it."""
    collection = tmp_path / "series_2"
    collection.mkdir()
    for name in second.TABLES.values():
        (collection / name).write_text(HEADER + ROW, encoding="utf-8")
    return tmp_path / "series"


def rewrite(folder, text, table="tibet"):
    path = second.beside(folder) / second.TABLES[table]
    path.write_text(text, encoding="utf-8")
    return path.name


def test_a_variable_is_laid_out_by_province_and_year(folder):
    found = second.read(folder).array("tibet", "industrial_va", "io_table", (2016, 2017))
    assert found["province"].to_numpy().tolist() == list(NAMES)
    assert found.sel(province="Beijing").to_numpy().tolist()[1] == 40
    assert np.isnan(found.to_numpy()).sum() == 2 * len(NAMES) - 1


def test_one_variable_over_another_is_nan_where_one_is_unknown(folder):
    whole = "Beijing,2017,secondary_va,50,yuan,io_table,a table,\n"
    rewrite(folder, HEADER + ROW + whole, "anchors")
    ratio = second.read(folder).ratio("industrial_va", "secondary_va", "io_table", (2016, 2017))
    assert ratio.sel(province="Beijing", year=2017) == 0.8
    assert ratio.notnull().sum() == 1


def test_what_was_read_is_known_by_its_hash(folder):
    before = second.read(folder).sha256
    rewrite(folder, HEADER + ROW.replace("40", "41"))
    assert second.read(folder).sha256 != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + ROW.replace("Beijing", "Peking2"), "row 2, column 'province'"),
        (HEADER + ROW.replace("2017", "17"), "row 2, column 'year'"),
        (HEADER + ROW.replace("40", "-4"), "row 2, column 'value': cannot hold '-4'"),
        (HEADER + ROW.replace("40", ""), "row 2, column 'value': cannot hold ''"),
        (HEADER + ROW + ROW, "row 3: repeats an earlier row's"),
        ((HEADER + ROW).replace("vintage", "age"), "row 1: column 'vintage' is missing"),
        ("", "cannot be read as UTF-8 CSV"),
    ],
)
def test_a_row_that_breaks_the_layout_is_refused(folder, text, said):
    name = rewrite(folder, text)
    with pytest.raises(UserError, match=f"{name}.*{said}"):
        second.read(folder)


def test_a_missing_table_or_vintage_is_refused(folder):
    collection = second.read(folder)
    with pytest.raises(UserError, match="no row holds 'industrial_va' in vintage 'census9'"):
        collection.array("tibet", "industrial_va", "census9")
    (second.beside(folder) / second.TABLES["employment"]).unlink()
    with pytest.raises(UserError, match=r"employment\.csv is missing; the second collection lies"):
        second.read(folder)
