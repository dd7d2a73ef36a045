"""Figures of figures/, by the table in results/ that each is drawn from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis.analyses import ANALYSES
from analysis.comparison import dynamic_figures, figures, gmm_grid
from analysis.robustness.sensitivity import draw as sensitivity
from analysis.shared import plotting
from analysis.shared.frames import of_the_paper
from analysis.shared.outputs import TEXT, Outputs, read_netcdf
from analysis.shared.products import made_by
from analysis.simulation.calibration import draw as calibrate
from analysis.specifications import HEADLINE
from analysis.ye2024.decomposition import draw as decomposition
from analysis.ye2024.multiverse import draw as multiverse
from data.files import read_csv
from data.panels.catalogue import OWN


def _csv(path: Path) -> pd.DataFrame:
    return of_the_paper(read_csv(path, TEXT))


def _calibration(path: Path) -> pd.DataFrame:
    """Read the curves of a calibration; none if it is of a user's own panel."""
    if str(read_netcdf(path).attrs["panel"]).startswith(OWN):
        return pd.DataFrame()
    return calibrate.curves(path)


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
        """The command that makes the table."""
        return made_by(self.table)


def _whole(name: str) -> Callable[[pd.DataFrame], Iterator[tuple[str, pd.DataFrame]]]:
    return lambda table: iter([(name, table)] if len(table) else [])


def _decomposition(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    if len(table) and table["column"].isin(HEADLINE).any():  # which alone are drawn
        yield "decomposition", table


def _gmm_grid(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    # A column without a single text is read as one of numbers.
    if len(table):
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
    Picture("multiverse_curves", multiverse.frames, multiverse.draw),
    Picture("multiverse_curves", multiverse.overview_frames, multiverse.overview),
    Picture("distance", _whole("reconstruction_distance"), _distance),
    Picture("calibration", _whole("calibration"), calibrate.draw, "nc", _calibration),
)
"""Beside those of `figures.PICTURES` and of `ANALYSES`; a new one is a record here."""


def every() -> tuple[Picture, ...]:
    """Return all pictures of one table."""
    pictures = [record.picture for record in ANALYSES if record.picture]
    return PICTURES + tuple(
        Picture(picture.table, picture.frames, picture.draw) for picture in pictures
    )


def draw(outputs: Outputs) -> Iterator[tuple[str, list[Path]]]:
    """Redraw every picture whose table there is.

    Yields
    ------
    command : str
        The command that makes the table of the picture.
    paths : list of Path
        PNG and SVG, empty if the table or a package for drawing it is missing.

    Raises
    ------
    UserError
        If results/ lacks the replication or the comparison.
    """
    yield "compare", figures.draw(outputs.results, outputs.figures)
    for picture in every():
        yield picture.command, _draw(picture, outputs)


def pictures(command: str) -> list[Picture]:
    """Return the pictures of what one command makes."""
    return [picture for picture in every() if picture.command == command]


def pictures_of(command: str, outputs: Outputs) -> Iterator[Path]:
    """Redraw them; yield the files."""
    for picture in pictures(command):
        yield from _draw(picture, outputs)


def _draw(picture: Picture, outputs: Outputs) -> list[Path]:
    """Return a picture's files, none if the table or a package for drawing it is missing."""
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
