"""What a study.toml holds: pydantic's rules, and one sentence for the first failure.

A study names its data, its variables and its columns. Printed numbers and claims stand in files of
their own, which it names and which nothing here reads: estimators are given records made from the
rest, which have no place for a printed number.
"""

import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from data.shared.errors import UserError, one_line
from data.studies.choices import Multiverse
from data.studies.fields import Keys, Name, Sample, Term, Variable
from data.studies.formula import Formula, column_formula

GMM = ("system_gmm", "difference_gmm")
"""Estimators of a dynamic panel: the formula's first term is the outcome's lag."""

IV = ("iv", "within_iv", "fd_iv")
"""Two-stage least squares: in levels, within units, in first differences."""

EFFECTS = {
    "twfe": ("two",),
    "within": ("unit",),
    "pooled_ols": ("none", "time"),
    "between": ("none",),
    "random_effects": ("none", "time"),
    "iv": ("none", "time"),
    "within_iv": ("unit", "two"),
    "fd_iv": ("none", "time"),
    "system_gmm": ("unit", "two"),
    "difference_gmm": ("unit", "two"),
}
"""By estimator, the fixed effects that a formula may name behind its bar."""

ERRORS = ("conventional", "robust", "clustered", "two_way_clustered", "driscoll_kraay")
"""Kinds of standard errors; a GMM has its own."""


def _checked(formula: str) -> str:
    column_formula(formula)
    return formula


class Data(Keys):
    """Where the panel is, and what its rows are of."""

    file: Name = Field(description="The data file, relative to study.toml: any kind that is read.")
    unit: Name = Field(description="The column of units: states, provinces, firms.")
    time: Name = Field(description="The column of calendar years.")
    region: str = Field("", description="The column of regions, groups of units; may be left out.")
    labels: dict[str, str] = Field({}, description="What a variable is, in words.")
    units: dict[str, str] = Field({}, description="A variable's unit of measurement.")
    regions: dict[str, list[str | int]] = Field(
        {}, description="The units of each region, where no column says it."
    )

    @model_validator(mode="after")
    def _once(self) -> "Data":
        if self.region and self.regions:
            raise ValueError(
                "regions come from the column `region` or from the table `data.regions`: keep one"
            )
        region_of: dict[str | int, str] = {}
        for region, units in self.regions.items():
            for unit in units:
                if unit in region_of:
                    raise ValueError(
                        f"{unit!r} is in the regions {region_of[unit]!r} and {region!r}: keep one"
                    )
                region_of[unit] = region
        return self


class Gmm(Keys):
    """The choices of a GMM, as `analysis.replication.system_gmm.Choices` explains them."""

    collapse: bool = Field(True, description="One instrument for each lag, not for each year too.")
    lags: tuple[int, int] = Field(
        (2, 4),
        strict=False,
        description="First and last lag of the outcome as instruments; 0 for all after the first.",
    )
    interest: Literal["exogenous", "predetermined", "endogenous"] = "exogenous"
    steps: Literal[1, 2] = 2
    transform: Literal["difference", "deviations"] = "difference"
    robust: bool = Field(
        True, description="Errors robust to any pattern within units; Windmeijer's in two steps."
    )

    @model_validator(mode="after")
    def _rising(self) -> "Gmm":
        first, last = self.lags
        if first < 2 or (last and last < first):
            raise ValueError("`lags` are two whole numbers, the first 2 or more: write [2, 4]")
        return self


