"""What captions of pictures say of the sample, counted on a panel, and of variables."""

from analysis.shared.statistics import DOUBTS, doubt
from analysis.specifications import current, select, spelled, worded
from data.panels.catalogue import PANELS
from data.panels.panel import load_named

FAILED = dict(zip(DOUBTS, ("fails diagnostics", "fails predictive checks"), strict=True))
"""What pictures and tables say of a fit that is in doubt."""


def failing(gate: str, fits: str = "") -> str:
    """Return what a fit fails, in words; empty if nothing."""
    return FAILED.get(doubt(gate, fits), "")


def samples() -> dict[str, str]:
    """Return, by its name in captions, which provinces and years, and how many rows.

    `units` without the rows; `static` with them; `dynamic` without each province's first year,
    which has no lagged outcome.
    """
    of_study = current().panel
    frame = (of_study or load_named(PANELS[0].name, current().records[0].interest)).frame
    years, provinces = frame["year"], frame["province"].nunique()
    first, last = years.min(), years.max()
    lagged = int((years > first).sum())
    units = worded(f"{provinces} provinces, {first}–{last}")
    return {
        "units": units,
        "static": f"{units} (n = {len(frame)})",
        "dynamic": f"{provinces} provinces, {first + 1}–{last} (n = {lagged})",
    }


def variables() -> dict[str, str]:
    """Return, by its name in captions, which variables, in words.

    `interest` is the headline's; `variables` are all of its first column; `lagged` are the outcomes
    of dynamic columns.
    """
    (first, *_) = select(current().headline)
    named = (first.outcome, *first.interest, *first.controls)
    lagged = [f"{r.column} {spelled(r.outcome)}" for r in current().records if r.dynamic]
    return {
        "interest": spelled(first.interest[0]),
        "variables": ", ".join(map(spelled, named)),
        "lagged": ", ".join(lagged),
    }


def filled(caption: str) -> str:
    """Return a caption in a study's words, with the names of `samples` and `variables` filled in.

    Examples
    --------
    >>> filled("Slopes. {dynamic}.")
    'Slopes. 31 provinces, 2011–2022 (n = 372).'
    """
    return worded(caption.format_map(samples() | variables())) if caption else ""
