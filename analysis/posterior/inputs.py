"""Inputs of models beside the panel, read here since no model reads a file.

A model's record names its inputs (`models.bayesian.registry.Model.inputs`); `INPUTS` says how each
is read, and which panels it belongs to.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.specifications import current
from data.panels.catalogue import PANELS, kind_of
from models.bayesian.interface import Parts
from models.bayesian.registry import MEASURED, Model
from models.design import Design, Specification

if TYPE_CHECKING:
    import xarray as xr

DENOMINATOR = "provinces"
"""The nation's total in all readings, as in the panels."""


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes
    ----------
    load : callable
        Returns it.
    fits_panel : callable of str
        Whether it may be used with a panel of that name.
    """

    load: Callable[[], "xr.DataArray"]
    fits_panel: Callable[[str], bool]


@cache
def readings() -> "xr.DataArray":
    """Return the measured regressor in each vintage of the accounts, as the panels have it.

    Returns
    -------
    DataArray
        Dims (winsorised, province, year, vintage); attribute `source`, the file's name.

    Raises
    ------
    UserError
        If the Dataset is missing or is not what its sidecar says.
    """
    import xarray as xr

    from data.ye2024 import recollect
    from data.ye2024.definitions import DEFAULTS
    from data.ye2024.selection import made_of

    cells = recollect.load()[MEASURED]
    choices_of_panels = [made_of(kind.name)[MEASURED] for kind in PANELS if kind.evidence]
    industry = {choices["vintage"]: choices["industry"] for choices in choices_of_panels}
    cells = cells.sel(denominator=DENOMINATOR, drop=True)
    vintages = cells["vintage"].to_numpy().tolist()
    of_each = [industry.get(vintage, DEFAULTS["industry"]) for vintage in vintages]
    cells = cells.sel(industry=xr.DataArray(of_each, dims="vintage"), vintage=cells["vintage"])
    cells = cells.drop_vars("industry").transpose("winsorised", "province", "year", "vintage")
    return cells.assign_attrs(source=recollect.DATASET.name)


def official(panel: str) -> bool:
    """Whether a panel may hold one of the readings: no implied one does, and no other study's."""
    return current().panel is None and kind_of(panel).evidence


INPUTS = {"readings": Input(readings, official)}
"""By the name under which a model's `split` takes them."""


def fits_panel(model: Model, panel: str) -> bool:
    """Whether the model's inputs may be used with a panel of that name."""
    return all(INPUTS[name].fits_panel(panel) for name in model.inputs)


def split(model: Model, design: Design, specification: Specification) -> Parts:
    """Standardise a column's regression for a model, with the model's inputs."""
    loaded = {name: INPUTS[name].load() for name in model.inputs}
    return model.split(design, specification, **loaded)


def sha256(model: Model) -> dict[str, str]:
    """Hash the model's inputs: labels and values, whatever file they were read from."""
    return {name: _sha256(INPUTS[name].load()) for name in model.inputs}


def _sha256(values: "xr.DataArray") -> str:
    digest = hashlib.sha256()
    for name in values.dims:
        digest.update("\0".join([name, *map(str, values[name].to_numpy())]).encode() + b"\n")
    digest.update(np.ascontiguousarray(values.to_numpy(), np.float64))
    return digest.hexdigest()
