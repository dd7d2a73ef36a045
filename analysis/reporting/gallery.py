"""Every picture of figures/, by the table in results/ that it is drawn from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis.comparison import dynamic_figures, figures, gmm_grid, power
from analysis.robustness import influence
from analysis.robustness.sensitivity import draw as sensitivity
from analysis.shared import plotting
from analysis.shared.outputs import MADE_BY, TEXT, Outputs
from analysis.simulation.calibration import draw as calibrate
from analysis.specifications import HEADLINE
from analysis.ye2024.decomposition import draw as decomposition
from analysis.ye2024.multiverse import draw as multiverse
from data.panels.catalogue import PANELS


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=TEXT)


@dataclass(frozen=True)
class Picture:
    """Pictures that another command draws from one table.

    Attributes
    ----------
    table : str
        The file in results/, without its suffix.
    frames : callable
        From the table to the name and rows of each picture.
    draw : callable
        From rows to the figure.
    suffix : str
        Of the file.
    read : callable
        From its path to the table.
    """

    table: str
    frames: Callable[[pd.DataFrame], Iterator[tuple[str, pd.DataFrame]]]
    draw: Callable[[pd.DataFrame], Figure]
    suffix: str = "csv"
    read: Callable[[Path], pd.DataFrame] = _csv

    @property
    def command(self) -> str:
        """What makes the table."""
        return MADE_BY[self.table]


def _whole(name: str) -> Callable[[pd.DataFrame], Iterator[tuple[str, pd.DataFrame]]]:
    return lambda table: iter([(name, table)])


def _first_panel(name: str) -> Callable[[pd.DataFrame], Iterator[tuple[str, pd.DataFrame]]]:
    """Take the first panel of `data.panels.panel.PANELS` that a table has."""

    def frames(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        there = [kind.name for kind in PANELS if (table["panel"] == kind.name).any()]
        if there:
            yield name, table[table["panel"] == there[0]]

    return frames


def _decomposition(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    if table["column"].isin(HEADLINE).any():  # which alone are drawn
        yield "decomposition", table


def _gmm_grid(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    # A column without a single text is read as one of numbers.
    yield "gmm_grid", table.assign(problem=table["problem"].astype(object).fillna(""))


def _distance(table: pd.DataFrame) -> Figure:
    from analysis.ye2024.reconstruction import report  # needs the extra `reconstruct`

    return report.draw(table)


PICTURES = (
    Picture("gmm_grid", _gmm_grid, gmm_grid.draw),
    Picture("dynamic", _whole("dynamic"), dynamic_figures.draw),
    Picture("dynamic_effects", _whole("dynamic_effects"), dynamic_figures.draw_effects),
    Picture("decomposition", _decomposition, decomposition.draw),
    Picture("sensitivity_influence", sensitivity.frames, sensitivity.draw),
    Picture("influence", _first_panel("influence"), influence.draw),
    Picture("power_curves", _first_panel("power"), power.draw),
    Picture("multiverse_curves", multiverse.frames, multiverse.draw),
    Picture("multiverse_curves", multiverse.overview_frames, multiverse.overview),
    Picture("distance", _whole("reconstruction_distance"), _distance),
    Picture("calibration", _whole("calibration"), calibrate.draw, "nc", calibrate.curves
    ),
)  # fmt: skip
"""Beside those of `figures.PICTURES`; a new one is a record here."""


def draw(outputs: Outputs) -> Iterator[tuple[str, list[Path]]]:
    """Redraw every picture whose table there is.

    Yields
    ------
    command : str
        What makes the table of the picture.
    paths : list of Path
        PNG and SVG, empty if the table or what draws it is not there.

    Raises
    ------
    UserError
        If results/ lacks the replication or the comparison.
    """
    yield "compare", figures.draw(outputs.results, outputs.figures)
    for picture in PICTURES:
        yield picture.command, _draw(picture, outputs)


def pictures(command: str) -> list[Picture]:
    """Return the pictures of what one command makes."""
    return [picture for picture in PICTURES if picture.command == command]


def pictures_of(command: str, outputs: Outputs) -> Iterator[Path]:
    """Redraw them; yield the files."""
    for picture in pictures(command):
        yield from _draw(picture, outputs)


def _draw(picture: Picture, outputs: Outputs) -> list[Path]:
    """Return the files of a picture, none if the table or what draws it is not there."""
    path = outputs.results / f"{picture.table}.{picture.suffix}"
    if not path.is_file():
        return []
    table = picture.read(path)
    try:
        return [
            path
            for name, rows in picture.frames(table)
            for path in plotting.save(picture.draw, rows, outputs.figures / name)
        ]
    except ModuleNotFoundError:
        return []
