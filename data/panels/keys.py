"""Which columns of a file name its units, years and regions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """Names of a file's columns; capital letters make no difference.

    Attributes
    ----------
    unit, time : str
        Of provinces, states or firms, and of calendar years: every file has both.
    region : str
        Of groups of units; empty if there is none.
    """

    unit: str = "province"
    time: str = "year"
    region: str = "region"

    @property
    def needed(self) -> set[str]:
        """Unit and time in small letters, as a header's are compared."""
        return {self.unit.lower(), self.time.lower()}

    @property
    def every(self) -> set[str]:
        """All in small letters."""
        return {self.region.lower()} | self.needed


PANEL = Keys()
"""Names in this project's panels and in users' own."""
