import numpy as np
import pytest

from data.shared.errors import UserError
from data.ye2024.official import NAMES, read

HEADER = "series,vintage,province,province_zh,year,value,unit,source,confidence,note\n"
GOOD = (
    "gdp,as_published,Beijing,北京,2010,14113.58,100 million yuan,a | b,high,\n"
    "gdp,as_published,Tibet,西藏,2012,701.03,100 million yuan,b,,\n"
    "gdp,census4,Beijing,北京,2010,14964,100 million yuan,c,,\n"
    "gdp,census4,Beijing,北京,2011,17188.8,100 million yuan,c,,\n"
    "gdp,census4,National,全国,2010,412119.3,100 million yuan,c,,\n"
    "land_area,official,Tibet,西藏,,1228400,square km,d,,\n"
)


@pytest.fixture
def folder(tmp_path):
    def write(text, name="series.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_series_are_laid_out_by_province_and_year(folder):
    official = read(folder(HEADER + GOOD))
    gdp = official.array("gdp", "as_published", years=(2010, 2011, 2012))
    assert gdp.dims == ("province", "year")
    assert tuple(gdp["province"].to_numpy()) == NAMES
    assert gdp.sel(province="Beijing", year=2010) == 14113.58
    assert gdp.sel(province="Tibet", year=2012) == 701.03
    assert int(gdp.notnull().sum()) == 2


def test_of_several_vintages_the_first_with_a_cell_wins(folder):
    official = read(folder(HEADER + GOOD))
    gdp = official.array("gdp", "as_published", "census4", years=(2010, 2011))
    np.testing.assert_array_equal(gdp.sel(province="Beijing"), [14113.58, 17188.8])


def test_national_totals_and_constants_stand_apart(folder):
    official = read(folder(HEADER + GOOD))
    total = official.national("gdp", "census4", years=(2009, 2010))
    np.testing.assert_array_equal(total, [np.nan, 412119.3])
    assert official.constant("land_area", "official").sel(province="Tibet") == 1228400


@pytest.mark.parametrize(
    ("years", "vintage", "year"),
    [((2010, 2011), "census4", 2011), ((2008, 2009), "census4", 2008), ((2010,), "census5", 2010)],
)
def test_national_totals_with_a_hole_are_refused(folder, years, vintage, year):
    row = "gdp,census5,Beijing,北京,2010,1.5,yuan,c,,\n"
    official = read(folder(HEADER + GOOD + row))
    said = f"national total of 'gdp' in vintage '{vintage}' is missing or zero in {year}"
    with pytest.raises(UserError, match=said):
        official.national("gdp", vintage, years=years)


def test_what_others_are_divided_by_must_be_positive(folder):
    official = read(folder(HEADER + GOOD))
    area = official.constant("land_area", "official")
    tibet = area.sel(province=["Tibet"])
    assert official.positive(tibet, "land_area") is tibet
    with pytest.raises(UserError, match="'land_area' of Beijing is missing or zero"):
        official.positive(area, "land_area")
    gdp = official.array("gdp", "census4", years=(2010, 2011)).sel(province=["Beijing"])
    with pytest.raises(UserError, match="'gdp' of Beijing 2011 is missing or zero"):
        official.positive(gdp.where(gdp["year"] == 2010, 0.0), "gdp")


def test_sources_are_named_once(folder):
    assert read(folder(HEADER + GOOD)).sources("gdp") == ("a", "b", "c")


def test_an_unknown_series_is_named(folder):
    official = read(folder(HEADER + GOOD))
    with pytest.raises(UserError, match=r"series\.csv.*'gdp' in vintage 'census9'"):
        official.array("gdp", "census9")


ROW = "gdp,census5,Beijing,北京,2010,1.5,yuan,c,,\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW.replace("1.5", "n/a"), r"row 8, column 'value'.*'n/a'"),
        (ROW.replace("1.5", '"1,500"'), r"row 8, column 'value'.*'1,500'"),
        (ROW.replace("1.5", ""), r"row 8, column 'value'"),
        (ROW.replace("1.5", "-1.5"), r"row 8, column 'value'"),
        (ROW.replace("1.5", "inf"), r"row 8, column 'value'"),
        (ROW.replace("1.5", "1e999"), r"row 8, column 'value'.*'1e999'"),
        (ROW.replace("Beijing", "Peking"), r"row 8, column 'province'.*'Peking'"),
        (ROW.replace("2010", "10"), r"row 8, column 'year'.*'10'"),
        (ROW.replace("yuan", ""), r"row 8, column 'unit'"),
        (ROW + ROW, r"row 9: repeats an earlier row"),
    ],
)
def test_a_bad_row_is_named_with_its_column(folder, row, said):
    with pytest.raises(UserError, match=r"series\.csv, " + said):
        read(folder(HEADER + GOOD + row))


def test_a_missing_column_is_named(folder):
    with pytest.raises(UserError, match=r"series\.csv, row 1: column 'unit' is missing"):
        read(folder((HEADER + GOOD).replace("unit", "units")))


def test_a_missing_file_says_which_option_names_it(tmp_path):
    with pytest.raises(UserError, match=r"series\.csv is missing.*--official DIR"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"series,vintage\n\xb1\xb1\n", b'a,b\n"1,2\n3,"4'])
def test_a_file_that_is_no_utf8_csv_is_refused(tmp_path, content):
    (tmp_path / "series.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"series\.csv"):
        read(tmp_path)