class Column(Keys):
    """One printed column: a regression."""

    name: Annotated[str, Field(pattern=r"^[0-9A-Za-z]+\.[0-9A-Za-z]+$")] = Field(
        description='Table and column: "3.2" is column 2 of Table 3.'
    )
    formula: Annotated[Name, AfterValidator(_checked)] = Field(
        description='As in fixest: "y ~ x1 + x2 | unit + time", instruments apart.'
    )
    interest: list[Term] = Field(min_length=1, description="Terms that the study is about.")
    title: str = Field("", description="What the column shows.")
    sample: Sample = Field(
        "", description="Which rows: \"region == 'north' and year <= 1980\"; all by default."
    )
    estimator: Literal[tuple(EFFECTS)] = "twfe"
    errors: Literal[ERRORS] = "conventional"
    endogenous: list[Term] = Field([], description="Terms that instruments stand in for.")
    instruments: list[Term] = Field([], description="Excluded instruments, as terms.")
    gmm: Gmm | None = Field(None, description="Choices of a GMM; the defaults if left out.")

    @property
    def parsed(self) -> Formula:
        """The formula's parts."""
        return column_formula(self.formula)

    @model_validator(mode="after")
    def _consistent(self) -> "Column":
        parsed = self.parsed
        for name in (*self.interest, *self.endogenous):
            _known(name, parsed.terms, "the formula has no term {}")
        if bool(self.endogenous) != bool(self.instruments):
            raise ValueError("`endogenous` and `instruments` go together: name both or neither")
        if len(self.instruments) < len(self.endogenous):
            raise ValueError(
                f"{len(self.endogenous)} endogenous terms need as many instruments, not "
                f"{len(self.instruments)}: name more"
            )
        if self.endogenous and self.estimator not in IV:
            raise ValueError(
                f"{self.estimator} takes no instruments: use one of {', '.join(IV)}, or leave "
                "`endogenous` and `instruments` out"
            )
        if self.estimator in IV and not self.endogenous:
            raise ValueError(f"{self.estimator} needs `endogenous` and `instruments`: name them")
        if self.gmm and self.estimator not in GMM:
            raise ValueError(f"{self.estimator} is no GMM: leave the table `gmm` out")
        lag = f"lag({parsed.outcome})"
        if self.estimator in GMM and lag not in parsed.terms:
            raise ValueError(f"{self.estimator} is of a dynamic panel: add the term {lag}")
        if self.estimator in GMM and set(self.interest) == {lag}:
            raise ValueError(f"{lag} is in every GMM: name a term of interest besides")
        return self


class Named(Keys):
    """A file in the folder of study.toml."""

    file: Name


class StudyFile(Keys):
    """All of a study.toml."""

    title: Name
    citation: str = ""
    data: Data
    transform: dict[str, Variable] = Field(
        {}, description="New variables, by expressions; by a condition it is a dummy."
    )
    column: list[Column] = Field(min_length=1)
    printed: Named | None = Field(
        None, description="The printed numbers, as analysis/audit/README.md lays them out."
    )
    claims: Named | None = Field(
        None, description="The paper's claims: text, column, term, kind, rope."
    )
    multiverse: Multiverse | None = Field(
        None, description="Choices of analysis that are crossed; some by default."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "StudyFile":
        names = [column.name for column in self.column]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the column {name!r} stands twice: give each a name of its own")
        for column in self.column:
            _check_effects(column, self.data)
        if self.multiverse:
            terms = {c.name: (c.parsed.outcome, *c.parsed.terms) for c in self.two_way}
            regions = bool(self.data.region or self.data.regions)
            if fault := self.multiverse.fault(terms, regions):
                raise ValueError(fault)
        return self

    @property
    def two_way(self) -> list[Column]:
        """The columns of two-way fixed effects."""
        return [column for column in self.column if column.estimator == "twfe"]


def _check_effects(column: Column, data: Data) -> None:
    """See that the fixed effects of a formula are those of its estimator."""
    for name in column.parsed.effects:
        _known(name, (data.unit, data.time), f"column {column.name}: {{}} is no fixed effect")
    effects = kind_of_effects(column.parsed.effects, data)
    allowed = EFFECTS[column.estimator]
    if effects not in allowed:
        bar = {
            "two": f"| {data.unit} + {data.time}",
            "unit": f"| {data.unit}",
            "time": f"| {data.time}",
            "none": "no bar",
        }
        raise ValueError(
            f"column {column.name}: {column.estimator} has "
            f"{' or '.join(bar[kind] for kind in allowed)} in its formula, not "
            f"{bar[effects]}: change the formula or the estimator"
        )


def kind_of_effects(effects: tuple[str, ...], data: Data) -> str:
    """Return "two", "unit", "time" or "none", of the names behind a formula's bar."""
    present = data.unit in effects, data.time in effects
    return {(True, True): "two", (True, False): "unit", (False, True): "time"}.get(present, "none")


def _known(name: str, names: Sequence[str], fault: str) -> None:
    if name not in names:
        close = get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]!r}" if close else f"choose among {', '.join(names)}"
        raise ValueError(f"{fault.format(repr(name))}: {hint}")


