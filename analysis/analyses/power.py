"""Power, recovery and influence of slopes, and the screen of the main model's candidates."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from analysis.analyses import in_words
from analysis.claims.records import VINTAGES
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
    of_static,
)
from analysis.specifications import HEADLINE, STATIC, current, published_column, select
from data.panels.catalogue import PANELS
from data.panels.provinces import REGIONS
from data.shared.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


# --- power --------------------------------------------------------------------------------------


def _power() -> Methods:
    from analysis.comparison import power as comparison
    from analysis.shared.frames import first_panel, joined, ordered
    from analysis.simulation import power

    def run(request: Request) -> Result:
        cells = len(request.panels) * len(request.records)
        studies: Iterable = power.run(
            request.panels,
            request.records,
            comparison.sizes(),
            request.options["seed"],
            cluster=request.options["cluster"],
        )
        parts = (dict(zip(POWER, part, strict=True)) for part in studies)
        joined_tables = joined(request.track(parts, cells, "Power"))
        tables = {name: ordered(table) for name, table in joined_tables.items()}
        return Result(tables | {"power": comparison.beside(tables["power"])})

    return Methods(
        run,
        comparison.shown,
        comparison.sentence,
        (
            Picture(
                *("power_curves", partial(first_panel, "power"), comparison.draw),
                caption="Power of the nominal 5 % test by the true slope, of simulated data on "
                "each column’s design. The dotted line is the printed slope, without its sign, the "
                "grey one a power of 80 %. “The posterior” is the main model’s 95 % interval.",
            ),
        ),
        in_words.power_page,
    )


def _with_printed(options: Mapping[str, Any]) -> Chosen:
    """Choose the columns that are named; of a study, only those whose slopes are printed."""
    records = select(options["columns"] or ())
    if current().path is not None:
        from analysis.comparison.power import sizes

        printed = sizes()
        chosen = select(options["columns"] or current().headline)
        records = tuple(r for r in chosen if all((r.column, t) in printed for t in r.interest))
        if not records:
            raise UserError(
                "Power is compared with a printed slope, and no column of two-way effects or GMM "
                "that is asked for has one: add it to the file of printed numbers."
            )
    return Chosen(records, options["panel"] or ())


POWER = ("power", "power_curves")


# --- studies in batches of data sets --------------------------------------------------------------


def _in_batches(request: Request, study: ModuleType, label: str) -> "pd.DataFrame":
    """Run a study that yields rows batch by batch, and return all of them."""
    import pandas as pd

    from analysis.shared.batches import of_data_sets

    size, seed, cluster = (request.options[name] for name in ("data_sets", "seed", "cluster"))
    batches = len(of_data_sets(request.panels, request.records, size, study.BATCH))
    rows = study.run(request.panels, request.records, size, seed, cluster=cluster)
    return pd.concat(request.track(rows, batches, label), ignore_index=True)


def _recovery() -> Methods:
    from analysis.simulation import recovery

    def run(request: Request) -> Result:
        estimates = _in_batches(request, recovery, "Recovery")
        return Result({"recovery": recovery.summary(estimates)})

    return Methods(run, recovery.shown)


# --- candidates ---------------------------------------------------------------------------------


def _screen(of_two: bool) -> Methods:
    from analysis.comparison.power import sizes
    from analysis.shared.frames import joined
    from analysis.shared.outputs import read_result
    from analysis.shared.products import find
    from analysis.simulation import candidate_fits, confirmation, size
    from analysis.simulation.main_model import CANDIDATES, COMPARATORS, DECIDING, GENERATORS

    name = "last_two" if of_two else "candidates"
    stage = "The last two, on new data" if of_two else "Every candidate, screened"

    def generators(request: Request, panel: str) -> tuple[str, ...]:
        if request.options.get("confirming"):
            return confirmation.generators_of(panel)
        if of_two:
            return DECIDING[1] if panel in DECIDING[0] else ()
        return DECIDING[1] if request.options["deciding"] else GENERATORS

    def parts(request: Request, methods: list[str], plan: dict[str, int]) -> Iterator[dict]:
        references, results = sizes(), request.outputs.results
        seed = request.options["seed"] + size.SEEDS_APART * of_two
        for panel in size.deciding_first(request.panels):
            for record in request.records:
                slopes = {"slope": references[record.column, record.interest[0]]}
                for region in REGIONS:
                    column = published_column(record, region) or record.column
                    slopes[region] = references[column, record.interest[0]]
                setting = size.setting(panel, record, slopes, seed)
                listed = size.batches(setting, methods, plan, generators(request, panel.name))
                for rows in size.run(listed, results, cluster=request.options["cluster"]):
                    yield {name: rows}

    def run(request: Request) -> Result:
        data_sets = request.options["data_sets"]
        confirming = bool(request.options.get("confirming"))
        if of_two:
            methods = size.last_two(read_result(request.outputs.results, "candidates"))
            plan = size.plan(data_sets, size.SCREEN if confirming else size.LAST)
        else:
            methods, plan = [*CANDIDATES, *COMPARATORS], size.plan(data_sets)
        drawn = [generators(request, panel.name) for panel in request.panels]
        total = len(request.records) * sum(size.steps(methods, plan, names) for names in drawn)
        label = f"{name}_more" if confirming else name
        screened = joined(request.track(parts(request, methods, plan), total, label.capitalize()))
        if of_two:
            fits = read_result(request.outputs.results, "candidate_fits")
            table = size.table(screened[name], candidate_fits.failed(fits))
            if not confirming:
                return Result({name: table})
            in_words = [Table("In cells that only confirm", confirmation.shown(table), name)]
            return Result({label: table}, [*in_words, confirmation.sentence(table)])
        on_panels = joined(
            candidate_fits.tables(panel, record, request.options["seed"])
            for panel in request.panels
            for record in request.records
        )
        checks = candidate_fits.failed(on_panels["candidate_fits"])
        return Result({name: size.table(screened[name], checks)} | on_panels)

    def page(frame: Frames) -> Iterator[Item]:
        table = frame(name)
        if table is None:
            yield Missing(find(name).sentence)
            return
        if not of_two:
            yield in_words.rounds(table, frame("last_two"))
        title = "Candidates in the second round" if of_two else "Candidates in the first round"
        yield Table(f"{title}, in the rule's order", size.shown(table))

    words = lambda table: f"{stage}: {size.sentence(table)}"  # noqa: E731
    return Methods(run, size.shown, words, page=page)


def _screened(data_sets: int, *more: Option) -> tuple:
    """Return the options of a screen, with others of its own."""
    data_sets_option = Option(
        "data_sets", int, "Simulated data sets of a column.", data_sets, least=20
    )
    return ("columns", "panel", data_sets_option, *more, "seed", "cluster")


_SCREENED_PANELS = ("official@1", "official-census4@1", "official-as_published@1")
"""Of the panels when the rule was written (`analysis.simulation.main_model`); two decide."""


# --- false findings ----------------------------------------------------------------------------


def _false_findings() -> Methods:
    from analysis.simulation import false_findings

    def run(request: Request) -> Result:
        probabilities = _in_batches(request, false_findings, "False findings")
        return Result({"false_findings": false_findings.summary(probabilities, HEADLINE[0])})

    return Methods(run, words=false_findings.sentence)


_CLAIMED = tuple(
    record.column
    for record in STATIC
    if not record.region and len(record.interest) == 1 and record.outcome != "produ_alt"
)
"""Static columns whose slope the ledger judges the sign of: the paper describes their outcome."""


# --- influence ----------------------------------------------------------------------------------


def _influence() -> Methods:
    from analysis.robustness import influence
    from analysis.robustness.sensitivity.tables import tables
    from analysis.shared.frames import first_panel, joined

    def run(request: Request) -> Result:
        refitted = tables(request.outputs.results)
        parts = (
            {"influence": influence.table([panel], request.records, refitted)}
            for panel in request.panels
        )
        return Result(joined(request.track(parts, len(request.panels), "Influence")))

    picture = Picture(
        *("influence", partial(first_panel, "influence"), influence.draw),
        caption="Shift of every slope without one province or one year, in its standard errors, by "
        "the column’s own estimator. Shifts of one or more are written out. White cells are not in "
        "the column’s sample, or leave no estimate. Lines separate regions and years.",
    )
    return Methods(run, influence.summary, pictures=(picture,))


ANALYSES = (
    Analysis(
        name="power",
        command="power",
        tables=POWER,
        help="""Compute power and minimum detectable effects: results/long/power.csv (minutes).

    Simulates data without a slope on each column's own design. Errors are paths of other units of
    the region. The intervals of least squares and of the main model then give size and power of the
    nominal 5 % test. System GMM has no data sets: its power is by its own standard error.

    Example: python -m analysis power 3.2 --panel official

    Example: python -m analysis power 1.3 --study data/studies/munnell""",
        sentence="Minimum detectable effects (80 % power) and printed slopes",
        methods=_power,
        options=("columns", "panel", "seed", "cluster"),
        choose=_with_printed,
        section="power",
        studies=True,
    ),
    Analysis(
        name="recovery",
        command="recover",
        tables=("recovery",),
        help="""Check parameter recovery of slopes if the model is right: results/long/recovery.csv.

    Takes minutes. Simulates outcomes on each static column's own design (by default the headline's,
    on the first panel), with true slopes from the main model's posterior. Fits the model and least
    squares to them: bias, error and coverage of 95 % intervals.

    Example: python -m analysis recover 3.2 --data-sets 50

    Example: python -m analysis recover 1.3 --study data/studies/munnell""",
        sentence="Parameter recovery of slopes drawn from the posterior",
        methods=_recovery,
        options=(
            *("columns", "panel"),
            Option("data_sets", int, "Simulated data sets of a column.", 200, least=20),
            *("seed", "cluster"),
        ),
        choose=of_static(HEADLINE, (PANELS[0].name,)),
        section="power",
        studies=True,
    ),
    Analysis(
        name="candidates",
        command="candidates",
        tables=("candidates", "candidate_fits", "candidate_slopes"),
        help="""Screen the candidates for the main model: results/long/candidates.csv.

    Data sets of known slopes; takes hours, and a run that was stopped goes on where it was.
    Size, coverage, width, interval score and size-adjusted power of every candidate and comparator,
    by the rule at the head of analysis/simulation/main_model.py.

    Example: python -m analysis candidates --panel official@1 --data-sets 200""",
        sentence="Candidates for the main model, in the rule's order",
        methods=partial(_screen, of_two=False),
        options=_screened(200, Option("deciding", bool, "Leave out what only confirms.", False)),
        columns=("3.2",),
        panels=_SCREENED_PANELS,
        section="power",
    ),
    Analysis(
        name="last_two",
        command="last-two",
        tables=("last_two", "last_two_more"),
        help="""Judge the first two candidates on new data: results/long/last_two.csv.

    After `candidates`; takes hours. The rule names the main model by this table. With
    `--confirming`: the generator and the panel that do not count for the rule, in a table apart,
    with half of the data sets where true slopes are not zero.

    Example: python -m analysis last-two --data-sets 1000""",
        sentence="The last two candidates, in the rule's order",
        methods=partial(_screen, of_two=True),
        options=_screened(
            1_000, Option("confirming", bool, "Only what confirms: last_two_more.csv.", False)
        ),
        columns=("3.2",),
        panels=_SCREENED_PANELS,
        section="power",
    ),
    Analysis(
        name="false_findings",
        command="false-findings",
        tables=("false_findings",),
        help="""Count the ledger's findings where no column has a slope: long/false_findings.csv.

    Takes minutes. Data sets without slopes of every static column of all provinces, fitted by the
    main model on the panels of the ledger's mixture, and judged by its bounds on probability. The
    checks that reverse a finding are not run: fewer findings would be left.

    Example: python -m analysis false-findings --data-sets 100""",
        sentence="Findings of the ledger in data sets without slopes",
        methods=_false_findings,
        options=(
            *("columns", "panel"),
            Option("data_sets", int, "Simulated data sets.", 100, least=20),
            *("seed", "cluster"),
        ),
        columns=_CLAIMED,
        panels=VINTAGES,
        section="power",
    ),
    Analysis(
        name="influence",
        command="influence",
        tables=("influence",),
        help="""Leave one unit or one year out of every column: results/long/influence.csv.

    By the column's own estimator, in seconds, and by the posteriors that `sensitivity` has made.

    Example: python -m analysis influence 3.2 5.1

    Example: python -m analysis influence 1.3 --study data/studies/munnell""",
        sentence="Influence: largest shift of each slope by one province or year, in SE",
        methods=_influence,
        section="power",
        studies=True,
    ),
)
"""In the order of the page."""
