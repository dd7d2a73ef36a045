import numpy as np
import pytest
import xarray as xr

from data.shared.errors import UserError
from data.ye2024 import anchors, recollect
from data.ye2024.official import DIRECTORY, NAMES
from data.ye2024.second import beside

needs_series = pytest.mark.skipif(
    not (beside(DIRECTORY) / "industrial_va_anchors.csv").exists(),
    reason="recomputes errors from the raw official series, which are not committed",
)


@pytest.fixture(scope="module")
def table():
    return anchors.load()


def test_the_109_anchors_lie_in_four_years_and_tibet_and_two_yearbooks_stand_apart(table):
    judged = table[table["role"].eq("anchor") & table["province"].ne("Tibet")]
    assert judged.groupby("year").size().to_dict() == {2009: 19, 2012: 30, 2015: 30, 2017: 30}
    checks = table[table["role"].eq("check")]
    assert [tuple(row) for row in checks[["province", "year"]].to_numpy()] == [
        (province, year) for province, years in anchors.CHECKS.items() for year in years
    ]
    assert table.loc[table["role"].eq("break"), "province"].tolist() == ["Tibet"]


def test_intervals_hold_85_to_99_percent_of_anchors_left_out(table):
    by_method = anchors.summary(table).set_index("method")
    assert 0.85 <= by_method.loc["anchors", "coverage"] <= 0.99
    assert by_method["cells"].eq(109).all()


def test_the_model_errs_least_at_anchors_left_out(table):
    by_method = anchors.summary(table).set_index("method")
    assert by_method["mean"].idxmin() == "anchors"
    assert by_method.loc["anchors", "mean"] < 0.6 * by_method.loc["ratio", "mean"]


def test_the_codebook_prints_the_errors_of_the_table(table):
    book = (anchors.ERRORS.parents[1] / "codebook.md").read_text(encoding="utf-8")
    for row in anchors.summary(table).itertuples():
        numbers = f"| {row.mean:.2f} | {row.median:.2f} | {row.worst:.1f} |"
        assert numbers in book, row.method
    held = anchors.summary(table).set_index("method").loc["anchors", "coverage"]
    assert f"| {100 * held:.1f} % |" in book


def test_yearbooks_that_the_model_never_saw_lie_within_its_bounds(table):
    checks = anchors.checks_of(table)
    assert checks["log_ratio"].between(checks["low"], checks["high"]).all()


def test_a_changed_table_is_refused(tmp_path):
    path = tmp_path / "anchors.csv"
    with pytest.raises(UserError, match=r"anchors\.csv is missing"):
        anchors.load(path)
    path.write_bytes(anchors.ERRORS.read_bytes() + b"\n")
    path.with_suffix(".json").write_bytes(anchors.ERRORS.with_suffix(".json").read_bytes())
    with pytest.raises(UserError, match="has sha256"):
        anchors.load(path)


# --- on made-up shares ----------------------------------------------------------------------


def test_simple_methods_predict_a_cell_from_a_provinces_other_anchors():
    years = np.arange(2008, 2023)
    census4 = xr.DataArray(
        np.full((len(NAMES), len(years)), 0.5),
        coords={"province": list(NAMES), "year": years},
        dims=("province", "year"),
    )
    path = np.exp(0.01 * (years - 2010))
    seen = np.isin(years, (2012, 2015, 2017))
    published = census4.copy(data=np.where(seen, 0.5 * path, np.nan) * np.ones((len(NAMES), 1)))
    checks = xr.full_like(census4, np.nan)
    checks.loc["Qinghai", 2010] = 0.5
    table = anchors.errors(anchors.Shares(census4, published, checks))
    one = table[table["province"].eq("Hunan")].set_index("year")
    assert one.index.tolist() == [2012, 2015, 2017]
    np.testing.assert_allclose(one["log_ratio"], [0.02, 0.05, 0.07])
    assert one["ratio"].eq(0).all()
    np.testing.assert_allclose(one["anchored"], [0.05, 0.0, 0.05])  # 2015 left out: nothing known
    np.testing.assert_allclose(one["lines"], [0.05, 0.05, 0.05])  # nearest, between, nearest
    check = table[table["role"].eq("check")].squeeze()
    assert (check["province"], check["year"]) == ("Qinghai", 2010)
    assert check["log_ratio"] == pytest.approx(0)
    assert check["lines"] == pytest.approx(0.02)


# --- from the official series ---------------------------------------------------------------


@needs_series
def test_the_table_of_errors_is_rebuilt_byte_for_byte(tmp_path):
    recollect.write_anchors(recollect.anchor_errors(), tmp_path / "anchors.csv")
    for suffix in (".csv", ".json"):
        rebuilt = (tmp_path / "anchors.csv").with_suffix(suffix).read_bytes()
        assert rebuilt == anchors.ERRORS.with_suffix(suffix).read_bytes()
