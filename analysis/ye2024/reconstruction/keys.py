"""How quantities are named."""

Key = tuple[str, str, str]
"""Column, term and statistic of a quantity or of a printed cell."""

RATIO = "t"
"""The statistic b/SE, which stars are about."""

HANSEN = "hansen"
"""The statistic behind the printed P value."""
