"""Load a panel: a named one, verified against its sidecar, or the user's own file."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from data.panels.catalogue import (
    EDITION,
    ENSEMBLE,
    FOLDER,
    FORMER_NAMES,
    IMPUTED,
    MEMBER,
    OF_EDITION,
    OF_IMPUTED,
    OWN,
    ensemble_members,
    kind_of,
    named_panels,
    own_name,
)
from data.panels.provinces import REGION_OF
from data.shared.errors import UserError, one_line
from data.shared.files import sha256

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Panel:
    """A panel ready for estimation, and where it came from.

    Attributes
    ----------
    name : str
        One of `named_panels()` or of `ensemble_members()`, or "own-" and the stem of the user's
        file; a safe folder name.
    frame : DataFrame
        Columns `province` (str), `year` (int), `region` (str) and the variables (float),
        sorted by province and year.
    sha256 : str
        Of the bytes of the file.
    balanced : bool
        Whether every province is seen in every year.
    notices : tuple of str
        Notices for the user, one sentence each.
    exact_but : tuple of (column, term, statistic), optional
        Of a panel that claims to meet the printed numbers: the cells that it does not. None
        where nothing is claimed.
    about : str
        What the panel may be called, where its name does not say it.
    """

    name: str
    frame: "pd.DataFrame"
    sha256: str
    balanced: bool
    notices: tuple[str, ...] = ()
    exact_but: tuple[tuple[str, str, str], ...] | None = None
    about: str = ""

    @property
    def label(self) -> str:
        """What the panel may be called, in one sentence."""
        return self.about or kind_of(self.name).label


def load_member(name: str, folder: Path = FOLDER) -> Panel:
    """Load one panel of a file of several, the ensemble or the first edition, with all variables.

    Raises
    ------
    UserError
        If the file is not what its sidecar says, or holds no such panel.
    """
    edition = OF_EDITION.fullmatch(name)
    path = folder / (EDITION if edition else ENSEMBLE)
    digest = sha256(path.read_bytes())
    about = verified(path, digest)
    selector = {"panel": edition[1]} if edition else {"member": int(MEMBER.fullmatch(name)[1])}
    import xarray as xr

    from data.panels.cells import in_order

    with xr.open_dataset(path) as dataset:
        (dim, label), labels = *selector.items(), dataset[next(iter(selector))].to_numpy().tolist()
        if label not in labels:
            known = ", ".join(f"{offered}@1" for offered in labels)
            raise UserError(f"There is no panel {name!r} in {path.name}: choose among {known}.")
        member = dataset.sel(selector).load().drop_vars(dim)
    frame = member.to_dataframe().reset_index()
    for total, parts in about["sums"].items():
        frame[total] = sum(frame[part] for part in parts["parts"]).round(parts["decimals"])
    frame["region"] = frame["province"].map(REGION_OF)
    frame = in_order(frame[["province", "year", "region", *about["variables"]]])
    exact_but = tuple(map(tuple, about["exact_but"])) if "exact_but" in about else None
    return Panel(name, frame, sha256(f"{digest} {name}".encode()), True, (), exact_but)


def load_draw(name: str, folder: Path = FOLDER) -> Panel:
    """Load one draw of an official panel: what is drawn, and the panel's other variables.

    Raises
    ------
    UserError
        If a file is not what its sidecar says, there is no such draw, or the panel is not the one
        that was drawn.
    """
    base, draw = OF_IMPUTED.fullmatch(name).groups()
    path = folder / IMPUTED
    digest = sha256(path.read_bytes())
    about = verified(path, digest)
    if not 1 <= int(draw) <= about["draws"]:
        raise UserError(
            f"There is no panel {name!r}: {path.name} has draws 01 to {about['draws']:02d}."
        )
    content = _bytes(folder / f"{base}.csv", folder)
    if sha256(content) != about["of"].get(base):
        raise UserError(
            f"{path.name} was drawn for another {base}.csv than this one: restore both files from "
            "the repository or rebuild them with `python -m analysis panel build`."
        )
    panel, draws = _drawn(base, folder, about["of"][base], digest)
    values = panel.frame.copy()
    drawn = draws.sel(draw=int(draw)).to_dataframe()
    rows = drawn.loc[list(zip(values["province"], values["year"], strict=True))]
    for variable, decimals in about["decimals"].items():
        values[variable] = rows[variable].to_numpy().round(decimals)
    for total, parts in about["sums"].items():
        values[total] = sum(values[part] for part in parts["parts"]).round(parts["decimals"])
    return Panel(name, values, sha256(f"{digest} {name}".encode()), panel.balanced)


@cache
def _drawn(base: str, folder: Path, *digests: str) -> "tuple[Panel, xr.Dataset]":
    """Read a panel with all its variables, and its draws: once for all of them."""
    del digests  # of the files' bytes, so that changed ones are read again
    import xarray as xr

    about = json.loads((folder / IMPUTED).with_suffix(".json").read_text(encoding="utf-8"))
    with xr.open_dataset(folder / IMPUTED) as dataset:
        return load_named(base, about["variables"], folder), dataset.sel(panel=base).load()


def load_panel(name_or_path: str, variables: Sequence[str], folder: Path = FOLDER) -> Panel:
    """Load a named panel, or the user's own from a file.

    Parameters
    ----------
    name_or_path : str
        One of `named_panels()`, or else the path of a file, as `data/README.md` describes.
    variables : sequence of str
        Columns that the estimation reads besides province and year.
    folder : Path
        Where the named panels lie.

    Returns
    -------
    Panel

    Raises
    ------
    UserError
        If the file cannot be read, is not what its sidecar says, or fails `validate`.
    """
    try:
        return _load(name_or_path, variables, folder)
    except UserError as error:
        raise one_line(error) from None


def _load(name_or_path: str, variables: Sequence[str], folder: Path) -> Panel:
    if OF_EDITION.fullmatch(name_or_path) and (folder / EDITION).is_file():
        return load_member(name_or_path, folder)
    if OF_IMPUTED.fullmatch(name_or_path) and (folder / IMPUTED).is_file():
        return load_draw(name_or_path, folder)
    # The ensemble is opened for its members alone: spoiled, it is in no other panel's way.
    if MEMBER.fullmatch(name_or_path) and (folder / ENSEMBLE).is_file():
        verified(folder / ENSEMBLE, sha256((folder / ENSEMBLE).read_bytes()))
        if name_or_path in ensemble_members(folder):
            return load_member(name_or_path, folder)
    if name_or_path in named_panels(folder):
        return load_named(name_or_path, variables, folder)
    path = Path(name_or_path)
    content = _bytes(path, folder)

    from data.panels.user_panel import read

    frame, notices, balanced = read(content, variables, str(path))
    return Panel(own_name(path), frame, sha256(content), balanced, notices)


def panel_of(given: "str | pd.DataFrame | Panel", variables: Sequence[str]) -> Panel:
    """Return a panel by its name or path, or of a frame, read and validated as a file would be.

    Parameters
    ----------
    given : str, DataFrame or Panel
        Columns, or levels of the index, `province`, `year` and the variables. A panel is returned
        as it is.
    variables : sequence of str
        As `load_panel` takes them.

    Warns
    -----
    UserWarning
        Of what the panel has to say.
    """
    import pandas as pd

    from data.panels.user_panel import read

    if isinstance(given, Panel):
        panel = given
    elif isinstance(given, pd.DataFrame):
        flat = given.reset_index() if any(given.index.names) else given
        content = flat.to_csv(index=False).encode()
        frame, notices, balanced = read(content, variables, "the frame")
        panel = Panel(f"{OWN}frame", frame, sha256(content), balanced, notices)
    else:
        panel = load_panel(str(given), variables)
    for notice in panel.notices:
        warnings.warn(notice, stacklevel=4)
    return panel


def load_named(name: str, variables: Sequence[str], folder: Path = FOLDER) -> Panel:
    """Load a named panel; its sidecar vouches for the cells, so that no rule need be run.

    Raises
    ------
    UserError
        If the file is not what its sidecar says, or lacks a column.
    """
    path = folder / f"{name}.csv"
    content = _bytes(path, folder)
    digest = sha256(content)
    about = verified(path, digest)

    from data.panels.cells import in_order, select_columns, typed
    from data.panels.csv_text import parse

    text = content.decode("utf-8-sig")
    rows, _ = parse(text, str(path))
    frame = in_order(typed(select_columns(rows, variables, str(path))))
    return Panel(
        name=name,
        frame=frame,
        sha256=digest,
        balanced=is_balanced(frame),
        exact_but=tuple(map(tuple, about["exact_but"])) if "exact_but" in about else None,
    )


def is_balanced(frame: "pd.DataFrame") -> bool:
    """Whether every province is seen in every year; rows are unique."""
    return len(frame) == frame["province"].nunique() * frame["year"].nunique()


def _bytes(path: Path, folder: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ValueError):  # ValueError: a NUL character in the path
        if str(path) in FORMER_NAMES:
            raise UserError(
                f"The panel {path} is called {FORMER_NAMES[str(path)]} now: give that name."
            ) from None
        names = ", ".join(named_panels(folder)) or "none yet"
        raise UserError(
            f"There is no file {str(path)!r} and no panel of that name; give the path of a "
            f"file or the name of a panel ({names})."
        ) from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); give the path of a readable file."
        ) from None


def verified(path: Path, digest: str, sidecar: Path | None = None) -> dict:
    """Return what a file's sidecar says, `<stem>.json` by default, if it knows the file's bytes.

    Raises
    ------
    UserError
        If it says another sha256 or none.
    """
    sidecar = sidecar or path.with_suffix(".json")
    try:
        about = json.loads(sidecar.read_text(encoding="utf-8"))
        expected = about["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        about, expected = {}, None
    if expected != digest:
        raise UserError(
            f"{path} has sha256 {digest} but its sidecar {sidecar.name} says {expected}; "
            "restore both files from the repository or rebuild them with `python -m analysis panel "
            "build` (implied ones with `reconstruct` or `reconstruct-ensemble`)."
        )
    return about
