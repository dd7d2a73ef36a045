"""The official panels on made-up tables of series, where every formula can be checked."""

import numpy as np
import pandas as pd
import pytest

from data.shared.errors import UserError
from data.ye2024 import gaps, indices, recollect, second, selection
from data.ye2024.definitions import TOTALS
from data.ye2024.official import NAMES, YEARS

LONG = range(2003, 2023)
ACCOUNT = range(2008, 2023)
TIBET = NAMES.index("Tibet")
AMOUNTS = (
    *("patents_granted", "hightech_industry_revenue", "new_product_dev_exp_industry_above_scale"),
    *("rd_fte_industry_above_scale", "rd_fte_all_sectors", "industrial_water_use"),
    *("so2_emission_total", "telecom_business_volume", "broadband_access_ports"),
    *("software_revenue", "optical_cable_length", "ecommerce_sales"),
    *("industrial_pollution_treatment_investment", "highway_mileage"),
)
TOTALLED = (2010, 2013, 2014, 2015, 2020, 2021, 2022)
"""Years of the official totals of employment."""
WITHOUT_TIBET = ("energy_consumption", "industrial_wastewater", "industrial_so2")


class Table:
    """Made-up series: complete but for the holes that the real ones have.

    Attributes
    ----------
    rows : dict
        Of series.csv, by series, vintage, province and year.
    others : dict
        Of the second collection, by table, variable, vintage, province and year.
    """

    def __init__(self):
        self.rng = np.random.default_rng(11)
        self.rows = {}
        self.others = {}

    def add_other(self, table, variable, vintage, years, low, high, only=NAMES):
        for name in only:
            for year in years:
                self.others[table, variable, vintage, name, year] = self.rng.uniform(low, high)

    def read_other(self, table, variable, vintage, years=YEARS):
        keys = [[(table, variable, vintage, name, year) for year in years] for name in NAMES]
        return np.array([[self.others.get(key) for key in row] for row in keys], float)

    def add(self, series, vintage, years, low, high, without=()):
        for i, name in enumerate(NAMES):
            if i not in without:
                for year in years:
                    self.rows[series, vintage, name, year] = self.rng.uniform(low, high)

    def read(self, series, vintage, years=YEARS):
        cells = [[self.rows.get((series, vintage, name, year)) for year in years] for name in NAMES]
        return np.array(cells, float)

    def write(self, folder):
        frame = pd.DataFrame(
            [(*key, value, "unit", "made up") for key, value in self.rows.items()],
            columns=["series", "vintage", "province", "year", "value", "unit", "source"],
        )
        frame["year"] = frame["year"].astype("Int64")
        frame.to_csv(folder / "series.csv", index=False)
        other = second.beside(folder)
        other.mkdir()
        for table, name in second.TABLES.items():
            rows = [
                (*key[1:], v, "made up too") for key, v in self.others.items() if key[0] == table
            ]
            columns = ["variable", "vintage", "province", "year", "value", "source"]
            pd.DataFrame(rows, columns=columns).to_csv(other / name, index=False)
        return folder


