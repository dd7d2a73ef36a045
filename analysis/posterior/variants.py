"""Variants: a model with other priors, other terms or another engine, beside the fits by the rule.

A variant is kept under a name, given (`--as`) or made of what it changes, after a `~`: its trace is
traces/<panel>/<column>-<model>~<variant>.nc, and tables call it `<model>~<variant>`. It never takes
the place of the model's own fit, nor enters a verdict or a figure of the paper.
"""

import math
import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analysis.shared.frames import VARIANT
from data.shared.errors import UserError
from models.bayesian.registry import find
from models.design import Specification
from models.priors import Prior, Priors

LONGEST = 60
"""Characters of a name: a file system's limit holds for column, model and variant together."""

REAL, POSITIVE, INTERVAL = "any number", "a positive number", "a number between -1 and 1"
"""What a random variable may be."""


class Family(NamedTuple):
    """A distribution as it is spelled on the command line.

    Attributes
    ----------
    distribution : str
        A key of `models.priors.DISTRIBUTIONS`.
    numbers : tuple of str
        What is written after it; the first may be left out if it is in brackets.
    of : tuple of str
        What a variable with this prior can be; a distribution's name for those that have no other.
    """

    distribution: str
    numbers: tuple[str, ...]
    of: tuple[str, ...]


FAMILIES = {
    "normal": Family("Normal", ("[CENTRE]", "SD"), (REAL,)),
    "studentt": Family("StudentT", ("[CENTRE]", "SCALE"), (REAL,)),
    "uniform": Family("Uniform", ("LOW", "HIGH"), (REAL, POSITIVE, INTERVAL)),
    "halfnormal": Family("HalfNormal", ("SD",), (POSITIVE,)),
    "halfstudentt": Family("HalfStudentT", ("SCALE",), (POSITIVE,)),
    "lognormal": Family("LogNormal", ("MEDIAN", "SD"), (POSITIVE,)),
    "gamma": Family("Gamma", ("MEAN", "SD"), (POSITIVE,)),
    "correlation": Family("Correlation", ("[CENTRE]", "SD"), (INTERVAL,)),
    "zerosumnormal": Family("ZeroSumNormal", ("SD",), ("ZeroSumNormal",)),
    "lkj": Family("LKJ", ("ETA",), ("LKJ",)),
}
"""The t has three degrees of freedom (`models.priors.HALF_T_DF`)."""

KINDS = {
    **dict.fromkeys(("Normal", "StudentT"), REAL),
    **dict.fromkeys(("HalfNormal", "HalfStudentT", "LogNormal", "Gamma"), POSITIVE),
    **dict.fromkeys(("Correlation", "Uniform"), INTERVAL),
}
"""What a variable is, by the distribution that its own table gives it."""

INTEGRABLE = ("HalfNormal", "HalfStudentT", "LogNormal")
"""Priors of scales for which the collapsed form of a model has a density."""


class Change(NamedTuple):
    """Another prior for one line of a table, as it was written."""

    line: str
    family: str
    numbers: tuple[float, ...]

    @property
    def text(self) -> str:
        """The change as an option's value."""
        return f"{self.line}={self.family}:" + ":".join(f"{number:g}" for number in self.numbers)

    def of(self, default: Prior) -> Prior:
        """Return the line with this prior instead of its own.

        Raises
        ------
        UserError
            If the variable cannot have it.
        """
        family = FAMILIES[self.family]
        kind = KINDS.get(default.distribution, default.distribution)
        *centres, last = self.numbers
        centre, scale = centres[0] if centres else 0.0, last
        if self.family == "uniform":
            low, high = self.numbers
            centre, scale = (low + high) / 2, (high - low) / 2
            inside = {REAL: True, POSITIVE: low >= 0, INTERVAL: low >= -1 and high <= 1}
        else:
            inside = {REAL: True, POSITIVE: True, INTERVAL: -1 < centre < 1}
        if kind not in family.of or not inside.get(kind, True):
            raise UserError(
                f"--prior {self.text} does not fit: {default.name} is "
                f"{kind if kind in KINDS.values() else f'of the {kind} family'}; write "
                f"{' or '.join(f'{default.name}={form}' for form in forms(kind))}."
            )
        return replace(
            default,
            distribution=family.distribution,
            centre=centre,
            scale=scale,
            reason=f"Chosen for a variant in place of {default.distribution}"
            f"({default.centre:g}, {default.scale:g}).",
        )


