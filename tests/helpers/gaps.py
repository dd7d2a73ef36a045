"""Gaps between official and published slopes, loaded once."""

from functools import cache

from analysis.specifications import select
from analysis.ye2024.decomposition import gaps


@cache
def loaded():
    return gaps.load()


def gap(column: str, panel: str, term: str = "indus") -> gaps.Gap:
    return gaps.Gap(select([column])[0], term, panel, *loaded())