def folder(above):
    """Make a folder with room beside it for the second collection."""
    made = above / "series"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def table():
    made = Table()
    for vintage, first in (("as_published", LONG), ("census4", ACCOUNT), ("census5", ACCOUNT)):
        made.add("gdp", vintage, first, 100, 200)
        made.add("secondary_va", vintage, first, 30, 60)
        years = range(2012, 2023) if vintage == "census5" else first
        made.add("tertiary_va", vintage, years, 40, 90)
        made.add("primary_va", vintage, first, 5, 9)
    for sector in ("secondary_va", "tertiary_va", "primary_va"):
        # Behind a firm cell, so not used.
        made.add(sector, "census4_estimated", [2022], 1, 2, without=[TIBET])
        for year in range(2019, 2023):
            del made.rows[sector, "census4", "Tibet", year]
    made.add("industrial_va", "census4", ACCOUNT, 20, 29, without=[TIBET])
    made.add_other("tibet", "industrial_va", "census4", range(2013, 2023), 20, 29, ["Tibet"])
    made.add_other("anchors", "industrial_va", "io_table", [2017], 20, 29)
    made.add_other("anchors", "secondary_va", "io_table", [2017], 30, 60)
    first = ("anchors", "industrial_va", "first_publication")
    made.add_other(*first, [2009], 20, 29, NAMES[:19])
    made.add_other(*first, [2008, 2009, 2018, 2020], 20, 29, ["Tibet"])
    made.add_other(*first, [2010, 2011, 2012], 20, 29, ["Shandong"])
    second_sector = ("anchors", "secondary_va", "first_publication")
    made.add_other(*second_sector, [2009], 30, 60, NAMES[:19])
    made.add_other(*second_sector, [2010, 2011, 2012], 30, 60, ["Shandong"])
    for name, low in (("industry", 20), ("secondary", 30)):
        share = ("anchors", f"{name}_share_gdp", "first_publication")
        made.add_other(*share, range(2010, 2014), low, low + 9, ["Qinghai"])
    made.add_other("derived", "industrial_va", "as_published_derived", YEARS, 20, 29)
    made.add_other("employment", "employment", "census2020_revised", YEARS, 100, 500)
    for vintage in ("derived_census2020", "derived_yearbook_linked"):
        made.add_other("employment_derived", "employment", vintage, YEARS, 100, 500)
    made.add("industrial_va", "census5", range(2016, 2023), 20, 29)
    made.rows["industrial_va", "as_published", "Tibet", 2012] = 21.0
    made.add("industry_share_gdp", "as_published", [2015], 10, 15)
    for year in YEARS:
        made.rows["gdp", "census4", "National", year] = 5000.0
        made.rows["industrial_va", "census4", "National", year] = 900.0
    del made.rows["industrial_va", "census4", "National", 2010]
    for series in AMOUNTS:
        made.add(series, "official", YEARS, 1, 50)
    for series in WITHOUT_TIBET:
        made.add(series, "official", YEARS, 1, 50, without=[TIBET])
    made.add("highway_mileage", "rounded_100km", [2010], 1, 50)
    made.add("solid_waste_utilization_rate", "official", range(2016, 2023), 0.5, 0.99)
    for name in NAMES:  # so steep a fall that backward growth leaves the unit interval
        made.rows["solid_waste_utilization_rate", "official", name, 2016] = 0.999
    made.add("urbanization_rate", "census2020_revised", ACCOUNT, 20, 90)
    made.add("population", "census2020_from_2011", YEARS, 300, 900)
    made.add("employment", "mixed_bases", YEARS, 100, 500)
    made.add("employment_total", "official", TOTALLED, 100, 500)
    made.add("capital_stock_2000prices_zhangjun", "derived_by_source", YEARS, 200, 900)
    made.add("deposits_rmb", "rmb_december", YEARS, 100, 200)
    made.add("loans_rmb", "rmb_december", YEARS, 100, 200)
    for name, area in zip(NAMES, made.rng.uniform(10, 20, len(NAMES)), strict=True):
        made.rows["land_area", "official", name, None] = area
    return made


@pytest.fixture(scope="module")
def dataset(table, tmp_path_factory):
    return recollect.build(table.write(folder(tmp_path_factory.mktemp("tables"))))


def cut(dataset, name, **choices):
    departures = {name: {"winsorised": "no", **choices}}
    return dataset[name].sel(selection.choices(dataset, name, departures)).to_numpy()


VINTAGES = ("census4", "as_published", "census5")


@pytest.mark.parametrize("vintage", VINTAGES)
def test_ratios_keep_to_one_vintage(table, dataset, vintage):
    gdp = table.read("gdp", vintage)
    credit = table.read("deposits_rmb", "rmb_december") + table.read("loans_rmb", "rmb_december")
    np.testing.assert_allclose(cut(dataset, "fin", vintage=vintage), credit / gdp)
    sectors = table.read("tertiary_va", vintage) / table.read("secondary_va", vintage)
    at_hand = ~np.isnan(sectors)
    not_at_hand = {"census4": 4, "as_published": 0, "census5": 2 * len(NAMES)}
    assert (~at_hand).sum() == not_at_hand[vintage]
    np.testing.assert_allclose(cut(dataset, "stru", vintage=vintage)[at_hand], sectors[at_hand])


