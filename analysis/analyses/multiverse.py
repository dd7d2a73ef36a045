"""The multiverse: slopes under all combinations of choices, of the paper and of any study."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.analyses import in_words
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
from analysis.specifications import HEADLINE, current
from data.shared.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

    from analysis.robustness.multiverse.records import Load
    from analysis.robustness.multiverse.universes import Found

    type Make = Callable[[xr.DataTree], Found]


def _estimated(asked: Request, load: "Load") -> "xr.DataTree":
    """Estimate all universes, or read them where they are up to date."""
    from analysis.robustness.multiverse import evaluate

    results, seed = asked.outputs.results, asked.options["seed"]
    path, folder = results / evaluate.FILE, evaluate.folder_of(results, load, seed)
    tree = evaluate.current(path, folder)
    if tree is None:
        listed = evaluate.batches(load())
        done = evaluate.run(listed, load, seed, folder, cluster=asked.options["cluster"])
        found = dict(asked.track(done, len(listed), "Estimating", stays=True))
        tree = evaluate.collect(listed, found, load(), seed, folder)
        evaluate.write(tree, path, folder)
        size = path.stat().st_size / 1e6
        asked.tell(f"written: {asked.outputs.shown(path)} ({size:.0f} MB)")
    return tree


def _counted(load: "Load", columns: Sequence[str]) -> Result:
    """Count the distinct universes that posteriors can have, and run nothing."""
    from analysis.robustness.multiverse import counting

    table = counting.counts(load(), columns)
    title = f"Distinct universes of posteriors: {table['distinct'].sum()}"
    return Result({}, [Table(title, table, "multiverse_counts")])


def _everywhere(asked: Request, load: "Load", columns: Sequence[str], found: "Make") -> Result:
    """Fit posteriors in every distinct universe of columns, or read them where they are current."""
    from analysis.robustness.multiverse import all_summary, all_universes, counting, evaluate

    table = counting.counts(load(), columns)
    structures = all_universes.structures(load())
    asked.tell(
        f"Distinct universes of posteriors: {table['distinct'].sum()}, each under "
        f"{' and '.join(structures)}."
    )
    results, seed = asked.outputs.results, asked.options["seed"]
    folder = all_universes.folder_of(results, load, seed, columns)
    path = results / all_universes.FILE
    tree = evaluate.current(path, folder)
    if tree is None:
        listed = all_universes.batches(load(), columns)
        cluster, estimate = asked.options["cluster"], all_universes.run_batch
        done = evaluate.run(listed, load, seed, folder, cluster=cluster, estimate=estimate)
        arrays = dict(asked.track(done, len(listed), "Fitting", stays=True))
        tree = all_universes.collect(listed, arrays, load(), seed, folder)
        evaluate.write(tree, path, folder)
        asked.tell(f"written: {asked.outputs.shown(path)}")
    tables = {name: make(found(tree)) for name, make in all_summary.TABLES.items()}
    every = tables["multiverse_all"]
    return Result(
        tables,
        [
            all_summary.counts(every),
            Table("Slopes in every universe", all_summary.shown(every), "multiverse_all"),
            all_summary.sentence(tables["multiverse_all_fraction"]),
        ],
    )


def _wants_all(options: Mapping[str, object]) -> bool:
    """Return whether every universe is to have a posterior.

    Raises
    ------
    UserError
        If it is neither of the words that there are.
    """
    if options["posteriors"] not in POSTERIORS:
        raise UserError(f"--posteriors is one of {', '.join(POSTERIORS)}.")
    return options["posteriors"] == "all"


POSTERIORS = ("fraction", "all")
"""Which universes have posteriors: a balanced fraction, or each distinct one."""


def _of_paper(asked: Request) -> Result:
    from analysis.robustness.multiverse import posteriors
    from analysis.robustness.multiverse.summarise import counts, shown
    from analysis.ye2024.multiverse import families, refutation, summarise

    if asked.options["count"]:
        return _counted(families.setting, HEADLINE)
    if _wants_all(asked.options):
        return _everywhere(asked, families.setting, HEADLINE, summarise.found)
    tree = _estimated(asked, families.setting)
    tables = {name: make(tree) for name, make in summarise.TABLES.items()}
    return Result(
        tables,
        [
            counts(tables["multiverse"], tables["multiverse_posteriors"]),
            Table("Slopes of all universes, beside the printed one", shown(tables["multiverse"])),
            refutation.sentence(tables["multiverse_refuted"]),
            posteriors.sentence(tables["multiverse_fraction"]),
        ],
    )


def _of_study(asked: Request) -> Result:
    from analysis.comparison.coefficients import published_slopes
    from analysis.robustness.multiverse import posteriors, study, summarise
    from analysis.robustness.multiverse.universes import Found

    headline = tuple(record.column for record in study.setting().records)
    if asked.options["count"]:
        return _counted(study.setting, headline)
    if _wants_all(asked.options):
        return _everywhere(
            asked, study.setting, headline, lambda tree: Found(tree, published_slopes(), headline)
        )
    tree = _estimated(asked, study.setting)
    found = Found(tree, published_slopes(), headline)
    tables = {name: make(found) for name, make in summarise.TABLES.items()}
    of_slopes, by_errors = tables["multiverse"], tables["multiverse_posteriors"]
    shown: list[Item] = [
        study.said(current()),
        summarise.counts(of_slopes, by_errors),
        Table("Slopes of all universes", summarise.shown(of_slopes)),
        summarise.sentence(of_slopes),
    ]
    if len(by_errors):
        shown.append(Table("Posteriors by error structure", posteriors.shown(by_errors)))
        shown.append(posteriors.sentence(tables["multiverse_fraction"]))
    return Result(tables, shown)


def _where_reasons_are() -> str:
    if current().path is None:
        return "Each choice has its reason in analysis/ye2024/multiverse/choices.py."
    from analysis.robustness.multiverse import study

    return study.said(current())


def _page(frame: Frames) -> Iterator[Item]:
    from analysis.robustness.multiverse import all_summary, posteriors, summarise
    from analysis.ye2024.multiverse import refutation

    found, curves = frame("multiverse"), frame("multiverse_curves")
    if found is None or curves is None:
        yield Missing("multiverse of every slope")
        return
    by_errors = frame("multiverse_posteriors")
    every, fractions = frame("multiverse_all"), frame("multiverse_all_fraction")
    yield in_words.counted(found, by_errors, every)
    yield (
        "Of each column the slopes are drawn in their order, with the printed one at its place "
        f"among them. {_where_reasons_are()}"
    )
    yield Chart(
        "universes",
        (curves, found),
        "Slopes of all universes in their order, and the printed slope. Choose one below the "
        "chart.",
    )
    yield "Significant is a 95 % interval beyond zero on the side of the printed sign."
    yield Table("Shares of sign and significance", summarise.shown(found))
    if by_errors is not None:
        yield Table("Posteriors by error structure, of the same universes",
                    posteriors.shown(by_errors), folded=True)  # fmt: skip
    if every is not None and fractions is not None:
        yield all_summary.counts(every)
        yield Table("Posteriors in every universe", all_summary.shown(every), folded=True)
        yield all_summary.sentence(fractions)
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
            "Each choice’s share of the variance of all slopes, by itself and with what it "
            "interacts with. Choose a slope below the chart.",
            "variance",
        )
        yield Table("Shares of variance as a table", variance, folded=True)
    if options is not None:
        yield Table("Mean slope and shares by option", options, folded=True)


def _multiverse() -> Methods:
    from analysis.comparison.coefficients import published_slopes
    from analysis.robustness.multiverse import draw

    caption = (
        "Slopes of all combinations of choices in their order, with 95 % intervals, conventional "
        "and clustered by province, and the printed slope. Thin lines are at zero. The regressor "
        "is {interest} where no other is named. Below the first column alone: posteriors in every "
        "distinct universe, in the order of its two-way least-squares slope (dashed). Before "
        "`--posteriors all` has run, they are of a balanced part, each error structure in its own "
        "order. The darker a cell, the more universes have the option. Variables are "
        "{variables}."
    )
    return Methods(
        _of_paper if current().path is None else _of_study,
        pictures=(
            Picture(
                "multiverse_curves",
                draw.frames,
                lambda rows: draw.draw(rows, published_slopes()),
                caption=caption,
                read=draw.read,
            ),
            Picture(
                "multiverse_curves",
                draw.overview_frames,
                lambda rows: draw.overview(rows, published_slopes()),
                caption=caption,
            ),
        ),
        page=_page,
    )


ANALYSES = (
    Analysis(
        name="multiverse",
        command="multiverse",
        tables=(
            *("multiverse", "multiverse_options", "multiverse_variance", "multiverse_posteriors"),
            *("multiverse_fraction", "multiverse_refuted", "multiverse_curves"),
            *("multiverse_all", "multiverse_all_variance", "multiverse_all_fraction"),
            "multiverse_all_curves",
        ),
        help="""Run the multiverse of every slope: results/multiverse.nc.

    Least squares in all universes, each distinct regression once. Posteriors (independent errors,
    AR(1), main model), wild cluster bootstraps and GMM in a balanced fraction. Tables: multiverse
    (shares of sign and significance), multiverse_options, _variance, _curves, _posteriors,
    _fraction (does it resemble all?), _refuted (Table 2 against each construction). An interrupted
    run goes on where it was, and what is up to date is not estimated again.

    With --posteriors all: independent errors and the main model in every distinct universe of the
    headline columns, beside least squares: results/multiverse_all.nc and tables multiverse_all
    (quantiles and shares), _all_variance, _all_fraction (the balanced fraction beside the whole)
    and _all_curves. Their number is printed first.

    Of a study: the choices of its table [multiverse], or some by default; posteriors of a part.

    Example: python -m analysis multiverse

    Example: python -m analysis multiverse --study data/studies/munnell""",
        sentence="Slopes of all universes, beside the printed one",
        methods=_multiverse,
        options=(
            *("seed", "cluster"),
            Option(
                "posteriors",
                str,
                "Of a balanced fraction of universes with all else, or of all distinct ones alone.",
                "fraction",
            ),
            Option("count", bool, "Count posteriors' distinct universes, and run nothing.", False),
        ),
        choose=lambda options: Chosen(),
        section="multiverse",
        studies=True,
    ),
)
"""In the order of the page."""
