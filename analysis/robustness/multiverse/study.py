"""The multiverse of a study: choices of its file, or some by default, and its data in every form.

A universe has the rows in which the column's own variables are seen, also where it leaves a control
out. A form of a variable that is missing in more rows has fewer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from analysis.robustness.multiverse import fraction
from analysis.robustness.multiverse.fraction import POSTERIOR
from analysis.robustness.multiverse.records import Choice, Family, Option, Setting
from analysis.robustness.multiverse.structures import ERRORS
from analysis.specifications import Study, current
from data.shared.errors import UserError
from data.shared.files import sha256
from models.design import Specification, complete, sample

if TYPE_CHECKING:
    from data.studies.choices import Multiverse

OWN = "own"
"""The name of a choice's first option: what the column does itself."""

BATCH = 12
"""Posteriors in one task, of one error structure."""

STRUCTURES = dict(zip(("independent", "ar1", "growth"), ERRORS.options, strict=True))
"""Error structures by their name in a study's file."""


def columns(study: Study) -> tuple[Specification, ...]:
    """Return the columns whose slopes are estimated in every universe.

    Raises
    ------
    UserError
        If no column has two-way effects.
    """
    kept = crossed(study)
    if not kept:
        raise UserError(
            "The multiverse is of columns of two-way effects, and the study has none: add one, "
            "such as 'y ~ x | unit + time'."
        )
    return tuple(record for record in study.records if record.column in kept)


def crossed(study: Study) -> list[str]:
    """Return the names of the columns that have universes; none may have."""
    named = study.choices.columns if study.choices else []
    static = [record.column for record in study.records if record.estimator == "twfe"]
    return [column for column in static if not named or column in named]


# --- choices --------------------------------------------------------------------------------------


def choices(study: Study, records: Sequence[Specification]) -> tuple[Choice, ...]:
    """Return the choices of a study's file, or those that are made where it has none."""
    frame = study.panel.frame
    regions = list(dict.fromkeys(frame["region"]))
    several = len(regions) > 1
    if study.choices is None:
        years = dict.fromkeys(year for record in records for year in ends(study, record))
        listed = [
            *_controls("one_out", {}, records),
            _rows("years", (("without " + str(y), _without("year", y)) for y in sorted(years))),
            _rows("regions", ((f"without {r}", _without("region", r)) for r in regions * several)),
        ]
        return tuple(choice for choice in listed if len(choice.options) > 1)
    stated = study.choices
    listed = [
        *(_form(name, forms) for name, forms in stated.forms.items()),
        *_controls(stated.controls, stated.control_sets, records),
        _rows("sample", ((name, _holds(text)) for name, text in stated.samples.items())),
        _rows("years", ((f"without {y}", _without("year", y)) for y in stated.without_years)),
        _rows("regions", ((f"without {r}", _without("region", r)) for r in stated.without_regions)),
        _estimator("effects", "two-way", stated.effects, EFFECTS),
        _estimator("weights", "equal", stated.weights, WEIGHTS),
    ]
    return tuple(choice for choice in listed if len(choice.options) > 1)


EFFECTS = {
    "region_by_year": Option(
        "region by year", "Regions grow apart for reasons of their own.", sets={"by_region": True}
    ),
    "unit_trends": Option(
        "unit trends", "Units that grow at different speeds.", sets={"trend": True}
    ),
}
WEIGHTS = {
    "by_region": Option(
        "by region's noise", "Feasible least squares: noisy regions count less.",
        sets={"weighted": True},
    )
}  # fmt: skip
ESTIMATOR = ("effects", "weights")
"""Choices that posteriors, which have effects and scales of their own, leave out."""


def ends(study: Study, record: Specification) -> tuple[int, int]:
    """Return the first and the last year of a column's rows."""
    years = complete(sample(study.panel.frame, record), record)["year"]
    return int(years.min()), int(years.max())


def _controls(
    kind: str, named: dict[str, list[str]], records: Sequence[Specification]
) -> Iterator[Choice]:
    """Yield the choice of controls: named sets, each left out in turn, or each in or out."""
    every = list(dict.fromkeys(c for r in records for c in r.controls if not _is_lag(c, records)))
    if named:
        sets = ((name, [c for c in every if c not in kept]) for name, kept in named.items())
    else:
        sets = ((f"without {c}", [c]) for c in every)
    options = [
        Option(name, "A set of the study's controls.", drops=tuple(drops)) for name, drops in sets
    ]
    if kind == "each" and not named:
        yield from (Choice(_named(o.name), (_own("with it"), o)) for o in options)
    elif kind != "own" or named:
        yield Choice("controls", (_own(), *options))


def _is_lag(control: str, records: Sequence[Specification]) -> bool:
    """Whether a control is the outcome's lag: without it a slope is no short-run effect."""
    return any(control.startswith(f"lag({record.outcome}") for record in records)


def _rows(name: str, kept: Iterable[tuple[str, Callable[[pd.DataFrame], pd.Series]]]) -> Choice:
    options = (Option(label, "Rows that are kept.", keeps=keeps) for label, keeps in kept)
    return Choice(name, (_own("all"), *options))


def _without(column: str, label: object) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda rows: rows[column] != label