def linked(table, sector):
    """Return Tibet's census-4 sector of 2019–2022: census 5's share of GDP, linked in 2018."""
    shares = {
        v: table.read(sector, v)[TIBET] / table.read("gdp", v)[TIBET]
        for v in ("census4", "census5")
    }
    link = (shares["census4"] / shares["census5"])[YEARS.index(2018)]
    return (table.read("gdp", "census4")[TIBET] * shares["census5"] * link)[YEARS.index(2019) :]


def test_tibets_last_sectors_in_census_4_take_linked_shares_of_census_5(table, dataset):
    late = slice(YEARS.index(2019), None)
    expected = linked(table, "tertiary_va") / linked(table, "secondary_va")
    np.testing.assert_allclose(cut(dataset, "stru")[TIBET, late], expected)
    for sector in ("secondary_va", "tertiary_va"):
        codes = dataset["filled"].sel(series=sector, vintage="census4")
        completed = codes.where(codes > 0, drop=True)
        assert completed["province"].to_numpy().tolist() == ["Tibet"]
        assert completed["year"].to_numpy().tolist() == list(range(2019, 2023))
        assert (completed == gaps.RATIO).all()


def test_early_tertiary_value_added_in_census_5_is_the_remainder_of_gdp(table, dataset):
    early = slice(None, YEARS.index(2012))
    secondary = table.read("secondary_va", "census5")
    rest = table.read("gdp", "census5") - secondary - table.read("primary_va", "census4")
    found = cut(dataset, "stru", vintage="census5")
    np.testing.assert_allclose(found[:, early], (rest / secondary)[:, early])
    codes = dataset["filled"].sel(series="tertiary_va", vintage="census5").to_numpy()
    assert (codes[:, early] == gaps.ACCOUNTING).all()
    assert (codes[:, 2:] == gaps.OBSERVED).all()


def test_filled_years_add_up_to_published_national_totals(table, tmp_path):
    less = Table()
    less.others = table.others
    lost = {"telecom_business_volume": (2010,), "software_revenue": (2010, 2011, 2012)}
    less.rows = {
        key: value
        for key, value in table.rows.items()
        if key[0] not in lost or key[3] not in lost[key[0]]
    }
    ingredients = recollect.read_ingredients(less.write(folder(tmp_path)))
    for series in lost:
        made, known = ingredients[series], less.read(series, "official")
        at_hand = ~np.isnan(known)
        assert made.dims[0] == "gap_rule"
        for rule in made["gap_rule"].to_numpy():
            cells = made.sel(gap_rule=rule).transpose("province", "year")
            np.testing.assert_array_equal(cells.to_numpy()[at_hand], known[at_hand])
            for year, total in TOTALS[series].items():
                assert cells.sel(year=year).sum() == pytest.approx(total, rel=1e-7)


def industry(table, vintage):
    """Return industrial value added without Tibet, by the ratio rule."""
    share = table.read("industrial_va", "census4") / table.read("secondary_va", "census4")
    made = {v: table.read("secondary_va", v) * share for v in VINTAGES}
    made["census5"] = np.where(
        np.array(YEARS) >= 2016, table.read("industrial_va", "census5"), made["census5"]
    )
    return made[vintage]


@pytest.mark.parametrize("vintage", VINTAGES)
def test_pollution_control_is_over_industrial_value_added(table, dataset, vintage):
    expected = table.read("industrial_pollution_treatment_investment", "official")
    expected = expected / industry(table, vintage)
    found = cut(dataset, "env", vintage=vintage)
    others = np.arange(len(NAMES)) != TIBET
    np.testing.assert_allclose(found[others], expected[others])


