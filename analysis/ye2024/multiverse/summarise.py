"""The multiverse of this paper's slopes beside its printed ones."""

import xarray as xr

from analysis.comparison.coefficients import published_slopes
from analysis.robustness.multiverse import summarise
from analysis.robustness.multiverse.universes import Found
from analysis.specifications import HEADLINE
from analysis.ye2024.multiverse import refutation
from analysis.ye2024.multiverse.choices import APART


def found(tree: xr.DataTree) -> Found:
    """Set a multiverse beside the printed slopes."""
    return Found(tree, published_slopes(), HEADLINE, APART)


TABLES = {
    **{name: lambda tree, make=make: make(found(tree)) for name, make in summarise.TABLES.items()},
    "multiverse_refuted": lambda _: refutation.table(),
}
"""Tables of results/, by name, each computed from the multiverse."""
