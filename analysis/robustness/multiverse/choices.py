"""What can defensibly be chosen, as records: each option with its reason.

An option says what it does in one of four ways (`Option`): it takes variables from the Dataset of
construction choices in another form, drops controls, drops rows, or sets the estimator. Options
that come to the same for a column are one: a column without controls has none of their choices.

Where a choice exists in one vintage of the accounts alone (`data.ye2024.definitions.ONLY_IN`), it
and the vintage are one choice (`agglomeration`), so that every combination of options exists.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from data.ye2024.definitions import CHOICES as CONSTRUCTION
from data.ye2024.definitions import DEFAULTS
from models.design import DERIVED, Specification, sample

OUTCOME, INTEREST, EVERY = "outcome", "interest", "every"
"""Variables by their part in a column; any other name is a variable itself."""

BY_REGION = ("by_region", "weighted", "model")
"""What estimators can be set to that comes to the same where there is one region."""


@dataclass(frozen=True)
class Option:
    """One way to decide a choice.

    Attributes
    ----------
    name, reason : str
        As in tables, and why it is defensible.
    takes : mapping of str to (mapping of str to str)
        Which form of which variables is taken: by `OUTCOME`, `INTEREST`, `EVERY` or a variable's
        name, the value of each construction choice; what does not touch a variable is passed over.
    drops : tuple of str
        Controls that are left out.
    keeps : callable of DataFrame, optional
        Which rows are kept.
    sets : mapping of str to object
        Arguments of the estimator.
    """

    name: str
    reason: str
    takes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    keeps: Callable[[pd.DataFrame], pd.Series] | None = None
    sets: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """Something that has to be decided, and how it can be; the first option is the plainest."""

    name: str
    options: tuple[Option, ...]


CENSUS4, PUBLISHED, CENSUS5 = CONSTRUCTION["vintage"]
VINTAGES = {
    CENSUS4: "What the statistical bureau showed when the paper was written, consistent over time.",
    PUBLISHED: "What each yearbook printed first, and a reader of yearbooks copies.",
    CENSUS5: "The latest revision: today's best account of the same years.",
}

MUNICIPALITIES = ("Beijing", "Tianjin", "Shanghai", "Chongqing")


def _vintages(*of: str) -> tuple[Option, ...]:
    return tuple(
        Option(name, reason, {variable: {"vintage": name} for variable in of})
        for name, reason in VINTAGES.items()
    )


def _each(name: str, on: tuple[str, ...], reasons: Mapping[str, str]) -> Choice:
    """Return a construction choice, each of its values an option, for some parts of a column."""
    return Choice(
        name,
        tuple(
            Option(value, reasons[value], {part: {name: value} for part in on})
            for value in CONSTRUCTION[name]
        ),
    )


DATA = (
    Choice("outcome_vintage", _vintages(OUTCOME)),
    Choice(
        "agglomeration",
        (
            *_vintages("indus"),
            Option(
                "census4, national totals",
                "A location quotient is over the nation, whose totals are published as such.",
                {"indus": {"vintage": CENSUS4, "denominator": "national"}},
            ),
            Option(
                "as_published, anchored",
                "Industry's share held to the few shares that were printed.",
                {"indus": {"vintage": PUBLISHED, "industry": "anchored"}},
            ),
        ),
    ),
    Choice(
        "controls_vintage",
        (
            *_vintages("fin", "env", "stru"),
            Option(
                "as Table 2",
                "Each control in the vintage that meets Table 2 best, by a rule fixed before any "
                "regression.",
                {
                    "fin": {"vintage": CENSUS4},
                    "env": {"vintage": CENSUS4},
                    "stru": {"vintage": PUBLISHED},
                },
            ),
        ),
    ),
    Choice(
        "winsorised",
        (
            Option("nothing", "The variables whose rows in Table 2 are met are as computed."),
            Option(
                "interest",
                "The regressor's row in Table 2 is met better winsorised.",
                {INTEREST: {"winsorised": "yes"}},
            ),
            Option(
                "outcome and interest",
                "Misallocation's rows are met better winsorised too.",
                {OUTCOME: {"winsorised": "yes"}, INTEREST: {"winsorised": "yes"}},
            ),
            Option(
                "everything",
                "The paper says that data were winsorised at 1 % and 99 %.",
                {EVERY: {"winsorised": "yes"}},
            ),
        ),
    ),
    _each(
        "gap_rule",
        (EVERY,),
        {
            "growth": "What is missing at an end moved as in the provinces that are known.",
            "hold": "The nearest value is the least that can be assumed.",
            "linear": "The paper says linear interpolation; Stata's ipolate extrapolates so.",
        },
    ),
    _each(
        "tibet",
        (OUTCOME,),
        {
            "companion": "Tibet's empty series at all others' ratio to a related series.",
            "neighbour": "At Qinghai's ratio: the other province on the plateau.",
        },
    ),
    _each(
        "normalisation",
        (OUTCOME,),
        {
            "pooled": "Levels are compared over time, so one minimum and maximum for all years.",
            "by_year": "Each year for itself, which takes out changes of a series' price base.",
        },
    ),
    _each(
        "elasticity",
        (OUTCOME,),
        {
            "province": "The study that the paper cites estimates one per province.",
            "common": "Thirteen years are few for a slope per province.",
        },
    ),
    _each(
        "employment",
        (OUTCOME, INTEREST),
        {
            "mixed_bases": "A complete series, as yearbooks have it, with breaks of level.",
            "interpolated": "Official totals alone, straight lines between them.",
        },
    ),
)
"""How the variables are made."""

CONTROLS = Choice(
    "controls",
    (
        Option("all five", "The paper's, against confounding by structure, finance and policy."),
        Option(
            "without stru",
            "The ratio of services to industry is close to the regressor's inverse: a bad control.",
            drops=("stru",),
        ),
        Option(
            "none",
            "Controls that agglomeration itself moves take away part of its effect; Table 3 (1).",
            drops=("fin", "env", "stru", "urb", "trans"),
        ),
    ),
)

SAMPLE = Choice(
    "sample",
    (
        Option("all", "The paper's 31 provinces and 13 years."),
        Option(
            "before 2019",
            "The accounts as published break there, and the paper's own check ends there.",
            keeps=lambda rows: rows["year"] <= 2018,
        ),
        Option(
            "without Tibet",
            "Most of its cells are estimates, and it sets the regressor's minimum.",
            keeps=lambda rows: rows["province"] != "Tibet",
        ),
        Option(
            "without municipalities",
            "Cities are not provinces: studies of provinces often leave them out.",
            keeps=lambda rows: ~rows["province"].isin(MUNICIPALITIES),
        ),
    ),
)

ESTIMATOR = (
    Choice(
        "effects",
        (
            Option("two-way", "The paper's: province and year effects."),
            Option(
                "region by year",
                "Regions grow apart for reasons of their own; Table 8's regressions have these.",
                sets={"by_region": True},
            ),
            Option(
                "province trends",
                "An index that grows at different speeds goes along with all else that trends.",
                sets={"trend": True},
            ),
        ),
    ),
    Choice(
        "weights",
        (
            Option("equal", "The paper's least squares."),
            Option(
                "by region's noise",
                "Residuals of the east are several times as wide: feasible least squares.",
                sets={"weighted": True},
            ),
        ),
    ),
)

GRID = (*DATA, CONTROLS, SAMPLE, *ESTIMATOR)
"""All choices of a least-squares universe; a new one is a record here."""


# --- what they come to for a column -------------------------------------------------------------


def variables(part: str, record: Specification) -> tuple[str, ...]:
    """Return the variables of a column that a part of it names."""
    interest = tuple(DERIVED.get(term, (term,))[0] for term in record.interest)
    named = {OUTCOME: (record.outcome,), INTEREST: interest, EVERY: record.variables}
    return named.get(part, (part,) if part in record.variables else ())


Form = dict[str, dict[str, str]]
"""The value of each construction choice that touches it, by variable."""

Forms = Mapping[str, frozenset[str]]
"""The construction choices that touch each variable."""


def forms(dataset: xr.Dataset) -> Forms:
    """Return which construction choices touch each variable of the Dataset."""
    return {name: frozenset(values.dims) & set(CONSTRUCTION) for name, values in dataset.items()}


def taken(option: Option, record: Specification, touch: Forms) -> Form:
    """Return what an option takes of a column's variables."""
    found: Form = {}
    for part, values in option.takes.items():
        for name in variables(part, record):
            own = {choice: value for choice, value in values.items() if choice in touch[name]}
            if own:
                found.setdefault(name, {}).update(own)
    return found


