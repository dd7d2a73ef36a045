"""Published columns as records: the 19 of Ye (2024), or those of the study that is asked for.

A study is a paper with its columns (`data.studies`). Commands run on one at a time: `current()`,
the paper's unless `studying` another.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.panels.catalogue import PANELS
from data.panels.provinces import REGIONS
from data.shared.errors import UserError
from data.ye2024.definitions import SUMS
from models.bayesian.registry import main_model
from models.design import DERIVED, DYNAMIC, Specification, System

if TYPE_CHECKING:
    from data.panels.panel import Panel
    from data.studies.choices import Multiverse
    from data.studies.load import Loaded
    from data.studies.schema import Column

CONTROLS = ("fin", "env", "stru", "urb", "trans")
"""Section 4.2.4 of the paper, in the order of Table 3."""

SYSTEMS = (
    System(SUMS["produ"], "produ"),
    System(SUMS["M_all"], "M_all", result="produ"),
)
"""The dimensions of the index (Tables 3, 4, 6); misallocation and the index after it (Table 7)."""

HEADLINE = ("3.2", "8.1", "8.2", "8.3")
"""The baseline with controls and the three regions: `reproduce` samples their whole ladder."""


def _column(column: str, outcome: str, title: str, **changes) -> Specification:
    """Make a record that differs from the baseline (3.2) only by what is named."""
    system = next((s for s in SYSTEMS if outcome in (*s.parts, s.total)), None)
    record = {"interest": ("indus",), "controls": CONTROLS, "system": system, **changes}
    return Specification(column=column, outcome=outcome, title=title, **record)


SPECIFICATIONS = (
    _column("3.1", "produ", "baseline without controls", controls=()),
    _column("3.2", "produ", "baseline"),
    _column("3.3", "produ", "baseline with the square", interest=("indus", "indus2")),
    _column("4.1", "produ_inno", "dimension: innovation"),
    _column("4.2", "produ_green", "dimension: green"),
    _column("4.3", "produ_digit", "dimension: digital"),
    _column("5.1", "produ", "system GMM: index", estimator="system_gmm"),
    _column("5.2", "produ_inno", "system GMM: innovation", estimator="system_gmm"),
    _column("5.3", "produ_green", "system GMM: green", estimator="system_gmm"),
    _column("5.4", "produ_digit", "system GMM: digital", estimator="system_gmm"),
    _column("6.1", "produ", "robustness: employment density", interest=("density",)),
    _column("6.2", "produ_alt", "robustness: other index"),
    _column("6.3", "produ", "robustness: 2010–2018", last_year=2018),
    _column("7.1", "M_all", "mechanism: misallocation"),
    _column("7.2", "M_cap", "mechanism: capital misallocation"),
    _column("7.3", "M_lab", "mechanism: labour misallocation"),
    _column("8.1", "produ", "region: east", region="east"),
    _column("8.2", "produ", "region: central", region="central"),
    _column("8.3", "produ", "region: west", region="west"),
)

STATIC = tuple(record for record in SPECIFICATIONS if record.estimator == "twfe")
"""The paper's columns of two-way fixed effects."""


SPELLED = {
    "produ": "new quality productive forces",
    "produ_inno": "science and technology productivity",
    "produ_green": "green productivity",
    "produ_digit": "digital productivity",
    "produ_alt": "another index of productive forces",
    "M_all": "misallocation",
    "M_cap": "misallocation of capital",
    "M_lab": "misallocation of labour",
    "indus": "industrial agglomeration",
    "density": "employment density",
    "fin": "financial development",
    "env": "environmental regulation",
    "stru": "industrial structure",
    "urb": "urbanisation",
    "trans": "transport",
}
"""The paper's variables in words."""


