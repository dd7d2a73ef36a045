"""What is rebuilt: the construction choices, the indicators and the variables, as records."""

import math
from dataclasses import dataclass
from pathlib import Path

from data.ye2024.gaps import RULES

DIRECTORY = Path(__file__).resolve().parents[2].parent / "shared" / "official"
"""Where the series lie when no folder is named: beside the project."""

CHOICES = {
    "vintage": ("census4", "as_published", "census5"),
    "winsorised": ("no", "yes"),
    "gap_rule": tuple(RULES),
    "tibet": ("companion", "neighbour"),
    "normalisation": ("pooled", "by_year"),
    "denominator": ("provinces", "national"),
    "industry": ("ratio", "anchored", "anchors"),
    "elasticity": ("province", "common"),
    "employment": ("census2020", "yearbook", "mixed_bases", "interpolated"),
}
"""Construction choices, each with its values, the default first."""

ONLY_IN = {
    ("denominator", "national"): "census4",
    ("industry", "anchored"): "as_published",
    ("industry", "anchors"): "as_published",
}
"""Values of a choice that exist in one vintage alone, whose national totals or published shares
are at hand. In the other vintages a variable is NaN."""

DEFAULTS = {choice: values[0] for choice, values in CHOICES.items()}

SUMS = {
    "produ": ("produ_inno", "produ_green", "produ_digit"),
    "M_all": ("M_cap", "M_lab"),
}
"""Variables that are sums of others, exactly."""

PARTS_DECIMALS = {"produ": 12, "M_all": 11}
"""Decimals of the parts of a sum: fixed, so that a sum of rounded parts needs no more digits."""

COLUMNS = (
    *("produ", "produ_inno", "produ_green", "produ_digit", "produ_alt", "indus", "density"),
    *("M_all", "M_cap", "M_lab", "fin", "env", "stru", "urb", "trans"),
)
"""The variables of a panel, in the order of its columns."""


@dataclass(frozen=True)
class Indicator:
    """One indicator of an entropy index.

    Attributes
    ----------
    symbol : str
        Its name in `published/table1.csv`, or one of the same form.
    dimension : str
        The part of the index that it belongs to.
    sign : int
        +1 where more is better, −1 where less is.
    series : str
        The official series it is made of.
    per : str
        What it is divided by: "", "gdp", "area", "population" or "employment".
    """

    symbol: str
    dimension: str
    sign: int
    series: str
    per: str = ""


INDICATORS = (
    Indicator("patents_granted", "produ_inno", +1, "patents_granted"),
    Indicator("hightech_industry_revenue", "produ_inno", +1, "hightech_industry_revenue"),
    Indicator(
        "new_product_dev_exp_industry_above_scale",
        "produ_inno",
        +1,
        "new_product_dev_exp_industry_above_scale",
    ),
    Indicator("rd_fte_industry_above_scale", "produ_inno", +1, "rd_fte_industry_above_scale"),
    Indicator("energy_consumption_per_gdp", "produ_green", -1, "energy_consumption", "gdp"),
    Indicator("industrial_water_use_per_gdp", "produ_green", -1, "industrial_water_use", "gdp"),
    Indicator("solid_waste_utilization_rate", "produ_green", +1, "solid_waste_utilization_rate"),
    Indicator("industrial_wastewater_per_gdp", "produ_green", -1, "industrial_wastewater", "gdp"),
    Indicator("industrial_so2_per_gdp", "produ_green", -1, "industrial_so2", "gdp"),
    Indicator("telecom_business_volume", "produ_digit", +1, "telecom_business_volume"),
    Indicator("broadband_access_ports", "produ_digit", +1, "broadband_access_ports"),
    Indicator("software_revenue", "produ_digit", +1, "software_revenue"),
    Indicator("optical_cable_length_per_area", "produ_digit", +1, "optical_cable_length", "area"),
    Indicator("ecommerce_sales", "produ_digit", +1, "ecommerce_sales"),
)
"""The 14 indicators of Table 1."""

STAND_IN = (
    Indicator("rd_fte_per_employed", "labourers", +1, "rd_fte_all_sectors", "employment"),
    Indicator("gdp_per_employed", "labourers", +1, "gdp", "employment"),
    Indicator("hightech_revenue_per_gdp", "objects", +1, "hightech_industry_revenue", "gdp"),
    Indicator("industrial_so2_per_gdp", "objects", -1, "industrial_so2", "gdp"),
    Indicator("industrial_wastewater_per_gdp", "objects", -1, "industrial_wastewater", "gdp"),
    Indicator("energy_consumption_per_gdp", "objects", -1, "energy_consumption", "gdp"),
    Indicator("patents_per_head", "means", +1, "patents_granted", "population"),
    Indicator("broadband_ports_per_head", "means", +1, "broadband_access_ports", "population"),
    Indicator("optical_cable_length_per_area", "means", +1, "optical_cable_length", "area"),
    Indicator("software_revenue_per_gdp", "means", +1, "software_revenue", "gdp"),
)
"""The declared stand-in for Table 6 column 2's index (labourers, objects and means of labour),
which the paper does not describe further."""


@dataclass(frozen=True)
class Described:
    """What a variable is.

    Attributes
    ----------
    long_name, units : str
        As in the Dataset's attributes.
    formula : str
        In terms of the official series.
    series : tuple of str
        The official series whose cells are counted for it, by their names in `filled`, under
        the default `employment`.
    others : tuple of str
        Further series that it is made of: complete ones, divisors and companions.
    bounds : tuple of float
        Least and greatest value that the formula can give.
    stands_in_for : str
        What of the paper's, which does not describe it, the variable is put in the place of:
        estimates with it do not speak of the paper's.
    """

    long_name: str
    units: str
    formula: str
    series: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)
    stands_in_for: str = ""