def _holds(condition: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda rows: rows[condition]


def _form(name: str, forms: dict[str, str]) -> Choice:
    dim = form_of(name)
    options = (Option(f, f"{name} as {e}.", {name: {dim: f}}) for f, e in forms.items())
    return Choice(dim, (_own(), *options))


def _estimator(
    name: str, plain: str, alternatives: Sequence[str], known: dict[str, Option]
) -> Choice:
    return Choice(name, (_own(plain), *(known[option] for option in alternatives)))


def _own(name: str = OWN) -> Option:
    return Option(name, "The column's own.")


def form_of(name: str) -> str:
    """Return the name of the choice between a variable's forms."""
    return _named(f"form of {name}")


def _named(text: str) -> str:
    """Return a name that NetCDF takes of a coordinate: no slash, no blank."""
    return text.replace("/", "÷").replace(" ", "_")


# --- data -----------------------------------------------------------------------------------------


def dataset(study: Study, records: Sequence[Specification]) -> tuple[pd.DataFrame, xr.Dataset]:
    """Return a row for each unit and year, seen or not, and every variable in each of its forms.

    Returns
    -------
    frame : DataFrame
        Columns `province, year, region`, and the conditions on rows.
    dataset : Dataset
        Each variable over `province, year` and, if it has several, its forms.
    """
    panel = study.panel.frame
    provinces, years = list(dict.fromkeys(panel["province"])), sorted(panel["year"].unique())
    cells = pd.MultiIndex.from_product([provinces, years], names=["province", "year"])
    wide = panel.set_index(["province", "year"]).reindex(cells)
    region = panel.drop_duplicates("province").set_index("province")["region"]
    stated = study.choices
    conditions = [record.where for record in records if record.where]
    conditions += list(stated.samples.values()) if stated else []
    frame = wide.index.to_frame(index=False).assign(
        region=lambda rows: rows["province"].map(region),
        **{name: wide[name].eq(True).to_numpy() for name in dict.fromkeys(conditions)},
    )
    shape, coords = (len(provinces), len(years)), {"province": provinces, "year": years}
    variables = {}
    for name in dict.fromkeys(name for record in records for name in record.variables):
        forms = {OWN: name} | (stated.forms.get(name, {}) if stated else {})
        values = np.stack([wide[text].to_numpy(float).reshape(shape) for text in forms.values()])
        if len(forms) == 1:
            variables[name] = (("province", "year"), values[0])
        else:
            variables[name] = ((form_of(name), "province", "year"), values)
            coords[form_of(name)] = list(forms)
    return frame, xr.Dataset(variables, coords)


# --- the whole of it ------------------------------------------------------------------------------

_kept: dict[str, Setting] = {}


def setting() -> Setting:
    """Return the multiverse of the study that is run: the same object each time."""
    study = current()
    records = columns(study)
    key = sha256(repr((study.panel.sha256, study.choices, records)).encode())
    if key not in _kept:
        frame, values = dataset(study, records)
        grid = choices(study, records)
        construction = {
            dim: tuple(map(str, values[dim].to_numpy()))
            for dim in values.dims
            if dim not in ("province", "year")
        }
        of_terms = {choice.name for choice in grid if _is_of_terms(choice)}
        _kept[key] = Setting(
            dataset=values,
            dataset_sha256=key,
            construction=construction,
            defaults=dict.fromkeys(construction, OWN),
            frame=frame,
            grid=grid,
            of_terms=frozenset(of_terms),
            families=tuple(_posteriors(study.choices, grid)),
            described=f"{study.path}, [multiverse]" if study.choices else "made by default",
            records=records,
        )
    return _kept[key]


def _is_of_terms(choice: Choice) -> bool:
    return any(option.takes or option.drops for option in choice.options)


def _posteriors(stated: "Multiverse | None", grid: Sequence[Choice]) -> Iterator[Family]:
    """Yield the family of posteriors, unless none are wanted."""
    size = stated.posteriors if stated else DEFAULT_POSTERIORS
    structures = stated.errors if stated else list(STRUCTURES)
    if size and structures:
        yield Family(
            name=POSTERIOR,
            choices=tuple(choice for choice in grid if choice.name not in ESTIMATOR),
            estimate=fraction.posteriors,
            terms=lambda record: record.interest,
            dynamic=False,
            size=size,
            batch=BATCH,
            crossed=Choice(ERRORS.name, tuple(STRUCTURES[name] for name in structures)),
        )


DEFAULT_POSTERIORS = 12
"""Universes of a column with posteriors where the study's file does not say."""


def said(study: Study) -> str:
    """Say which choices are crossed, and that they are made by default where they are."""
    listed = [
        f"{choice.name} ({', '.join(option.name for option in choice.options)})"
        for choice in setting().grid
    ]
    names = "; ".join(listed) or "none"
    if study.choices is not None:
        return f"Choices of {study.path.name}: {names}.{_without_universes(study)}"
    return (
        f"{study.path.name} has no table [multiverse]. Crossed by default: {names}. Name other "
        f"choices in that table (data/README.md).{_without_universes(study)}"
    )


def _without_universes(study: Study) -> str:
    """Say which columns with GMM have no universes; empty if none has it."""
    others = [record.column for record in study.records if record.dynamic]
    if not others:
        return ""
    return f" Columns by GMM have no universes: {', '.join(others)}."