@dataclass(frozen=True, eq=False)
class Study:
    """A paper with its columns; it holds no printed number.

    Attributes
    ----------
    title : str
    records : tuple of Specification
    headline : tuple of str
        Columns that commands take where none is named.
    panel : Panel, optional
        Its data; None of the paper, whose panels are named.
    path : Path, optional
        Of its study.toml; None of the paper.
    labels : mapping of str to str
        What variables are, in words.
    citation : str
    unit : str
        What its rows are of besides years: the name of that column.
    choices : Multiverse, optional
        Which choices of analysis are crossed; None where its file does not say.

    Examples
    --------
    >>> from analysis import Study, fit, replicate
    >>> study = Study.load("data/studies/munnell/study.toml")
    >>> replicate("1.3", study=study)  # doctest: +SKIP
    >>> fit("1.3", study=study)  # doctest: +SKIP
    """

    title: str
    records: tuple[Specification, ...]
    headline: tuple[str, ...]
    panel: "Panel | None" = None
    path: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    citation: str = ""
    unit: str = "province"
    choices: "Multiverse | None" = None

    @staticmethod
    def load(path: str | Path) -> "Study":
        """Read a study.toml, or the one in a folder, and its data.

        Raises
        ------
        UserError
            In one sentence with file, key or row, and remedy.
        """
        place = Path(path)
        return load(place / "study.toml" if place.is_dir() else place)


PAPER = Study("Ye (2024)", SPECIFICATIONS, HEADLINE, labels=SPELLED)

_current: ContextVar[Study] = ContextVar("study", default=PAPER)


def current() -> Study:
    """Return the study that commands are run on."""
    return _current.get()


@contextmanager
def studying(study: Study) -> Iterator[Study]:
    """Run what is within on a study."""
    before = _current.set(study)
    try:
        yield study
    finally:
        _current.reset(before)


@contextmanager
def asked(study: Study | str | Path | None, panel: Any) -> Iterator[Any]:
    """Run what is within on the study that a user of Python names; give its data.

    Parameters
    ----------
    study : Study, str or Path, optional
        Or the path of a study.toml or of its folder; by default the one that is run.
    panel : str or DataFrame, optional
        Data of the paper's columns; by default the first panel.

    Raises
    ------
    UserError
        If a study, which has its own data, is given others.
    """
    chosen = current() if study is None else study
    chosen = chosen if isinstance(chosen, Study) else Study.load(chosen)
    if chosen.panel is not None and panel is not None:
        raise UserError(f"The study {chosen.title!r} has its own data: leave `panel` out.")
    data = chosen.panel if panel is None else panel
    with studying(chosen):
        yield PANELS[0].name if data is None else data


def load(path: Path) -> Study:
    """Read a study.toml and its data.

    Raises
    ------
    UserError
        In one sentence with file, key or row, and remedy.
    """
    from data.studies.load import load as load_files

    loaded = load_files(path)
    records = tuple(_record(column, loaded) for column in loaded.file.column)
    main = [r.column for r in records if r.estimator in ("twfe", *DYNAMIC)]
    headline = tuple(main or [record.column for record in records[:1]])
    file, data = loaded.file, loaded.file.data
    return Study(
        *(file.title, records, headline, loaded.panel, path, data.labels, file.citation, data.unit),
        choices=file.multiverse,
    )


