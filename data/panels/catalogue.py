"""Named panels, and what an estimate from each may claim."""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the named panels lie: `<name>.csv` with its sidecar `<name>.json`."""

OWN = "own-"
"""How the name of a user's own panel begins, and no other's: traces are kept by panel name."""


@dataclass(frozen=True)
class PanelKind:
    """What a panel may be called, so that no estimate from it claims more.

    `evidence` says whether agreement with the paper can speak for or against a claim.
    """

    name: str
    label: str
    evidence: bool = True


PANELS = (
    PanelKind(
        "official",
        "The paper's variables rebuilt from official series, each in the vintage that meets "
        "Table 2 best: the best guess at the author's data.",
    ),
    PanelKind(
        "official-census4",
        "The paper's variables rebuilt from official series as revised after the fourth "
        "economic census: a replication, which can disagree with the paper.",
    ),
    PanelKind(
        "official-as_published",
        "The paper's variables rebuilt from official series as first published: "
        "a replication, which can disagree with the paper.",
    ),
    PanelKind(
        "implied",
        "The nearest panel to the official one on which the printed numbers come out: "
        "it shows what they imply and is never evidence for a claim.",
        evidence=False,
    ),
)

FORMER_NAMES = {
    "recollected": "official",
    "recollected-census4": "official-census4",
    "recollected-as_published": "official-as_published",
    "reconstructed": "implied",
    "reconstructed:all": "implied:all",
}
"""What named panels were called in the project's first edition."""

OWN_KIND = PanelKind(
    "own", "The user's own panel: neither a replication nor a reconstruction of the paper's data."
)

ENSEMBLE = "implied-ensemble.nc"
"""Further exact panels: dims (member, province, year), one variable for each free series."""

MEMBER = re.compile(r"implied-(\d\d)")
"""How a panel of the ensemble is called."""

EDITION = "edition-1.nc"
"""The official panels as this project's first edition made them, dims (panel, province, year)."""

OF_EDITION = re.compile(r"(official(?:-[a-z0-9_]+)?)@1")
"""How a panel of the first edition is called."""

EDITION_KIND = PanelKind(
    "edition",
    "An official panel of this project's first edition, superseded by one made from better data: "
    "it shows what these changed and is never evidence.",
    evidence=False,
)

IMPUTED = "imputed.nc"
"""Draws of the official panels with what is not observed, dims (panel, draw, province, year)."""

OF_IMPUTED = re.compile(r"(official(?:-census4|-as_published)?)-imputed-(\d\d)")
"""How a single draw is called."""

DRAWN = ":imputed"
"""Ends the name of all draws of a panel together."""

ALL_DRAWS = re.compile(rf"(official(?:-census4|-as_published)?){DRAWN}")

IMPUTED_KIND = PanelKind(
    "imputed",
    "A draw of an official panel from the predictive distribution of what is not observed: "
    "only all draws together are an estimate.",
)


def kind_of(name: str) -> PanelKind:
    """Return what a panel may be called; those of the ensemble are `implied` too."""
    if name.startswith(OWN):
        return OWN_KIND
    if OF_EDITION.fullmatch(name):
        return EDITION_KIND
    if OF_IMPUTED.fullmatch(name):
        return IMPUTED_KIND
    base = PANELS[-1].name if MEMBER.fullmatch(name) else name
    return {kind.name: kind for kind in PANELS}.get(base, OWN_KIND)


def together(name: str) -> str:
    """Return what a panel is listed under: all draws, or the whole ensemble, by one name."""
    if imputed := OF_IMPUTED.fullmatch(name):
        return f"{imputed[1]}{DRAWN}"
    return f"{PANELS[-1].name}:all" if MEMBER.fullmatch(name) else name


def without_edition(name: str) -> str:
    """Return a panel's name, of an official panel of any edition the one it has today."""
    edition = OF_EDITION.fullmatch(name)
    return edition[1] if edition else name


def named_panels(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the panels in `folder` that have a sidecar, in the order of `PANELS`."""
    present = {path.stem for path in folder.glob("*.csv") if path.with_suffix(".json").exists()}
    return tuple(kind.name for kind in PANELS if kind.name in present)


def ensemble_members(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the panels of the ensemble."""
    path = folder / ENSEMBLE
    if not path.is_file():
        return ()
    import xarray as xr

    with xr.open_dataset(path) as dataset:
        return tuple(f"implied-{member:02d}" for member in dataset["member"].to_numpy())


def imputed_draws(name: str, folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of all draws of an official panel, none if they are not there."""
    path = (folder / IMPUTED).with_suffix(".json")
    if not path.is_file():
        return ()
    draws = json.loads(path.read_text(encoding="utf-8"))["draws"]
    return tuple(f"{name}-imputed-{draw:02d}" for draw in range(1, draws + 1))


def expanded(name: str) -> tuple[str, ...]:
    """Return the panels that a name on the command line means: itself, or several."""
    if name == "implied:all":
        return ensemble_members()
    drawn = ALL_DRAWS.fullmatch(name)
    return imputed_draws(drawn[1]) if drawn else (name,)


def own_name(path: Path) -> str:
    """Return the name of a user's panel: a safe folder name that no named panel can have."""
    stem = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", path.stem))
    return OWN + (stem[:60].strip("._") or "panel")


def study_name(path: Path) -> str:
    """Return the name of a study's panel: a safe folder name that no named panel has."""
    file_name = own_name(path)
    plain = file_name.removeprefix(OWN)
    is_used = plain.startswith((*named_panels(), OWN))
    return f"data-{plain}" if is_used else plain


def panel_names(named: Iterable[str]) -> list[str]:
    """Return how panels are called in tables and folders, of names and of paths of users' files.

    `implied:all` means the ensemble, `official:imputed` all draws of a panel.
    """
    known, shown = {*named_panels(), *ensemble_members()}, []
    for name in (member for name_or_group in named for member in expanded(name_or_group)):
        special = OF_EDITION.fullmatch(name) or OF_IMPUTED.fullmatch(name)
        as_it_is = name in known or name.startswith(OWN) or special
        shown.append(name if as_it_is else own_name(Path(name)))
    return shown