def test_tibets_industry_meets_what_is_known_of_it(table, dataset):
    spent = table.read("industrial_pollution_treatment_investment", "official")[TIBET]
    year = YEARS.index
    known = table.read_other("tibet", "industrial_va", "census4")[TIBET]
    census4 = spent / cut(dataset, "env")[TIBET]
    np.testing.assert_allclose(census4[year(2013) :], known[year(2013) :])
    published = spent / cut(dataset, "env", vintage="as_published", industry="anchors")[TIBET]
    secondary = table.read("secondary_va", "as_published")[TIBET]
    of_gdp = table.read("industry_share_gdp", "as_published")[TIBET, year(2015)] / 100
    first = table.read_other("anchors", "industrial_va", "first_publication")[TIBET]
    np.testing.assert_allclose(published[year(2012)], 21.0)
    np.testing.assert_allclose(
        published[year(2015)], of_gdp * table.read("gdp", "as_published")[TIBET, year(2015)]
    )
    for known_year in (2018, 2020):
        np.testing.assert_allclose(published[year(known_year)], first[year(known_year)])
    # Its share of 2010 and 2011 lies on the line from 2009 to 2012.
    at_2009 = (
        table.others["anchors", "industrial_va", "first_publication", "Tibet", 2009]
        / table.rows["secondary_va", "as_published", "Tibet", 2009]
    )
    line = at_2009 + (21.0 / secondary[year(2012)] - at_2009) * np.array([1, 2]) / 3
    np.testing.assert_allclose(published[:2] / secondary[:2], line, rtol=1e-7)
    revised = spent / cut(dataset, "env", vintage="census5")[TIBET]
    late = slice(year(2016), None)
    np.testing.assert_allclose(revised[late], table.read("industrial_va", "census5")[TIBET, late])


def test_anchored_industry_meets_the_published_shares_of_2015_and_ends_with_the_break(
    table, dataset
):
    spent = table.read("industrial_pollution_treatment_investment", "official")
    ratio = spent / cut(dataset, "env", vintage="as_published")
    anchored = spent / cut(dataset, "env", vintage="as_published", industry="anchored")
    share = table.read("industry_share_gdp", "as_published")[:, YEARS.index(2015)] / 100
    gdp = table.read("gdp", "as_published")[:, YEARS.index(2015)]
    np.testing.assert_allclose(anchored[:, YEARS.index(2015)], share * gdp)
    before = YEARS.index(2019)
    np.testing.assert_allclose(anchored[:, before:], ratio[:, before:])
    scale = anchored[:, :before] / ratio[:, :before]
    np.testing.assert_allclose(scale, np.repeat(scale[:, :1], before, axis=1))


def test_industry_from_anchors_meets_every_published_share_and_ends_with_the_break(table, dataset):
    spent = table.read("industrial_pollution_treatment_investment", "official")
    made = spent / cut(dataset, "env", vintage="as_published", industry="anchors")
    ratio = spent / cut(dataset, "env", vintage="as_published")
    secondary = table.read("secondary_va", "as_published")
    others, year = np.arange(len(NAMES)) != TIBET, YEARS.index
    derived = table.read_other("derived", "industrial_va", "as_published_derived")
    np.testing.assert_allclose(made[others, year(2012)], derived[others, year(2012)])
    of_gdp = table.read("industry_share_gdp", "as_published") / 100
    gdp = table.read("gdp", "as_published")
    np.testing.assert_allclose(made[:, year(2015)], (of_gdp * gdp)[:, year(2015)])
    io = [table.read_other("anchors", f"{n}_va", "io_table") for n in ("industrial", "secondary")]
    expected = (secondary * io[0] / io[1])[:, year(2017)]
    np.testing.assert_allclose(made[:, year(2017)], expected)
    np.testing.assert_allclose(made[others, year(2019) :], ratio[others, year(2019) :])
    # Between known years the ratio lies between theirs, more or less; census 4's is not it.
    assert not np.allclose(made[others, year(2013)], ratio[others, year(2013)], rtol=0.01)


def test_how_well_industry_is_known_is_stored_by_cell(table, dataset):
    sd = dataset["industry_sd"]
    assert (sd.sel(year=[2015, 2017, 2019, 2022]) == 0).all()
    others = sd.drop_sel(province="Tibet")
    assert (others.sel(year=[2010, 2011, 2013, 2014, 2016, 2018]) > 0).all()
    assert (others.sel(year=2012) == 0).all()


def test_location_quotients_weighted_by_gdp_average_to_one_against_the_sums(table, dataset):
    for vintage in VINTAGES:
        gdp = table.read("gdp", vintage)
        quotient = cut(dataset, "indus", vintage=vintage)
        np.testing.assert_allclose((gdp * quotient).sum(axis=0) / gdp.sum(axis=0), 1)


