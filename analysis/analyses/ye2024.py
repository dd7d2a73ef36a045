"""Analyses of this paper alone: Shapley decomposition, inner bounds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.shared.analysis import (
    Analysis,
    Chart,
    Chosen,
    Frames,
    Item,
    Methods,
    Missing,
    Option,
    Picture,
    Request,
    Result,
    Table,
)
from analysis.specifications import HEADLINE, select
from data.shared.errors import UserError

if TYPE_CHECKING:
    from types import ModuleType


# --- decomposition ------------------------------------------------------------------------------


def _decomposition() -> Methods:
    import pandas as pd

    from analysis.ye2024.decomposition import draw, gaps, table

    def run(request: Request) -> Result:
        listed = gaps.gaps(request.records, *gaps.load())
        if not listed:
            return Result(
                {}, ["No official panel disagrees with these columns: nothing to decompose."]
            )
        shares = request.track(table.run(listed), len(listed), "Sharing out")
        decomposed = pd.concat(shares, ignore_index=True)
        items = [Table("Largest shares of each gap, by ingredient", table.largest(decomposed))]
        parts = [record.column for record in request.records]
        return Result({"decomposition": decomposed}, items, parts=parts)

    def frames(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        if len(rows) and rows["column"].isin(HEADLINE).any():  # which alone are drawn
            yield "decomposition", rows

    def page(frame: Frames) -> Iterator[Item]:
        decomposed = frame("decomposition")
        if decomposed is None:
            yield Missing("Shapley decomposition of the slopes’ differences")
            return
        yield (
            "Where an official panel and the paper disagree in sign or by more than two standard "
            "errors, one ingredient after another is swapped for that of the panel on which the "
            "printed slope comes out; a share is the mean effect over all orders (Shapley). “Rest” "
            "is what that panel had to move a series away from official data."
        )
        yield Chart(
            "waterfall",
            (decomposed,),
            "From the official slope to the printed one, ingredient by ingredient. Choose a gap "
            "below the chart.",
        )
        yield Table("The largest shares of each gap", table.largest(decomposed), folded=True)
        other_games = decomposed[
            (decomposed["game"] != "ingredients") & decomposed["column"].isin(HEADLINE)
        ]
        title = "The same gaps by province, year and region (headline columns)"
        by_row = other_games.drop(columns=["exact", "published", "published_se"])
        yield Table(title, by_row, folded=True)

    picture = Picture(
        *("decomposition", frames, draw.draw),
        caption="From the slope on official data to the printed one, ingredient by ingredient: "
        "Shapley values of two-way fixed effects, with 95 % Monte Carlo intervals. “Rest” is what "
        "no official series explains. The grey line is zero. Variables are {variables}. {static}, "
        "fewer rows by region.",
    )
    return Methods(run, pictures=(picture,), page=page)


# --- bounds -------------------------------------------------------------------------------------


def reconstruction() -> "ModuleType":
    """Import the reconstruction, which alone needs JAX and a solver of quadratic programs.

    Raises
    ------
    UserError
        If one of them is not installed.
    """
    try:
        from analysis.ye2024.reconstruction import run
    except ImportError as error:
        raise UserError(
            f"The reconstruction needs {error.name}: install the extra `reconstruct`, "
            "pip install 'jax' 'piqp'."
        ) from None
    return run


def _bounds() -> Methods:
    def run(request: Request) -> Result:
        contradiction = reconstruction().Contradiction
        from analysis.ye2024.reconstruction import bounds

        options, folder = request.options, request.outputs.results / "reconstruct"
        try:
            with request.waiting("Compiling the derivatives of every printed number…") as tell:
                table = bounds.bounds(
                    folder,
                    tell,
                    starts=options["starts"] or bounds.STARTS,
                    steps=options["steps"] or bounds.STEPS,
                )
        except contradiction as error:
            return Result({}, [], failure=f"Contradiction: {error}")
        failure = None if table["exact"].all() else ""
        return Result({"bounds": table}, [Table("Bounds found", table)], failure=failure)

    return Methods(run)


ANALYSES = (
    Analysis(
        name="decomposition",
        command="decompose",
        tables=("decomposition",),
        help="""\
    Decompose the gap between official and published slopes (Shapley): results/decomposition.csv.

    Of each column and official panel that disagrees with the paper in sign or by more than two
    standard errors: by ingredient of the data, province, year and region.

    Example: python -m analysis decompose 3.2 8.2""",
        sentence="Largest shares of each gap, by ingredient",
        methods=_decomposition,
        options=("columns",),
        choose=lambda options: Chosen(select(options["columns"] or ())),
        section="why",
    ),
    Analysis(
        name="bounds",
        command="reconstruct-bounds",
        tables=("bounds",),
        help="""\
    Search for inner bounds on scalars of column 3.2 that the printed numbers do not identify.

    Writes results/long/bounds.csv: inner bounds, found from several starts. An interrupted run goes
    on where it was. Ends with code 1 if a panel at an end misses a number.

    Example: python -m analysis reconstruct-bounds""",
        sentence="Bounds found",
        methods=_bounds,
        options=(
            Option("starts", int, "Panels at which each search starts.", least=1),
            Option("steps", int, "Steps down the gradient of each search.", least=1),
        ),
        choose=lambda options: Chosen(),
    ),
)
"""In the order of the page."""
