"""Numbers as text with informative digits: small slopes are not 0.000.

An estimate has three decimals, as the paper prints them. Where these would show nothing but zeros
it has more, so that two significant digits of its standard error are left.
"""

import math

PRINTED = 3
"""Decimals of the paper's coefficients and standard errors."""

MOST = 9
"""Decimals that are shown."""

LARGE = 7
"""Digits that a number without small decimals has at most."""

SIGNIFICANT = 2
"""Digits that are left of a number too small for its decimals."""


def decimals(value: float, spread: float | None = None, least: int = PRINTED) -> int:
    """Return with how many decimals an estimate and its standard error are shown.

    Parameters
    ----------
    value : float
    spread : float, optional
        Its standard error; if one of the two would show nothing but zeros, this gets
        `SIGNIFICANT` digits. Without one, the estimate does.
    least : int
        Decimals that suffice where they show a digit of both.
    """
    by = value if spread is None else spread
    hidden = any(number and not round(number, least) for number in (value, by))
    if not hidden or not by or not math.isfinite(by):
        return least
    return max(least, SIGNIFICANT - 1 - _exponent(by))


def estimate(value: float, spread: float | None = None, least: int = PRINTED) -> str:
    """Return an estimate as text, with `decimals`."""
    return "" if math.isnan(value) else fixed(value, decimals(value, spread, least))


def fixed(value: float, places: int, sign: str = "-") -> str:
    """Return a number with so many decimals, or as a power of ten where it is too small or large.

    Of a large one, decimals beyond `LARGE` significant digits are left out.

    Parameters
    ----------
    value : float
    places : int
    sign : {"-", "+"}
        Whether positive numbers have a sign, too.
    """
    if places > MOST:
        return f"{value:{sign}.1e}"
    if places <= PRINTED and math.isfinite(value) and abs(value) >= 10**LARGE:
        return f"{value:{sign}.3e}"
    if places <= PRINTED and math.isfinite(value) and abs(value) >= 1:
        places = max(0, min(places, LARGE - 1 - _exponent(value)))
    return f"{value:{sign}.{places}f}"


def with_spread(
    value: float, spread: float, called: str = "", stars: str = "", least: int = PRINTED
) -> str:
    """Return an estimate and its standard error or deviation, as "0.105*** (0.031)".

    Parameters
    ----------
    value, spread : float
    called : str
        What stands before the second, such as "sd ".
    stars : str
        Behind the first.
    least : int
        As `decimals` takes it.
    """
    if math.isnan(value) or math.isnan(spread):
        return estimate(value, least=least) + stars
    places = decimals(value, spread, least)
    return f"{fixed(value, places)}{stars} ({called}{fixed(spread, places)})"


def interval(low: float, high: float, least: int = PRINTED, sign: str = "-") -> str:
    """Return an interval as text; its width says how many decimals are needed."""
    if math.isnan(low) or math.isnan(high):
        return ""
    shown = decimals(high - low, least=least)
    return f"[{fixed(low, shown, sign)}, {fixed(high, shown, sign)}]"


def with_interval(value: float, low: float, high: float, sign: str = "-") -> str:
    """Return an estimate with its interval, as "0.105 [0.044, 0.166]"."""
    if math.isnan(low) or math.isnan(high):
        return estimate(value)
    return f"{fixed(value, decimals(high - low), sign)} {interval(low, high, sign=sign)}"


def probability(value: float, places: int = PRINTED) -> str:
    """Return a p-value as text; one too small for its decimals is said to be below them."""
    if math.isnan(value):
        return ""
    smallest = 10.0**-places
    return f"{value:.{places}f}" if value == 0 or value >= smallest / 2 else f"<{smallest:g}"


def number(value: float) -> str:
    """Return any number as text: four significant digits, three below one, none split off by e."""
    if math.isnan(value):
        return ""
    if not math.isfinite(value) or value == int(value):
        return f"{value:.0f}" if abs(value) < 1e12 else f"{value:.3g}"
    power = _exponent(value)
    if not -7 < power < 12:
        return f"{value:.2e}"
    return f"{value:.{max(0, (3 if power >= 0 else 2) - power)}f}"


def _exponent(value: float) -> int:
    """Return the power of ten of a number's first digit."""
    return math.floor(math.log10(abs(value)))
