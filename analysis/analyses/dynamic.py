"""Is ρ > 1 in the data, or estimator bias? The dynamic simulation, and the grid of system GMM."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from analysis.analyses import in_words
from analysis.shared.analysis import (
    Analysis,
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
from analysis.specifications import select
from data.shared.errors import UserError

if TYPE_CHECKING:
    pass


# --- simulation ---------------------------------------------------------------------------------


def _simulation() -> Methods:
    import pandas as pd

    from analysis.comparison.dynamic import LAG, PUBLISHED
    from analysis.shared.outputs import read_result
    from analysis.shared.products import find
    from analysis.shared.provenance import same_subject
    from analysis.simulation.dynamic_study import cells, ranking, study, verdict

    def run(request: Request) -> Result:
        (panel,), (record,), options = request.panels, request.records, request.options
        results, size = request.outputs.results, options["data_sets"]
        definition = study.study(panel, record, options["seed"])
        subject = f"column {record.column} on {panel.name}"
        same_subject(find("simulation"), request.outputs, subject)
        folder = study.folder_of(definition, results)
        batches = study.batches(cells.CELLS, size)
        where = options["workers"], options["cluster"]
        finished = study.run(definition, cells.CELLS, size, folder, *where)
        try:
            arrays = dict(request.track(finished, len(batches), "Simulating"))
        except KeyboardInterrupt:
            request.tell("Interrupted: finished batches are kept, and the same command goes on.")
            raise
        dataset = study.collect(definition, cells.CELLS, arrays)
        summary = ranking.summary(dataset)
        path = results / study.FILE
        study.write(dataset.assign_attrs(panel=panel.name), path, folder)
        items: list[Item] = [
            Table(f"{term}: bias, RMSE, coverage of 95 % intervals", ranking.side_by_side(rows))
            for term, rows in summary.groupby("term", sort=False)
        ]
        items += [note] if (note := ranking.far(summary)) else []
        items.append(
            Table("By the rule: the first is recommended", ranking.ranking(summary), "ranking")
        )
        items.append(ranking.words_on_nuts(dataset))
        if (results / "dynamic.csv").is_file():
            items.append(verdict.answer(read_result(results, "dynamic"), summary, PUBLISHED))
        return Result({"simulation": summary}, items, [path], about=subject)

    def page(frame: Frames) -> Iterator[Item]:
        estimated, scores = frame("dynamic"), frame("simulation")
        if scores is None:
            yield Missing("bias and coverage of each estimator in simulations")
            return
        if estimated is not None:
            yield in_words.in_short(scores)
            parts = in_words.plainly(verdict.answer(estimated, scores, PUBLISHED)).split("\n\n")
            columns = [part for part in parts if part.split(":")[0] in set(estimated["column"])]
            first, *others = (part for part in parts if part not in columns)
            yield from (f"{verdict.QUESTION} {first}", in_words.SETTINGS, *others)
            by_column = [part.partition(": ")[::2] for part in columns]
            yield Table(
                "ρ of each column, and whether it is above 1",
                pd.DataFrame(by_column, columns=["column", "by the recommended estimator"]),
                folded=True,
            )
        for term, rows in scores.groupby("term", sort=False):
            yield Table(
                f"Simulation, {'ρ' if term == LAG else term}: bias, root mean squared error and "
                "coverage of 95 % intervals; ✗ where coverage fails",
                ranking.side_by_side(rows),
                folded=True,
            )

    return Methods(run, page=page)


# --- the grid of system GMM ---------------------------------------------------------------------


def _with_instruments(options: Mapping[str, Any]) -> Chosen:
    """Return the columns that are estimated by system GMM."""
    chosen = select(options["columns"] or ())
    records = [record for record in chosen if record.estimator == "system_gmm"]
    if not records:
        raise UserError("Only the columns of Table 5 have a grid: choose among 5.1, 5.2, 5.3, 5.4.")
    return Chosen(records, options["panel"] or ())


def _gmm_grid() -> Methods:
    import pandas as pd

    from analysis.comparison import gmm_grid as comparison
    from analysis.shared.frames import whole

    def run(request: Request) -> Result:
        total, rows = comparison.rows_of(request.panels, request.records)
        grid = comparison.compare(pd.DataFrame(request.track(rows, total, "Estimating")))
        regions = comparison.regions(grid)
        over_all = regions[regions["choice"] == "any"].drop(columns=["choice", "value"])
        items = [Table("Autoregressive coefficient ρ over all choices", over_all)]
        for name, of_panel in regions.groupby("panel", sort=False):
            title = f"Estimates with which the printed row is compatible, of all — panel {name}"
            items.append(Table(title, comparison.compatibility(of_panel), "gmm_choices"))
        return Result({"gmm_grid": grid}, items)

    def frames(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        # A column without a single text is read as one of numbers.
        problem = table["problem"].astype(object).fillna("")
        yield from whole("gmm_grid", table.assign(problem=problem))

    def page(frame: Frames) -> Iterator[Item]:
        grid = frame("gmm_grid")
        if grid is None:
            yield Missing("Table 5 under every choice of instruments")
            return
        usable = grid[grid["problem"].isna()]
        spread = usable.groupby(["panel", "column"], sort=False).agg(
            estimations=("rho", "size"),
            least_rho=("rho", "min"),
            median_rho=("rho", "median"),
            greatest_rho=("rho", "max"),
            explosive=("rho", lambda values: (values >= 1).mean()),
            least_slope=("coef", "min"),
            greatest_slope=("coef", "max"),
        )
        title = (
            "Table 5 under every choice of instruments: ρ (explosive: share of at least 1) and "
            "slopes of indus"
        )
        yield Table(title, spread.reset_index())

    picture = Picture(
        *("gmm_grid", frames, comparison.draw),
        caption="Table 5 under every choice of instruments: the autoregressive coefficient ρ and "
        "the slope of {interest}. Outcomes are {lagged}. Colours are how the regressor is "
        "instrumented, shapes which equations are estimated. Filled marks are compatible with the "
        "printed row, which is the diamond with its 95 % intervals. The vertical line is ρ = 1. "
        "Frames show the inner 90 % of the estimates. {dynamic}.",
    )
    return Methods(run, pictures=(picture,), page=page)


ANALYSES = (
    Analysis(
        name="simulation",
        command="simulate",
        tables=("simulation",),
        help="""\
    Simulate every estimator of a dynamic column, and recommend one: results/long/simulation.csv.

    On data simulated from the panel's regressors, by interval score, with bias and coverage beside
    it; every estimate is in simulation_study.nc. An
    interrupted study goes on where it was.

    Example: python -m analysis simulate 5.1 --data-sets 100""",
        sentence="Bias, error, coverage and score of every estimator on simulated data",
        methods=_simulation,
        options=(
            *("column", "one_panel"),
            Option("data_sets", int, "Simulated data sets of a cell.", 500, least=10),
            *("seed", "workers", "cluster"),
        ),
        defaults={"column": "5.1"},
        choose=lambda options: Chosen(select([options["column"]]), (options["one_panel"],)),
        section="dynamic",
    ),
    Analysis(
        name="gmm_grid",
        command="gmm-grid",
        tables=("gmm_grid",),
        help="""\
    Estimate Table 5 under every choice of instruments: results/long/gmm_grid.csv, a figure.

    Example: python -m analysis gmm-grid 5.1 --panel official""",
        sentence="Autoregressive coefficient ρ over all choices",
        methods=_gmm_grid,
        choose=_with_instruments,
        section="dynamic",
    ),
)
"""In the order of the page."""
