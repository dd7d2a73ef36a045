"""Interval arithmetic on printed numbers, in decimals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

INFINITY = Decimal("Infinity")


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, either of which may be infinite; empty if they cross.

    Sums, products and quotients hold every value that two independent numbers can give; a number
    that enters twice therefore makes them wider than need be, never narrower.
    """

    low: Decimal
    high: Decimal

    @classmethod
    def of(cls, low: float | Decimal, high: float | Decimal | None = None) -> "Interval":
        """Make an interval, or the point `low`, of floats or decimals."""
        return cls(_decimal(low), _decimal(low if high is None else high))

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self) -> "Interval":
        return Interval(-self.high, -self.low)

    def __sub__(self, other: "Interval") -> "Interval":
        return self + (-other)

    def __mul__(self, other: "Interval") -> "Interval":
        products = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(products), max(products))

    def __truediv__(self, other: "Interval") -> "Interval":
        if other.low <= 0 <= other.high:
            # A denominator of one sign up to zero still bounds the quotient of a positive number.
            if other.low == 0 < other.high and self.low >= 0:
                return Interval(self.low / other.high, INFINITY)
            return Interval(-INFINITY, INFINITY)
        return self * Interval(1 / other.high, 1 / other.low)

    def __abs__(self) -> "Interval":
        if self.low >= 0:
            return self
        if self.high <= 0:
            return -self
        return Interval(Decimal(0), max(-self.low, self.high))

    def __and__(self, other: "Interval") -> "Interval":
        return Interval(max(self.low, other.low), min(self.high, other.high))

    @property
    def empty(self) -> bool:
        """Whether no number is in it."""
        return self.low > self.high

    def meets(self, other: "Interval") -> bool:
        """Whether some number is in both."""
        return not (self & other).empty

    def positive(self) -> "Interval":
        """Return the part that is not negative."""
        return Interval(max(self.low, Decimal(0)), max(self.high, Decimal(0)))

    def square(self) -> "Interval":
        """Return the squares."""
        return abs(self) * abs(self)

    def sqrt(self) -> "Interval":
        """Return the square roots of its part that is not negative."""
        part = self.positive()
        return Interval(*(x if x == INFINITY else x.sqrt() for x in (part.low, part.high)))

    def log(self) -> "Interval":
        """Return the natural logarithms of its part that is positive."""
        return Interval(*(x.ln() if x > 0 else -INFINITY for x in (self.low, self.high)))


def total(intervals: Iterable[Interval]) -> Interval:
    """Add intervals up."""
    return sum(intervals, start=Interval.of(0))


def unit(printed: str) -> Decimal:
    """Return one unit of the last printed digit: 0.001 for "0.030"."""
    return Decimal(1).scaleb(Decimal(printed).as_tuple().exponent)


def rounded(printed: str) -> Interval:
    """Return the numbers that round to a printed one, ties included."""
    reach = unit(printed) / 2
    return Interval(Decimal(printed) - reach, Decimal(printed) + reach)


def truncated(printed: str) -> Interval:
    """Return the numbers that give a printed one when their further digits are cut off."""
    value, reach = Decimal(printed), unit(printed)
    if not value:
        return Interval(-reach, reach)
    return Interval(value, value + reach) if value > 0 else Interval(value - reach, value)


def exact(printed: str) -> Interval:
    """Return the point interval of a whole number."""
    return Interval(Decimal(printed), Decimal(printed))


CONVENTIONS: dict[str, Callable[[str], Interval]] = {"rounded": rounded, "truncated": truncated}


def _times(a: Decimal, b: Decimal) -> Decimal:
    """Multiply ends; zero times infinity is zero, since every number times zero is."""
    return a * b if a and b else Decimal(0)


def _decimal(value: float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(float(value)))