def test_national_totals_replace_the_sums_and_are_linked_before_the_first(table, dataset):
    against_sums = cut(dataset, "indus")
    national = cut(dataset, "indus", denominator="national")
    scale = national / against_sums  # national share of the sums over that published, by year
    np.testing.assert_allclose(scale, np.broadcast_to(scale[0], scale.shape))
    spent = table.read("industrial_pollution_treatment_investment", "official")
    made = (spent / cut(dataset, "env")).sum(axis=0) / table.read("gdp", "census4").sum(axis=0)
    np.testing.assert_allclose(scale[0, 1:], made[1:] / (900.0 / 5000.0))
    np.testing.assert_allclose(scale[0, 0], scale[0, 1])  # 2010 is linked in 2011
    elsewhere = dataset["indus"].sel(denominator="national", vintage=["as_published", "census5"])
    assert elsewhere.isnull().all()  # totals of one vintage never meet provinces of another


def test_misallocation_rests_on_the_elasticities_stored(table, dataset):
    labour = table.read_other("employment_derived", "employment", "derived_census2020")
    capital = table.read("capital_stock_2000prices_zhangjun", "derived_by_source")
    for vintage in VINTAGES:
        output = table.read("gdp", vintage)
        choices = {"vintage": vintage, "elasticity": "province", "employment": "census2020"}
        beta = dataset["beta_K"].sel(choices).to_numpy()
        np.testing.assert_allclose(beta, indices.elasticities(output, capital, labour), atol=1e-8)
        pairs = (("M_cap", capital, beta), ("M_lab", labour, 1 - beta))
        for name, factor, elasticity in pairs:
            expected = indices.misallocation(output, factor, elasticity)
            np.testing.assert_allclose(cut(dataset, name, vintage=vintage), expected, atol=1e-10)


def test_density_urbanisation_and_transport(table, dataset):
    area = np.array([table.rows["land_area", "official", name, None] for name in NAMES])
    for choice, vintage in (
        ("census2020", "derived_census2020"),
        ("yearbook", "derived_yearbook_linked"),
    ):
        density = table.read_other("employment_derived", "employment", vintage) / area[:, None]
        np.testing.assert_allclose(cut(dataset, "density", employment=choice), density)
    density = table.read("employment", "mixed_bases") / area[:, None]
    np.testing.assert_allclose(cut(dataset, "density", employment="mixed_bases"), density)
    totals = table.read("employment_total", "official", TOTALLED)
    lines = np.array([np.interp(YEARS, TOTALLED, row) for row in totals]) / area[:, None]
    np.testing.assert_allclose(cut(dataset, "density", employment="interpolated"), lines)
    urban = table.read("urbanization_rate", "census2020_revised") / 100
    np.testing.assert_allclose(cut(dataset, "urb"), urban)
    mileage = table.read("highway_mileage", "official")
    np.testing.assert_allclose(cut(dataset, "trans"), np.log(mileage))


def green_table(table, dataset, donors):
    """Return the five green indicators by series, shape (31, 13) each."""
    gdp = table.read("gdp", "census4")
    companions = {
        "energy_consumption": table.read("population", "census2020_from_2011"),
        "industrial_wastewater": table.read("industrial_water_use", "official"),
        "industrial_so2": table.read("so2_emission_total", "official"),
    }
    made = {}
    for series in WITHOUT_TIBET:
        x, companion = table.read(series, "official"), companions[series]
        x[TIBET] = companion[TIBET] * np.median((x / companion)[donors], axis=0)
        made[series] = x / gdp
    made["industrial_water_use"] = table.read("industrial_water_use", "official") / gdp
    rate, _ = gaps.fill(table.read("solid_waste_utilization_rate", "official"), "growth", upper=1)
    assert rate.max() == 1  # the bound is met, or this table would not test it
    made["solid_waste_utilization_rate"] = rate
    return made