def _record(column: "Column", loaded: "Loaded") -> Specification:
    """Make a record of a study's column."""
    from data.studies.terms import condition_of

    data, parsed = loaded.file.data, column.parsed
    frame = loaded.panel.frame
    for term in DERIVED.keys() & {*parsed.terms}:
        source, function = DERIVED[term]
        if source in frame and np.allclose(frame[term], function(frame[source]), equal_nan=True):
            continue
        raise UserError(
            f"{loaded.path}, key column[{column.name}].formula: {term} is what this project calls "
            f'a term of its own; add my_{term} = "{term}" below [transform] and use that.'
        )
    rows = condition_of(column, loaded.file)
    # A GMM has the outcome's lag without its being named, a static model only as a term.
    lag = (f"lag({parsed.outcome})",) if column.estimator in DYNAMIC else ()
    names = {data.unit: "province", data.time: "year"}
    only = loaded.regions[0] if len(loaded.regions) == 1 else None
    chosen = column.gmm.model_dump() if column.gmm else {}
    return Specification(
        column=column.name,
        outcome=parsed.outcome,
        interest=tuple(term for term in column.interest if term not in lag),
        controls=tuple(t for t in parsed.terms if t not in (*lag, *column.interest)),
        title=column.title or f"{column.estimator}: {parsed.outcome}",
        last_year=rows.last_year,
        region=rows.region or only,
        estimator=column.estimator,
        where=rows.rest,
        effects=tuple(names[name] for name in parsed.effects),
        endogenous=tuple(column.endogenous),
        instruments=tuple(column.instruments),
        errors=column.errors,
        options=tuple(sorted(chosen.items())),
    )


def static() -> tuple[Specification, ...]:
    """Return the current study's columns of two-way fixed effects."""
    return tuple(record for record in current().records if record.estimator == "twfe")


def regions() -> tuple[str, ...]:
    """Return the current study's regions, in the order in which they are listed."""
    panel = current().panel
    return REGIONS if panel is None else tuple(dict.fromkeys(panel.frame["region"]))


def select(columns: Sequence[str]) -> tuple[Specification, ...]:
    """Return the records of the named published columns, each once; all if none is named.

    Raises
    ------
    UserError
        If there is no such column.
    """
    records = current().records
    by_column = {record.column: record for record in records}
    for column in columns:
        if column not in by_column:
            raise UserError(
                f"There is no published column {column!r}: choose among {', '.join(by_column)}."
            )
    return tuple(by_column[column] for column in dict.fromkeys(columns)) or records


AVERAGE = "average"
"""In place of a region: the average slope over provinces and years."""


def published_column(record: Specification, region: str) -> str:
    """Return the column that prints the slope, of all rows or of a region's; empty if none."""
    if not region:
        return record.column
    for candidate in current().records:
        # The kind of standard errors is no part of the slope.
        labels = {"column": candidate.column, "title": candidate.title, "errors": candidate.errors}
        same = replace(record, **labels, region=region)
        if candidate == same and record.region is None:
            return candidate.column
    return ""


def home(record: Specification) -> tuple[Specification, str]:
    """Return the column whose main fit holds a column's slope, and the region of the slope."""
    if record.region is None:
        return record, AVERAGE
    for candidate in current().records:
        if published_column(candidate, record.region) == record.column and candidate != record:
            return candidate, record.region
    return record, AVERAGE


def evidence_model(record: Specification) -> str:
    """Return the name of the model whose posterior is the evidence: its home's main one."""
    home_record, _ = home(record)
    return main_model(home_record).name


def spelled(name: str) -> str:
    """Return a variable in words, with its symbol; only the symbol if it has no words."""
    labels = current().labels
    return f"{labels[name]} ({name})" if name in labels else name


PROVINCE = re.compile(r"(?<![\w/'\"=.-])([Pp])rovince(s'(?= )|s?)(?![\w/'\"=])")


OF_ANY_STUDY = {
    "one-province-out": "one-unit-out",
    "system GMM's own errors": "GMM's own errors",
}
"""Words that are of another study's, too, once they are written so."""


def worded(text: str) -> str:
    """Return words on provinces as words on the units of the study that is run.

    Labels of variables, models' sentences and errors are written of provinces; names in quotes and
    parts of paths stay.
    """
    study = current()
    if study.path is None or "province" in study.unit.lower():
        return text
    unit = {"P": "Unit", "p": "unit"}
    said = text
    for of_paper, of_study in OF_ANY_STUDY.items():
        said = said.replace(of_paper, of_study)
    return PROVINCE.sub(lambda match: unit[match[1]] + match[2], said)
