"""Numbers as text: small ones keep digits, large ones get none that say nothing."""

import math

import pytest

from analysis.shared import digits


@pytest.mark.parametrize(
    ("value", "se", "shown"),
    [
        (0.1054, 0.0312, "0.105"),  # the paper's own decimals
        (0.0004, 0.0007, "0.00040"),
        (2.01e-6, 8.6e-7, "0.00000201"),
        (5.0, 0.0004, "5.00000"),
        (1e-12, 0.02, "0.000"),  # zero for all that its standard error says
        (0.0, 0.02, "0.000"),
        (3e-14, 1e-14, "3.0e-14"),
        (12345.6789, 2000.0, "12345.68"),
        (-200999463540.52, 86182655483.2, "-2.010e+11"),
        (math.inf, 0.1, "inf"),
        (math.nan, 0.1, ""),
        (0.00003, None, "0.000030"),
        (0.00003, math.nan, "0.000"),
    ],
)
def test_an_estimate_has_the_decimals_that_its_standard_error_needs(value, se, shown):
    assert digits.estimate(value, se) == shown


def test_more_decimals_are_printed_where_the_paper_has_them():
    assert digits.estimate(-0.0131, 0.034, least=4) == "-0.0131"


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ((0.0129, 0.2497), "[0.013, 0.250]"),
        ((-1e-5, 3e-5), "[-0.000010, 0.000030]"),
        ((math.nan, 1.0), ""),
    ],
)
def test_an_interval_has_the_decimals_that_its_width_needs(ends, shown):
    assert digits.interval(*ends) == shown


@pytest.mark.parametrize(
    ("value", "se", "shown"),
    [
        (0.1054, 0.0312, "0.105 (0.031)"),
        (2e-5, 7e-6, "0.0000200 (0.0000070)"),
        (0.1054, math.nan, "0.105"),
        (math.nan, 0.1, ""),
    ],
)
def test_an_estimate_and_its_standard_error_have_the_same_decimals(value, se, shown):
    assert digits.with_spread(value, se) == shown
    assert digits.with_spread(value, se, "sd ") == shown.replace("(", "(sd ")
    starred = shown.replace(" (", "** (") if "(" in shown else f"{shown}**"
    assert digits.with_spread(value, se, stars="**") == starred


def test_an_estimate_has_the_decimals_of_its_interval_and_a_sign_if_asked():
    assert digits.with_interval(0.1054, 0.0442, 0.1661) == "0.105 [0.044, 0.166]"
    assert digits.with_interval(2e-5, -1e-5, 5e-5, "+") == "+0.000020 [-0.000010, +0.000050]"
    assert digits.with_interval(0.1, math.nan, 0.2) == "0.100"


@pytest.mark.parametrize(
    ("p", "shown"), [(0.0304, "0.030"), (2e-4, "<0.001"), (0.0, "0.000"), (math.nan, "")]
)
def test_a_p_value_that_its_decimals_cannot_show_is_below_a_bound(p, shown):
    assert digits.probability(p) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3000.0, "3000"),
        (123456.7, "123457"),
        (710.0201, "710.0"),
        (-1.79509, "-1.795"),
        (0.91331, "0.913"),
        (0.00033333, "0.000333"),
        (2.5e-12, "2.50e-12"),
        (math.inf, "inf"),
        (math.nan, ""),
    ],
)
def test_any_number_keeps_its_significant_digits(value, shown):
    assert digits.number(value) == shown