def kept(option: Option, record: Specification, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows of a panel an option keeps of a column's sample."""
    rows = np.zeros(len(frame), bool)
    rows[sample(frame, record).index] = True
    return rows & option.keeps(frame).to_numpy() if option.keeps else rows


def options(
    choice: Choice, record: Specification, touch: Forms, frame: pd.DataFrame
) -> tuple[Option, ...]:
    """Return a choice's options for a column, those that come to the same as an earlier one out.

    Parameters
    ----------
    choice : Choice
    record : Specification
    touch : Forms
    frame : DataFrame
        A panel: its provinces, years and regions.
    """
    found: dict[object, Option] = {}
    for option in choice.options:
        form = selection([option], record, touch)
        drops = tuple(term for term in record.controls if term in option.drops)
        rows = kept(option, record, frame)
        one = frame.loc[rows, "region"].nunique() == 1
        sets = {name: v for name, v in option.sets.items() if not (one and name in BY_REGION)}
        same = (str(form), drops, rows.tobytes(), str(sets))
        found.setdefault(same, option)
    return tuple(found.values())


def offered(
    listed: Sequence[Choice], record: Specification, touch: Forms, frame: pd.DataFrame
) -> dict[str, tuple[Option, ...]]:
    """Return the options of each choice that is one for a column, by its name."""
    found = {choice.name: options(choice, record, touch, frame) for choice in listed}
    return {name: own for name, own in found.items() if len(own) > 1}


def without(record: Specification, chosen: Sequence[Option]) -> Specification:
    """Return a column without the controls that options drop."""
    dropped = {term for option in chosen for term in option.drops}
    return replace(record, controls=tuple(c for c in record.controls if c not in dropped))


def selection(chosen: Sequence[Option], record: Specification, touch: Forms) -> Form:
    """Return the form in which options take each variable of a column, defaults filled in."""
    return changed(plainest(record, touch), [taken(option, record, touch) for option in chosen])


def plainest(record: Specification, touch: Forms) -> Form:
    """Return the form of a column's variables by default."""
    return {
        name: {choice: DEFAULTS[choice] for choice in CONSTRUCTION if choice in touch[name]}
        for name in record.variables
    }


def changed(form: Form, changes: Sequence[Form]) -> Form:
    """Return a form with what options take instead, one after the other."""
    found = dict(form)
    for change in changes:
        for name, values in change.items():
            found[name] = found[name] | values
    return found


def cells(dataset: xr.Dataset, name: str, values: Mapping[str, str]) -> NDArray[np.float64]:
    """Return a variable in one form, shape (31, 13)."""
    return dataset[name].sel(values).transpose("province", "year").to_numpy()