def _series_of(dimension: str | None = None) -> tuple[str, ...]:
    return tuple(i.series for i in INDICATORS if dimension in (None, i.dimension))


CAPITAL = "capital_stock_2000prices_zhangjun"
"""The capital stock of the production function and of the capital shares."""

INDEX = (0.0, 1.0)
"""Bounds of a weighted sum of indicators that lie between 0 and 1, the weights adding up to 1."""

POSITIVE = (0.0, math.inf)

EMPLOYMENT = {
    "census2020": "employment_census2020",
    "yearbook": "employment_yearbook",
    "mixed_bases": "employment",
    "interpolated": "employment_total",
}
"""The series behind each value of the choice `employment`."""

INDUSTRY = {
    "ratio": "industrial_va",
    "anchored": "industrial_va",
    "anchors": "industrial_va_anchors",
}
"""The name in `filled` of industrial value added under each value of the choice `industry`."""

TOTALS: dict[str, dict[int, float]] = {
    "telecom_business_volume": {2010: 29993.0},
    "software_revenue": {2011: 18400.0},
    "broadband_access_ports": {2011: 23166.0, 2012: 26835.5},
}
"""Published national totals of years in which no province is known, in the series' units. Telecom
of 2010 is in prices of 2000, that of 2011 in prices of 2010, as each yearbook prints them."""

PRODUCTION = (CAPITAL, EMPLOYMENT[DEFAULTS["employment"]])
DESCRIBED = {
    "produ": Described(
        "new quality productive forces",
        "1",
        "produ_inno + produ_green + produ_digit",
        _series_of(),
        bounds=INDEX,
    ),
    "produ_inno": Described(
        "science and technology part of the index",
        "1",
        "entropy-weighted sum of its 4 of 14 indicators",
        _series_of("produ_inno"),
        bounds=INDEX,
    ),
    "produ_green": Described(
        "green part of the index",
        "1",
        "entropy-weighted sum of its 5 of 14 indicators",
        _series_of("produ_green"),
        others=("gdp", "population", "so2_emission_total"),
        bounds=INDEX,
    ),
    "produ_digit": Described(
        "digital part of the index",
        "1",
        "entropy-weighted sum of its 5 of 14 indicators",
        _series_of("produ_digit"),
        others=("land_area",),
        bounds=INDEX,
    ),
    "produ_alt": Described(
        "stand-in for Table 6 column 2's index (labourers, objects and means of labour)",
        "1",
        "entropy-weighted sum of 10 indicators chosen here; the paper does not name its own",
        tuple(dict.fromkeys(i.series for i in STAND_IN if i.series != "gdp")),
        others=("gdp", "land_area", "population", *EMPLOYMENT.values(), "so2_emission_total"),
        bounds=INDEX,
        stands_in_for="the index of Table 6 column 2, which the paper does not describe",
    ),
    "indus": Described(
        "industrial agglomeration: location quotient of industry",
        "1",
        "(industrial_va / gdp) / (the nation's)",
        ("industrial_va",),
        others=("gdp", "secondary_va", "industry_share_gdp", INDUSTRY["anchors"]),
        bounds=POSITIVE,
    ),
    "density": Described(
        "employment density",
        "10,000 persons per square kilometre",
        "employment / land_area",
        (EMPLOYMENT[DEFAULTS["employment"]],),
        others=(*EMPLOYMENT.values(), "land_area"),
        bounds=POSITIVE,
    ),
    "M_all": Described(
        "misallocation of resources",
        "1",
        "M_cap + M_lab",
        PRODUCTION,
        bounds=POSITIVE,
    ),
    "M_cap": Described(
        "misallocation of capital",
        "1",
        "|1/gamma_K - 1|",
        PRODUCTION,
        others=("gdp", *EMPLOYMENT.values()),
        bounds=POSITIVE,
    ),
    "M_lab": Described(
        "misallocation of labour",
        "1",
        "|1/gamma_L - 1|",
        PRODUCTION,
        others=("gdp", *EMPLOYMENT.values()),
        bounds=POSITIVE,
    ),
    "fin": Described(
        "financial development",
        "1",
        "(deposits_rmb + loans_rmb) / gdp",
        others=("deposits_rmb", "loans_rmb", "gdp"),
    ),
    "env": Described(
        "environmental regulation",
        "1",
        "industrial_pollution_treatment_investment / industrial_va",
        ("industrial_pollution_treatment_investment", "industrial_va"),
        others=("secondary_va", INDUSTRY["anchors"]),
    ),
    "stru": Described(
        "industrial structure",
        "1",
        "tertiary_va / secondary_va",
        ("secondary_va", "tertiary_va"),
        others=("gdp", "primary_va"),
    ),
    "urb": Described(
        "urbanisation", "1", "urban population / population", others=("urbanization_rate",)
    ),
    "trans": Described(
        "transport infrastructure", "ln km", "ln(highway_mileage)", others=("highway_mileage",)
    ),
    "beta_K": Described(
        "output elasticity of capital",
        "1",
        "slope of ln(gdp/employment) on ln(capital_stock/employment), province and year dummies",
        PRODUCTION,
        others=("gdp", *EMPLOYMENT.values()),
    ),
}
"""The Dataset's variables."""
