"""Records that specify a difference or system GMM estimation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import Literal

from data.shared.errors import UserError

CONSTANT = "const"
"""The constant's term, after the slopes."""

Equation = Literal["both", "diff", "level"]
EQUATIONS = ("both", "diff", "level")
TRANSFORMS = ("difference", "deviations")

_TERM = re.compile(r"(?P<kind>[LlFf])(?P<lag>\d*)\.(?P<variable>.+)")


@cache
def parse_term(term: str) -> tuple[str, int]:
    """Split a term into variable and lag: "L2.n" is ("n", 2), "F.n" ("n", -1), "n" ("n", 0)."""
    match = _TERM.fullmatch(term)
    if match is None:
        return term, 0
    variable, inner = parse_term(match["variable"])
    lag = int(match["lag"] or 1)
    return variable, inner + (lag if match["kind"] in "Ll" else -lag)


def terms(text: str | Sequence[str]) -> tuple[str, ...]:
    """Read a list of terms, also written as in Stata: "L.n w L(0/2).k"."""
    items = text.split() if isinstance(text, str) else text
    return tuple(term for item in items for term in _expand(item))


def _expand(item: str) -> list[str]:
    match = re.fullmatch(r"([LlFf])\((\d+)/(\d+)\)\.(.+)", item)
    if match is None:
        return [item]
    kind, first, last, variable = match.groups()
    first, last = int(first), int(last)
    lags = range(first, last + 1) if first <= last else range(first, last - 1, -1)
    return [f"{kind}{lag if lag > 1 else ''}.{variable}" if lag else variable for lag in lags]


def _some_terms(text: str | Sequence[str]) -> tuple[str, ...]:
    variables = terms(text)
    if not variables:
        raise UserError("A set of instruments names no variable: name one or drop the set.")
    return variables


@dataclass(frozen=True)
class Gmm:
    """GMM-style instruments, xtabond2's `gmm(variables, lag(a b) collapse eq())`.

    Attributes
    ----------
    variables : tuple of str
        Terms; a string is read as in Stata ("L.n w").
    lag : tuple of (int or None)
        Lags a … b of the variables that instrument the transformed equation; None for b means
        as deep as the panel goes, for a 1. With `equation` "both" the lagged difference at lag
        a − 1 instruments the levels equation; with "level" the differences at lags a … b do.
    collapse : bool
        One instrument per lag instead of one per lag and period.
    equation : "both", "diff" or "level"
    """

    variables: tuple[str, ...]
    lag: tuple[int | None, int | None] = (1, None)
    collapse: bool = False
    equation: Equation = "both"

    def __post_init__(self) -> None:
        is_pair = isinstance(self.lag, Sequence) and len(self.lag) == 2
        if not is_pair or not all(lag is None or isinstance(lag, Integral) for lag in self.lag):
            raise UserError(f"Lags {self.lag} must be two whole numbers, or None for open ends.")
        first, last = self.lag
        first = 1 if first is None else first
        if last is not None and last < first:
            first, last = last, first
        object.__setattr__(self, "variables", _some_terms(self.variables))
        object.__setattr__(self, "lag", (first, last))
        _refuse_unknown("equation", self.equation, EQUATIONS)

    @property
    def label(self) -> str:
        """The set as xtabond2 lists it."""
        first, last = self.lag
        parts = ["collapse"] if self.collapse else []
        parts += [] if self.equation == "both" else [f"eq({self.equation})"]
        parts.append(f"lag({first} {'.' if last is None else last})")
        return f"gmm({' '.join(self.variables)}, {' '.join(parts)})"


@dataclass(frozen=True)
class Iv:
    """Ordinary instruments, xtabond2's `iv(variables, eq())`, one column per variable.

    Attributes
    ----------
    variables : tuple of str
        Terms; transformed in the transformed equation, as they are in levels.
    equation : "both", "diff" or "level"
    """

    variables: tuple[str, ...]
    equation: Equation = "both"

    def __post_init__(self) -> None:
        object.__setattr__(self, "variables", _some_terms(self.variables))
        _refuse_unknown("equation", self.equation, EQUATIONS)

    @property
    def label(self) -> str:
        """The set as xtabond2 lists it."""
        equation = "" if self.equation == "both" else f", eq({self.equation})"
        return f"iv({' '.join(self.variables)}{equation})"