@pytest.mark.parametrize("tibet", ["companion", "neighbour"])
def test_the_index_is_the_entropy_index_of_its_fourteen_indicators(table, dataset, tibet):
    names = np.array(NAMES)
    donors = names != "Tibet" if tibet == "companion" else names == "Qinghai"
    area = np.array([table.rows["land_area", "official", name, None] for name in NAMES])
    green = green_table(table, dataset, donors)
    inno = [table.read(series, "official") for series in AMOUNTS[:4]]
    digit = [table.read(series, "official") for series in AMOUNTS[7:12]]
    digit[3] = digit[3] / area[:, None]
    columns = [*inno, *green.values(), *digit]
    sign = np.array(
        [1] * 4 + [-1 if name.startswith(("e", "i")) else 1 for name in green] + [1] * 5
    )
    x = np.stack([column.ravel() for column in columns], axis=1)
    z = indices.normalise(x, sign)
    weights = indices.entropy_weights(z)
    parts = {"produ_inno": slice(0, 4), "produ_green": slice(4, 9), "produ_digit": slice(9, 14)}
    for name, part in parts.items():
        expected = (z[:, part] @ weights[part]).reshape(len(NAMES), len(YEARS))
        np.testing.assert_allclose(cut(dataset, name, tibet=tibet), expected, atol=2e-8)
    total = sum(cut(dataset, name, tibet=tibet) for name in parts)
    np.testing.assert_allclose(cut(dataset, "produ", tibet=tibet), total, rtol=1e-12)


def test_the_stand_in_is_the_entropy_index_of_its_ten_indicators(table, dataset):
    names = np.array(NAMES)
    gdp = table.read("gdp", "census4")
    labour = table.read_other("employment_derived", "employment", "derived_census2020")
    heads = table.read("population", "census2020_from_2011")
    area = np.array([table.rows["land_area", "official", name, None] for name in NAMES])[:, None]
    series = {name: table.read(name, "official") for name in AMOUNTS}
    green = green_table(table, dataset, names != "Tibet")
    better = [
        series["rd_fte_all_sectors"] / labour,
        gdp / labour,
        series["hightech_industry_revenue"] / gdp,
        series["patents_granted"] / heads,
        series["broadband_access_ports"] / heads,
        series["optical_cable_length"] / area,
        series["software_revenue"] / gdp,
    ]
    columns = np.stack([x.ravel() for x in better + [green[s] for s in WITHOUT_TIBET]], axis=1)
    z = indices.normalise(columns, np.array([1] * 7 + [-1] * 3))
    expected = (z @ indices.entropy_weights(z)).reshape(gdp.shape)
    np.testing.assert_allclose(cut(dataset, "produ_alt"), expected, atol=2e-8)


def test_by_year_normalisation_spans_the_unit_interval_in_every_year(table, dataset):
    # An indicator alone in having weight would show it; here: the best and worst of each year.
    pooled = cut(dataset, "produ_inno")
    by_year = cut(dataset, "produ_inno", normalisation="by_year")
    assert not np.allclose(pooled, by_year)
    series = [table.read(name, "official") for name in AMOUNTS[:4]]
    z = [(x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)) for x in series]
    fit = np.linalg.lstsq(np.stack([s.ravel() for s in z], axis=1), by_year.ravel(), rcond=None)
    np.testing.assert_allclose(
        sum(w * s for w, s in zip(fit[0], z, strict=True)), by_year, atol=1e-9
    )


def test_codes_tell_how_cells_came_about(dataset):
    filled = dataset["filled"]
    for series in WITHOUT_TIBET:
        proxies = (filled.sel(series=series) == gaps.PROXY).any(["vintage", "year"])
        assert proxies["province"][proxies].to_numpy().tolist() == ["Tibet"]
    rate = filled.sel(series="solid_waste_utilization_rate", vintage="census4")
    assert (rate.sel(year=slice(None, 2015)) == gaps.EXTENDED).all()
    assert (rate.sel(year=slice(2016, None)) == gaps.OBSERVED).all()
    industry = filled.sel(series="industrial_va")
    tibet = industry.sel(province="Tibet")
    between, ratio, observed = gaps.INTERPOLATED, gaps.RATIO, gaps.OBSERVED
    assert (
        tibet.sel(vintage="census4").to_numpy().tolist()
        == [between] * 2 + [ratio] + [observed] * 10
    )
    assert (industry.sel(vintage="as_published") == ratio).all()
    census5 = industry.sel(vintage="census5")
    assert (census5.sel(year=slice(2016, None)) == observed).all()
    assert (census5.sel(year=slice(None, 2015)) == ratio).all()
    known = filled.sel(series="industrial_va_anchors", vintage="as_published", province="Hunan")
    modelled = gaps.MODELLED
    late = [modelled] * 2 + [observed, modelled, observed, modelled] + [ratio] * 4
    assert known.to_numpy().tolist() == [modelled] * 2 + [observed] + late