# --- reading ------------------------------------------------------------------------------


def read(path: Path) -> StudyFile:
    """Read a study.toml.

    Raises
    ------
    UserError
        In one sentence with file, key and remedy.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(
            f"There is no file {str(path)!r}: give the path of a study.toml, or write one with "
            "`python -m analysis study init`."
        ) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UserError(f"{path} cannot be read ({reason}): give a TOML file in UTF-8.") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is no TOML ({error}): correct it there.") from None
    return parse(document, str(path))


def parse(document: dict[str, Any], file: str) -> StudyFile:
    """Validate the content of a study.toml; `file` is how errors name it."""
    try:
        return StudyFile.model_validate(document)
    except ValidationError as error:
        failures = error.errors(include_url=False)
        # A misspelt key is missing, too: what was written says more.
        failure = next((f for f in failures if f["type"] == "extra_forbidden"), failures[0])
        summary = UserError(f"{file}{_place(failure['loc'], document)}: {_fault(failure)}.")
        raise one_line(summary) from None


EXPECTED = {
    "string_type": "text belongs here; write it in quotes",
    "string_too_short": "the text is empty; fill it in",
    "list_type": "a list belongs here; write it in [brackets]",
    "dict_type": "a table belongs here; write key = value below [its name]",
    "model_type": "a table belongs here; write key = value below [its name]",
    "too_short": "the list is too short; name what is missing",
    "too_long": "the list is too long; leave out what is too much",
    "bool_type": "true or false belongs here; write it without quotes",
    "int_type": "a whole number belongs here; write it without quotes",
    "greater_than_equal": "the number is too small; write 0 or more",
    "missing": "the key is missing; add it",
}
"""By pydantic's type of a failure, what to do."""


def _fault(failure: dict[str, Any]) -> str:
    """Say what is wrong and what to do."""
    kind, loc = failure["type"], failure["loc"]
    if kind == "value_error":
        return failure["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        known = tuple(_keys_at(loc[:-1]))
        close = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.6)
        return "there is no such key; " + (
            f"did you mean {close[0]}" if close else f"the keys are {', '.join(known)}"
        )
    if kind == "literal_error":
        expected = failure["ctx"]["expected"].replace("'", "")
        return f"{failure['input']!r} is none of {expected}; write one of them"
    if kind == "string_pattern_mismatch" and loc[-1] == "name":
        return f'{failure["input"]!r} is no table and column; write "3.2" for column 2 of Table 3'
    if loc == ("column",):
        return "columns are a list of tables; write [[column]] above each"
    return EXPECTED.get(kind, f"{failure['msg']}; correct the value")


def _place(loc: tuple, document: Any) -> str:
    """Return the path to a key as TOML writes it, a column by its name."""
    parts: list[str] = []
    for key in loc:
        inner = document[key] if _holds(document, key) else None
        if isinstance(key, int):
            name = inner.get("name") if isinstance(inner, dict) else None
            parts[-1] += f"[{name or key + 1}]"
        else:
            parts.append(str(key))
        document = inner
    return f", key {'.'.join(parts)}" if parts else ""


def _holds(document: Any, key: Any) -> bool:
    if isinstance(document, dict):
        return key in document
    return isinstance(document, list) and isinstance(key, int) and key < len(document)


def _keys_at(loc: tuple) -> Iterator[str]:
    """Return the keys of the table at a path."""
    tables: dict[str, type[BaseModel]] = {
        "data": Data,
        "column": Column,
        "printed": Named,
        "claims": Named,
        "gmm": Gmm,
        "multiverse": Multiverse,
    }
    names = [key for key in loc if not isinstance(key, int)]
    yield from (tables[names[-1]] if names else StudyFile).model_fields


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study.toml, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **StudyFile.model_json_schema(),
        "title": "study.toml",
    }