@dataclass(frozen=True)
class GmmSpecification:
    """One estimation.

    Attributes
    ----------
    outcome : str
        The dependent variable.
    regressors : tuple of str
        Terms, the lagged outcome among them ("L.n"); a constant is added in system GMM.
    gmm : tuple of Gmm
    iv : tuple of Iv
    system : bool
        System GMM; False gives difference GMM.
    transform : "difference" or "deviations"
        First differences or forward orthogonal deviations.
    steps : 1 or 2
    robust : bool
        Standard errors robust to any pattern within groups; after two steps, Windmeijer's.
    small : bool
        Stata's small-sample corrections, t and F.
    h : 1, 2 or 3
        First-step weighting, xtabond2's `h()`.
    cluster : str, optional
        Column whose values make the clusters; groups by default.
    constant : bool
        Constant in the levels equation; without effect in difference GMM.
    ar : int
        Highest order of the serial-correlation tests.
    """

    outcome: str
    regressors: tuple[str, ...]
    gmm: tuple[Gmm, ...] = ()
    iv: tuple[Iv, ...] = ()
    system: bool = True
    transform: Literal["difference", "deviations"] = "difference"
    steps: Literal[1, 2] = 2
    robust: bool = True
    small: bool = False
    h: Literal[1, 2, 3] = 3
    cluster: str | None = None
    constant: bool = True
    ar: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "regressors", terms(self.regressors))
        for name, kind in (("gmm", Gmm), ("iv", Iv)):
            sets = getattr(self, name)
            sets = (sets,) if isinstance(sets, kind) else tuple(sets)
            if not all(isinstance(group, kind) for group in sets):
                raise UserError(f"Option {name} must list instruments of the kind {kind.__name__}.")
            object.__setattr__(self, name, sets)
        _refuse_unknown("transform", self.transform, TRANSFORMS)
        _refuse_unknown("steps", self.steps, (1, 2))
        _refuse_unknown("h", self.h, (1, 2, 3))
        if not isinstance(self.ar, Integral) or self.ar < 0:
            raise UserError(f"Option ar cannot be {self.ar!r}: name the highest order, or 0.")
        if not self.regressors and not self.has_constant:
            raise UserError("No regressor is named: name one.")
        if not self.gmm and not self.iv and not self.has_constant:
            raise UserError("No instruments are named: name some in gmm or iv.")
        if self.outcome in self.regressors:
            raise UserError(
                f"Regressor {self.outcome} is the outcome: drop it or take a lag of it."
            )
        if self.has_constant and CONSTANT in self.columns:
            raise UserError(
                f"A variable cannot be called {CONSTANT} beside the constant: rename it."
            )
        twice = [term for i, term in enumerate(self.regressors) if term in self.regressors[:i]]
        if twice:
            raise UserError(f"Regressor {twice[0]} is named twice: name it once.")
        for group in () if self.system else (*self.gmm, *self.iv):
            if group.equation == "level":
                raise UserError(
                    f"Instruments {group.label} are for the levels equation, which difference GMM "
                    "does not have: drop them or estimate system GMM."
                )

    @property
    def robust_moments(self) -> bool:
        """Whether the moments' covariance is estimated from residuals."""
        return self.steps == 2 or self.robust or self.cluster is not None

    @property
    def has_constant(self) -> bool:
        """Whether a constant is estimated."""
        return self.system and self.constant

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term that the estimation reads, each once, the outcome first."""
        sets = (*self.gmm, *self.iv)
        of_sets = (term for group in sets for term in group.variables)
        return tuple(dict.fromkeys((self.outcome, *self.regressors, *of_sets)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Variables read from the panel, without lags, each once."""
        return tuple(dict.fromkeys(parse_term(term)[0] for term in self.terms))


def _refuse_unknown(option: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise UserError(
            f"Option {option} cannot be {value!r}: choose among {', '.join(map(str, choices))}."
        )
