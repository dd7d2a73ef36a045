"""Analyses of this paper alone: multiverse, Shapley decomposition, inner bounds."""

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
from data.errors import UserError

if TYPE_CHECKING:
    from types import ModuleType


# --- multiverse ---------------------------------------------------------------------------------


def _multiverse() -> Methods:
    from analysis.robustness.multiverse import evaluate
    from analysis.ye2024.multiverse import draw, posteriors, refutation, summarise
    from analysis.ye2024.multiverse.families import setting

    def run(request: Request) -> Result:
        results, seed = request.outputs.results, request.options["seed"]
        path, folder = results / evaluate.FILE, evaluate.folder_of(results, setting, seed)
        tree = evaluate.current(path, folder)
        if tree is None:
            listed = evaluate.batches(setting())
            cluster = request.options["cluster"]
            finished = evaluate.run(listed, setting, seed, folder, cluster=cluster)
            arrays = dict(request.track(finished, len(listed), "Estimating", stays=True))
            tree = evaluate.collect(listed, arrays, setting(), seed, folder)
            evaluate.write(tree, path, folder)
            size = path.stat().st_size / 1e6
            request.tell(f"written: {request.outputs.shown(path)} ({size:.0f} MB)")
        tables = {name: make(tree) for name, make in summarise.TABLES.items()}
        rows = summarise.shown(tables["multiverse"])
        return Result(
            tables,
            [
                summarise.counts(tables["multiverse"], tables["multiverse_posteriors"]),
                Table("Slopes of all universes, beside the printed one", rows),
                refutation.sentence(tables["multiverse_refuted"]),
                posteriors.sentence(tables["multiverse_fraction"]),
            ],
        )

    def page(frame: Frames) -> Iterator[Item]:
        slopes, curves = frame("multiverse"), frame("multiverse_curves")
        if slopes is None or curves is None:
            yield Missing("multiverse of every slope")
            return
        by_errors = frame("multiverse_posteriors")
        if by_errors is not None:
            yield summarise.counts(slopes, by_errors)
        yield (
            "Each choice has its reason in analysis/ye2024/multiverse/choices.py. The slopes of "
            "each column stand in their order, with the printed one at its place among them. "
            "Significant is a 95 % interval beyond zero on the side of the printed sign."
        )
        yield Chart(
            "universes",
            (curves, slopes),
            "Slopes of all universes in their order, with 95 % intervals (conventional, and "
            "clustered by province) and the printed slope. Choose one below the chart.",
        )
        yield Table("Shares of sign and significance", summarise.shown(slopes))
        if by_errors is not None:
            yield Table("Posteriors by error structure, of the same universes",
                        posteriors.shown(by_errors), folded=True)  # fmt: skip
        refuted, drawn = frame("multiverse_refuted"), frame("multiverse_fraction")
        if refuted is not None:
            yield refutation.sentence(refuted)
        if drawn is not None:
            yield posteriors.sentence(drawn)
        variance, options = frame("multiverse_variance"), frame("multiverse_options")
        if variance is not None:
            yield Chart(
                "variance_shares",
                (variance,),
                "Each choice’s share of the variance of all slopes: first-order and total effect. "
                "Choose a slope below the chart.",
                "variance",
            )
            yield Table("Shares of variance as a table", variance, folded=True)
        if options is not None:
            yield Table("Mean slope and shares by option", options, folded=True)

    return Methods(
        run,
        pictures=(
            Picture(
                *("multiverse_curves", draw.frames, draw.draw),
                caption="Slopes of all combinations of choices in their order, with 95 % "
                "intervals, conventional and clustered by province, and the printed slope. "
                "Posteriors of a balanced part by error structure, each in its own order, stand "
                "beside those of the first column.",
            ),
            Picture(*("multiverse_curves", draw.overview_frames, draw.overview)),
        ),
        page=page,
    )


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
        "no official series explains. {static}, fewer rows by region.",
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
        name="multiverse",
        command="multiverse",
        tables=(
            *("multiverse", "multiverse_options", "multiverse_variance", "multiverse_posteriors"),
            *("multiverse_fraction", "multiverse_refuted", "multiverse_curves"),
        ),
        help="""Run the multiverse of every slope: results/multiverse.nc.

    Least squares in all universes, each distinct regression once. Posteriors (independent errors,
    AR(1), main model), wild cluster bootstraps and GMM in a balanced fraction. Tables: multiverse
    (shares of sign and significance), multiverse_options, _variance, _curves, _posteriors,
    _fraction (does it represent all?), _refuted (Table 2 against each construction). An interrupted
    run goes on where it was, and what is up to date is not estimated again.

    Example: python -m analysis multiverse""",
        sentence="Slopes of all universes, beside the printed one",
        methods=_multiverse,
        options=("seed", "cluster"),
        choose=lambda options: Chosen(),
        section="multiverse",
    ),
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
