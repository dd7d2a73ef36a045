"""Figures of figures/, by the table in results/ that each is drawn from."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis.analyses import ANALYSES
from analysis.comparison import dynamic_figures, figures, page_size
from analysis.comparison.captions import filled
from analysis.comparison.dynamic import responses
from analysis.shared import products
from analysis.shared.analysis import Picture
from analysis.shared.frames import of_the_paper, whole
from analysis.shared.outputs import TEXT, Outputs
from analysis.shared.products import below, made_by
from data.shared.files import read_csv


def _csv(path: Path) -> pd.DataFrame:
    return of_the_paper(read_csv(path, TEXT))


def _responses(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield impulse responses, if there are any: a column with further lags has none."""
    return whole("dynamic_effects", responses(table))


def _distance(table: pd.DataFrame) -> Figure:
    from analysis.ye2024.reconstruction import report  # needs the extra `reconstruct`

    return report.draw(table)


PICTURES = (
    Picture(
        *("dynamic", partial(whole, "dynamic"), dynamic_figures.draw),
        caption="The autoregressive coefficient ρ by column, estimator and panel, with 95 % "
        "intervals. A triangle is an estimate beyond the frame, the dashed line ρ = 1. {dynamic}.",
    ),
    Picture(
        *("dynamic_effects", _responses, dynamic_figures.draw_effects),
        caption="Response of each outcome to one more of the regressor for one year, by panel: "
        "posterior medians and 95 % bands of the dynamic model. The dashed line is zero. Outcomes "
        "are {lagged}. {dynamic}.",
    ),
    Picture(
        *("distance", partial(whole, "reconstruction_distance"), _distance),
        caption="How far the implied panel lies from official data: root mean square moves, in "
        "standard deviations, by series, province and year. Last are the printed numbers that pull "
        "hardest: table or column, variable and statistic. A bar is the share of the squared "
        "distance that would go if the number gave way by half a unit of its last digit. "
        "Variables are those of `data/codebook.md`. {units}.",
    ),
)
"""Beside those of `figures.PICTURES` and of `ANALYSES`; a new one is a record here."""


def every() -> list[Picture]:
    """Return all pictures of one table, in the order in which the tables are made."""
    listed = [*PICTURES, *(p for record in ANALYSES for p in record.methods().pictures)]
    order = [product.name for product in products.PRODUCTS]
    return sorted(listed, key=lambda picture: order.index(picture.table))


def captions() -> dict[str, str]:
    """Return the caption of each picture, by its name or, of several, by that of its table."""
    by_name = {picture.name: picture.caption for picture in figures.PICTURES}
    for picture in every():
        names = products.find(picture.table).pictures or (picture.table,)
        by_name |= dict.fromkeys([name for name in names if name not in by_name], picture.caption)
    return {name: filled(caption) for name, caption in by_name.items()}


def listed_captions() -> str:
    """Render the caption of every picture as a list in Markdown."""
    listed = sorted(captions().items())
    return "\n".join(f"- `{name}`: {caption}" for name, caption in listed if caption)


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
        yield made_by(picture.table), _draw(picture, outputs)


def pictures(command: str) -> list[Picture]:
    """Return the pictures of what one command makes."""
    return [picture for picture in every() if made_by(picture.table) == command]


def pictures_of(command: str, outputs: Outputs) -> Iterator[Path]:
    """Redraw them; yield the files."""
    for picture in pictures(command):
        yield from _draw(picture, outputs)


def _draw(picture: Picture, outputs: Outputs) -> list[Path]:
    """Return a picture's files, none if the table or a package for drawing it is missing."""
    path = below(outputs.results, picture.table)
    if picture.suffix != "csv":  # large files are not committed
        path = outputs.results / f"{picture.table}.{picture.suffix}"
    if not path.is_file():
        return []
    table, caption = (picture.read or _csv)(path), filled(picture.caption)
    try:
        return [
            path
            for name, rows in picture.frames(table)
            for path in page_size.save(picture.draw, rows, outputs.figures / name, caption)
        ]
    except ModuleNotFoundError:
        return []