def forms(kind: str = "") -> list[str]:
    """Say how priors of a kind of variable are written; of all without one."""
    written = []
    for name, family in FAMILIES.items():
        if not kind or kind in family.of:
            numbers = [number.replace("]", ":]") for number in family.numbers]
            written.append(f"{name}:" + ":".join(numbers).replace(":]:", ":]"))
    return written


@dataclass(frozen=True)
class Variant:
    """What is changed of a model's fit.

    Attributes
    ----------
    given : str
        Its name, empty if it is made of the changes.
    priors : tuple of Change
    add, drop : tuple of str
        Terms, by the panel's columns.
    """

    given: str = ""
    priors: tuple[Change, ...] = ()
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def name(self, engine: str = "") -> str:
        """Return how it is called; empty if nothing is changed.

        Parameters
        ----------
        engine : str
            Of the fit if it is not the model's own, else empty.

        Raises
        ------
        UserError
            If a name made of the changes would be too long.
        """
        if self.given:
            return self.given
        terms = "".join(f"+{term}" for term in self.add) + "".join(f"-{term}" for term in self.drop)
        parts = [engine, *(change.text.replace(":", "_") for change in self.priors)]
        name = "+".join(part for part in parts if part) + terms
        name = re.sub(r"[^\w.=+-]", "_", name).lstrip("+")
        if len(name) > LONGEST:
            raise UserError(
                f"A name made of all these changes ({name}) is too long: give one by --as."
            )
        return name

    def options(self, engine: str = "") -> str:
        """Return what is changed as it would be typed."""
        named = {
            "prior": [change.text for change in self.priors],
            "add": self.add,
            "drop": self.drop,
            "engine": [engine] if engine else [],
        }
        return shlex.join(word for kind, values in named.items() for value in values
                          for word in (f"--{kind}", value))  # fmt: skip

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the prior table that it changes."""
        return tuple(change.line for change in self.priors)

    @property
    def terms(self) -> str:
        """The terms that it adds and drops, in words; empty if none."""
        words = {"with": self.add, "without": self.drop}
        return ", ".join(f"{word} {', '.join(terms)}" for word, terms in words.items() if terms)

    def table(self, priors: Priors) -> Priors:
        """Return a model's prior table with the changed lines.

        Raises
        ------
        UserError
            If it has no such line, or a line's variable cannot have the prior.
        """
        if not self.priors:
            return priors
        lines = {prior.name: prior for prior in priors.table}
        for change in self.priors:
            refuse_unknown([change.line], lines)
            lines[change.line] = change.of(lines[change.line])
        return Priors(f"{priors.name}, changed", tuple(lines.values()))

    def specification(self, record: Specification) -> Specification:
        """Return a column's record with the terms added and dropped.

        Raises
        ------
        UserError
            If a term is there already, is not there, or none of interest is left.
        """
        for term in self.add:
            if term in (*record.terms, record.outcome):
                raise UserError(
                    f"--add {term}: column {record.column} has it already; its terms are "
                    f"{', '.join(record.terms)}."
                )
        for term in self.drop:
            if term not in record.terms:
                raise UserError(
                    f"--drop {term}: column {record.column} has no such term; its terms are "
                    f"{', '.join(record.terms)}."
                )
        interest = tuple(term for term in record.interest if term not in self.drop)
        if not interest:
            raise UserError(
                f"--drop {' --drop '.join(self.drop)} leaves column {record.column} no term of "
                f"interest: keep one of {', '.join(record.interest)}."
            )
        controls = tuple(term for term in record.controls if term not in self.drop) + self.add
        return replace(record, interest=interest, controls=controls)


PLAIN = Variant()
"""Nothing is changed."""


class NoSuchLineError(UserError):
    """A prior table has not got a line, or the model does not read it."""


def refuse_unknown(lines: Collection[str], known: Collection[str]) -> None:
    """Refuse lines that a prior table has not got, or a model does not read.

    Raises
    ------
    NoSuchLineError
    """
    for line in lines:
        if line not in known:
            raise NoSuchLineError(
                f"--prior {line}: the model has no such line; choose among {', '.join(known)}."
            )


def parse(
    priors: Sequence[str] = (), add: Sequence[str] = (), drop: Sequence[str] = (), name: str = ""
) -> Variant:
    """Read what a user asks to change.

    Parameters
    ----------
    priors : sequence of str
        As "slope_std=normal:1".
    add, drop : sequence of str
        Terms.
    name : str
        Empty for one that is made of the changes.

    Raises
    ------
    UserError
        If a prior cannot be read, or the name cannot be a file's.
    """
    if name and (len(name) > LONGEST or not re.fullmatch(r"\w[\w.=+-]*", name)):
        raise UserError(
            f"--as {name!r} cannot be a file's name: use up to {LONGEST} letters, digits and the "
            "signs _ . = + -, without blanks."
        )
    changes = [_change(text) for text in priors]
    lines = [change.line for change in changes]
    if twice := {line for line in lines if lines.count(line) > 1}:
        raise UserError(f"--prior names {twice.pop()} twice: leave one.")
    return Variant(name, tuple(changes), tuple(dict.fromkeys(add)), tuple(dict.fromkeys(drop)))


def from_options(text: str, name: str) -> Variant:
    """Read a variant from what `Variant.options` says of it."""
    words = shlex.split(text)
    chosen: dict[str, list[str]] = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        chosen.setdefault(option, []).append(value)
    return parse(*(chosen.get(f"--{kind}", []) for kind in ("prior", "add", "drop")), name)


def _change(text: str) -> Change:
    line, equals, prior = (part.strip() for part in text.partition("="))
    spelled, *numbers = prior.split(":")
    family = FAMILIES.get(spelled.strip().lower())
    values = tuple(map(_number, numbers))
    if not (line and equals and family and _fits(family, values)):
        raise UserError(
            f"--prior {text} cannot be read: write LINE=PRIOR, where LINE is a line of "
            "`prior-summary` such as slope_std and PRIOR is one of "
            f"{', '.join(forms())}, such as slope_std=normal:1."
        )
    return Change(line, spelled.strip().lower(), values)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _fits(family: Family, numbers: Sequence[float]) -> bool:
    """Return whether a family can have these numbers."""
    least = sum("[" not in name for name in family.numbers)
    if not least <= len(numbers) <= len(family.numbers) or not all(map(math.isfinite, numbers)):
        return False
    if family.numbers == ("LOW", "HIGH"):
        return numbers[0] < numbers[1]
    free_first = "[CENTRE]" in family.numbers
    return all(number > 0 for number in (numbers[-1:] if free_first else numbers))


def integrable(changed: Priors, defaults: Priors) -> bool:
    """Return whether a model that is normal given its scales is so with these priors, too.

    Parameters
    ----------
    changed, defaults : Priors
        Tables with the same lines: the one to use, and the model's own.
    """

    def kept(new: Prior, old: Prior) -> bool:
        if new.distribution != old.distribution:
            return {new.distribution, old.distribution} <= set(INTEGRABLE)
        fixed = new.distribution == "Normal", new.distribution == "Uniform"
        return not (fixed[0] and new.centre != old.centre) and not (fixed[1] and new != old)

    return all(kept(*pair) for pair in zip(changed.table, defaults.table, strict=True))


def fit_named(name: str) -> str:
    """Return how a fit is called that a user names, a model's own or a variant's.

    Raises
    ------
    UserError
        If there is no such model.
    """
    model, separator, variant = name.partition(VARIANT)
    return f"{find(model).name}{separator}{variant}"


def called(model: str, variant: str) -> str:
    """Return how tables and files call a model's fit."""
    return f"{model}{VARIANT}{variant}" if variant else model