def test_estimates_behind_misallocation_and_density_are_counted(dataset):
    invested = {"observed": 31 * 8, "estimated": 31 * 5}  # extrapolated from 2018
    as_it_is = {"observed": invested["observed"] + 403, "estimated": 31 * 5}
    totals = {"observed": 31 * 7, "interpolated": 31 * 6}
    mixed = {"observed": invested["observed"] + 31 * 7, "interpolated": 31 * 6, "estimated": 31 * 5}
    # The made-up employment on one basis has no cell of the mixed series.
    one_basis = {"observed": invested["observed"], "estimated": 31 * 5 + 403}
    yearbook = {"observed": invested["observed"] + 31 * 9, "estimated": 31 * 9}
    for name in ("M_all", "M_cap", "M_lab"):
        assert selection.filled_cells(dataset, name, "census4") == one_basis, name
        for employment, counts in (
            ("yearbook", yearbook), ("mixed_bases", as_it_is), ("interpolated", mixed)
        ):  # fmt: skip
            found = selection.filled_cells(dataset, name, "census4", employment)
            assert found == counts, (name, employment)
    assert selection.filled_cells(dataset, "density", "census4", "mixed_bases") == {}
    assert selection.filled_cells(dataset, "density", "census4", "interpolated") == totals


def test_attributes_name_series_and_sources(dataset):
    assert dataset["fin"].attrs["series"] == "deposits_rmb, loans_rmb, gdp"
    assert dataset["fin"].attrs["source"] == "made up"
    assert dataset["density"].attrs["units"] == "10,000 persons per square kilometre"


def test_a_table_without_a_series_is_refused(table, tmp_path):
    less = Table()
    less.others = table.others
    less.rows = {key: value for key, value in table.rows.items() if key[0] != "loans_rmb"}
    with pytest.raises(UserError, match="'loans_rmb' in vintage 'rmb_december'"):
        recollect.build(less.write(folder(tmp_path)))


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        (("secondary_va", "as_published", "Gansu", 2014), None, "'secondary_va' of Gansu 2014"),
        (("gdp", "as_published", "Gansu", 2014), None, "'gdp' of Gansu 2014"),
        (("gdp", "census5", "Gansu", 2014), 0, "'gdp' of Gansu 2014"),
        (("land_area", "official", "Gansu", None), None, "'land_area' of Gansu is missing"),
        (("employment", "mixed_bases", "Gansu", 2014), 0, "'employment' of Gansu 2014"),
        (("population", "census2020_from_2011", "Gansu", 2014), 0, "'population' of Gansu 2014"),
        (("highway_mileage", "official", "Gansu", 2014), 0, "'highway_mileage' of Gansu 2014"),
        (("industry_share_gdp", "as_published", "Gansu", 2015), None, "share_gdp' of Gansu 2015"),
        (("industrial_va", "census4", "National", 2014), None, "'industrial_va'.*in 2014"),
        (("deposits_rmb", "rmb_december", "Gansu", 2014), None, "fin .*cannot .* Gansu 2014"),
        (
            ("tertiary_va", "as_published", "Gansu", 2014),
            None,
            "stru .vintage as_published, winsorised no. cannot be computed for Gansu 2014",
        ),
    ],
)
def test_a_cell_that_others_rest_on_is_named_when_it_is_missing_or_zero(
    table, tmp_path, cell, value, said
):
    less = Table()
    less.others = table.others
    less.rows = dict(table.rows)
    del less.rows[cell]
    if value is not None:
        less.rows[cell] = value
    with pytest.raises(UserError, match=said):
        recollect.build(less.write(folder(tmp_path)))
