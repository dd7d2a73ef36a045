"""Checks of posteriors: predictive checks, sensitivity, simulation-based calibration."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
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
    of_static,
)
from analysis.specifications import HEADLINE, STATIC, current, select
from data.panels.catalogue import PANELS
from data.shared.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


# --- checks -------------------------------------------------------------------------------------


def _checks() -> Methods:
    from analysis.posterior import predictive_checks
    from analysis.posterior.trace import trace_paths
    from analysis.shared import plotting

    def run(request: Request) -> Result:
        options, outputs = request.options, request.outputs
        traces = trace_paths(outputs.traces)
        typed, models = options["panel"] or (), options["model"] or ()
        paths = predictive_checks.asked_for(traces, request.records, typed, models, request.tell)
        checks, loo = predictive_checks.check(request.track(paths, len(paths), "Checking"))
        legend = predictive_checks.legend()
        items: list[Item] = [
            Table("Statistics of a panel, of the data and of each draw", legend, "statistics")
        ]
        by_check = predictive_checks.summary(checks).groupby(["panel", "check"], sort=False)
        for (name, kind), rows in by_check:
            title = f"{kind.capitalize()} predictive p — panel {name}"
            items.append(Table(title, rows.drop(columns=["panel", "check"])))
        items.append(predictive_checks.READ)
        title = f"PSIS-LOO by row, {predictive_checks.GIVEN}"
        items.append(Table(title, loo.drop(columns="given"), "loo"))
        drawn = (
            path
            for name, rows in predictive_checks.frames(checks)
            for path in plotting.save(predictive_checks.draw, rows, outputs.figures / name)
        )
        pictures = drawn if options["pictures"] else ()
        return Result({"checks": checks, "loo": loo}, items, drawn=pictures)

    return Methods(run)


# --- sensitivity --------------------------------------------------------------------------------


def _studied(options: Mapping[str, Any]) -> Chosen:
    """Return the columns and models that are asked for: with `--all` every column."""
    if options["every"] and (options["columns"] or options["model"]):
        raise UserError("--all takes all columns and their main models: name neither.")
    every = () if current().path is None else current().headline
    records = select(every if options["every"] else options["columns"] or current().headline[:1])
    return Chosen(records, options["panel"] or (), options["model"] or ())


SHOWN_OF_SENSITIVITY = (
    ("sensitivity_priors", "refits under other priors"),
    ("sensitivity_loo", "out-of-sample accuracy by leave-one-province-out"),
    ("sensitivity_influence", "leave-one-province-out refits"),
    ("sensitivity_years", "leave-one-year-out refits"),
    ("sensitivity_power", "power-scaling"),
)
"""Tables on the page, and what they are called there."""


def _sensitivity() -> Methods:
    from analysis.posterior.jobs import Settings
    from analysis.robustness.sensitivity import draw, study, summaries
    from analysis.robustness.sensitivity.tables import TABLES, path_of, tables
    from analysis.shared.parts import PART, parts_of
    from analysis.shared.products import find
    from analysis.shared.provenance import UNKNOWN, known, record

    def run(request: Request) -> Result:
        options, outputs = request.options, request.outputs
        listed = (
            study.by_main_models(request.panels, request.records)
            if options["every"]
            else study.studies(request.panels, request.records, options["model"] or ())
        )
        products = [find(f"sensitivity_{name}") for name in TABLES]
        before = {product.name: known(product, outputs) for product in products}
        settings = Settings(seed=options["seed"])
        finished = study.run(listed, settings, outputs.results, cluster=options["cluster"])
        for _ in request.track(finished, len(listed), "Refitting", stays=True):
            pass
        by_name = tables(outputs.results)
        fits = [PART.join((j.panel.name, j.specification.column, j.model.name)) for j in listed]
        for product in products:
            remaining = parts_of(product, by_name[product.name.removeprefix("sensitivity_")])
            inputs = {part: before[product.name].get(part, UNKNOWN) for part in remaining}
            record(product, outputs, request.there, fits, kept=inputs)
        summary = summaries.summaries(by_name)
        items = [Table(title, rows, "sensitivity") for title, rows in summary.items()]
        files = [path_of(outputs.results, name) for name in by_name]
        return Result({"sensitivity_loo": summaries.comparison(by_name["provinces"])}, items, files)

    return Methods(
        run,
        pictures=(
            Picture(
                *("sensitivity_influence", draw.frames, draw.draw),
                caption="Shift of the slopes without one province: posterior in sd, of the average "
                "also TWFE in SE. Vertical lines are at zero, horizontal ones separate regions.",
            ),
        ),
        page=partial(_as_they_are, SHOWN_OF_SENSITIVITY),
    )


def _as_they_are(listed: tuple[tuple[str, str], ...], frame: Frames) -> Iterator[Item]:
    """Show tables by name, each called something; say of all that are missing at once."""
    from analysis.shared.frames import MOST, headed

    absent = []
    for name, caption in listed:
        table = frame(name)
        if table is None:
            absent.append(caption)
            continue
        rows = table.drop(columns=[c for c in ("key",) if c in table]).head(MOST)
        yield Table(headed(caption, table), rows, folded=True)
    if absent:
        yield Missing("; ".join(absent))


# --- calibration --------------------------------------------------------------------------------


def _cases(options: Mapping[str, Any]) -> list:
    """Return the cases that are asked for."""
    from analysis.simulation.calibration.cases import CASES

    requested = options["case"] or ()
    unknown = set(requested) - {case.name for case in CASES}
    if unknown:
        known = ", ".join(case.name for case in CASES)
        raise UserError(f"No case is called {' or '.join(sorted(unknown))}: choose among {known}.")
    return [
        case
        for case in CASES
        if (case.name in requested if requested else options["every"] or not case.costly)
    ]  # fmt: skip


def _of_cases(options: Mapping[str, Any]) -> Chosen:
    fitted = [case.fitted for case in _cases(options)]
    return Chosen(select([options["column"]]), (options["one_panel"],), fitted)


def _calibration() -> Methods:
    import pandas as pd

    from analysis.shared.frames import whole
    from analysis.shared.outputs import read_netcdf, write_netcdf
    from analysis.shared.products import find
    from analysis.shared.provenance import same_subject
    from analysis.simulation.calibration import draw, judge, ranks
    from analysis.simulation.calibration.cases import CASES
    from analysis.simulation.calibration.stored import Kept, Origin, kept, table
    from data.panels.catalogue import OWN

    def run(request: Request) -> Result:
        (panel,), (record,), options = request.panels, request.records, request.options
        path, seed = request.outputs.results / "calibration.nc", options["seed"]
        subject = f"column {record.column} on {panel.name}"
        same_subject(find("calibration"), request.outputs, subject)
        about = {"column": record.column, "panel": options["one_panel"]}
        stored = kept(path, **about)
        origin = {sbc_case.name: Origin.of(sbc_case, panel.sha256, seed) for sbc_case in CASES}

        def current(case: str) -> bool:
            return case in stored and stored[case].origin == origin[case]

        for sbc_case in _cases(options):
            size = options["data_sets"] or sbc_case.data_sets
            if current(sbc_case.name) and len(stored[sbc_case.name].ranks.effective) == size:
                continue
            batches = ranks.ranks(sbc_case, panel, record, size, seed)
            finished = request.track(batches, -(-size // sbc_case.batch), sbc_case.name)
            stored[sbc_case.name] = Kept(ranks.collect(finished), origin[sbc_case.name])
            # Case by case: one that is interrupted does not take the others along.
            write_netcdf(table(stored, **about), path)
        verdicts = [judge.judge(c, stored[c.name].ranks) for c in CASES if current(c.name)]
        judged = pd.concat(verdicts, ignore_index=True)
        title = f"Ranks of true parameters, {record.column} on {options['one_panel']}"
        off = judge.failures(judged)
        return Result(
            {"calibration": judged},
            [Table(title, judge.summary(judged))],
            [path],
            about=subject,
            failure=f"SBC fails: {', '.join(off)}." if off else None,
        )

    def curves(path: Path) -> "pd.DataFrame":
        """Read the curves that are drawn; none if they are of a user's own panel."""
        is_own = str(read_netcdf(path).attrs["panel"]).startswith(OWN)
        return pd.DataFrame() if is_own else draw.curves(path)

    captions = (("calibration", "simulation-based calibration"),)
    caption = (
        "Simulation-based calibration: the empirical distribution of ranks of true parameters, "
        "less the uniform one, by model, with 95 % simultaneous bands. Numbers are of data sets."
    )
    picture = Picture(
        "calibration", partial(whole, "calibration"), draw.draw, "nc", curves, caption
    )
    return Methods(run, pictures=(picture,), page=partial(_as_they_are, captions))


# --- scales of priors -----------------------------------------------------------------------------


def _swept() -> Methods:
    from analysis.robustness import scale_sweep
    from analysis.shared.frames import joined

    def run(request: Request) -> Result:
        options = request.options
        parts = (
            {"scale_sweep": scale_sweep.table(panel, record, options["model"], options["seed"])}
            for panel in request.panels
            for record in request.records
        )
        total = len(request.panels) * len(request.records)
        return Result(joined(request.track(parts, total, "Sweeping")))

    return Methods(run, scale_sweep.shown)


# --- horizon --------------------------------------------------------------------------------------


def _horizon() -> Methods:
    from analysis.robustness import horizon
    from analysis.shared.frames import joined

    def run(request: Request) -> Result:
        parts = (
            {"horizon": horizon.table(panel, record, request.outputs.traces)}
            for panel in request.panels
            for record in request.records
        )
        total = len(request.panels) * len(request.records)
        return Result(joined(request.track(parts, total, "Horizons")))

    picture = Picture(
        *("horizon", horizon.headline, horizon.draw),
        caption="Slopes of differences over one year to eight, with 95 % intervals clustered by "
        "province, beside two-way fixed effects and the main model within and between trends.",
    )
    return Methods(run, horizon.summary, horizon.sentence, (picture,), in_words.horizon_page)


ANALYSES = (
    Analysis(
        name="checks",
        command="check",
        tables=("checks", "loo"),
        help="""\
    Run predictive checks and PSIS-LOO of the traces: results/checks.csv, results/loo.csv.

    Example: python -m analysis check 3.2 --model growth --figures""",
        sentence="Predictive checks of every trace",
        methods=_checks,
        options=(
            "columns",
            Option("panel", list[str], "A panel or the path of a CSV; repeatable. Default: all."),
            Option("model", list[str], "A model; repeatable. Default: all."),
            Option(
                *("pictures", bool, "Draw figures/checks_<panel>_<column>, too.", False),
                flag="--figures",
            ),
        ),
        choose=lambda options: Chosen(select(options["columns"] or ())),
        studies=True,
    ),
    Analysis(
        name="scale_sweep",
        command="scale-sweep",
        tables=("scale_sweep",),
        help="""Move each prior scale of a model of growth: results/long/scale_sweep.csv.

    A minute a panel. The slope, and whether errors are near a unit root, under prior scales of
    slopes by province and region, of trends, and of the spread of error scales.

    Example: python -m analysis scale-sweep 3.2 --model growth""",
        sentence="Slope over all rows by the scale of one prior",
        methods=_swept,
        options=(
            *("columns", "panel"),
            Option("model", str, "A model of growth.", "growth"),
            "seed",
        ),
        columns=("3.2",),
        panels=tuple(kind.name for kind in PANELS if kind.evidence),
        section="sensitivity",
    ),
    Analysis(
        name="horizon",
        command="horizon",
        tables=("horizon",),
        help="""Estimate slopes over one year to eight: results/horizon.csv, in seconds.

    Differences over k years, a distributed lag and two-way fixed effects, with errors clustered by
    unit, of every static column. After `sample`, the main model's slopes within provinces' trends
    and between them, too.

    Example: python -m analysis horizon 1.3 --study data/studies/munnell""",
        sentence="Slopes by horizon",
        methods=_horizon,
        choose=of_static((*HEADLINE, *(record.column for record in STATIC))),
        section="horizon",
        studies=True,
    ),
    Analysis(
        name="sensitivity",
        command="sensitivity",
        tables=tuple(
            f"sensitivity_{name}"
            for name in ("influence", "years", "priors", "power", "provinces", "loo")
        ),
        help="""Refit the first headline column without each unit or year, and under other priors.

    Writes results/long/sensitivity_*; a minute for each model, column and panel. What is in the
    tables already is not made again.

    Example: python -m analysis sensitivity 3.2 --panel official

    Example: python -m analysis sensitivity 1.3 --model growth --study data/studies/munnell""",
        sentence="What moves each posterior farthest",
        methods=_sensitivity,
        options=(
            *("columns", "panel"),
            Option("model", list[str], "A model; repeatable. Default: the ladder."),
            Option(
                *("every", bool, "All columns, each by its main model alone.", False), flag="--all"
            ),
            *("seed", "cluster"),
        ),
        choose=_studied,
        section="sensitivity",
        studies=True,
    ),
    Analysis(
        name="calibration",
        command="calibrate",
        tables=("calibration",),
        help="""\
    Calibrate every model by simulation (SBC): results/long/calibration.csv, a figure.

    Cases that were run before are in results/calibration.nc and are judged again without a run, if
    code, column, panel and number of data sets are the same. Exit 1 if a right model's ranks are
    not uniform, or a wrong one's are.

    Example: python -m analysis calibrate 3.2 --case 'growth, posterior'""",
        sentence="Ranks of true parameters",
        methods=_calibration,
        options=(
            *("column", "one_panel"),
            Option("data_sets", int, "Simulated data sets. Default: each case's own.", least=20),
            Option(
                *("case", list[str]),
                "A case of analysis/simulation/calibration/cases.py; repeatable.",
            ),
            Option(
                *("every", bool, "Costly cases, too: chains of NUTS, hours in all.", False),
                flag="--all",
            ),
            "seed",
        ),
        choose=_of_cases,
        section="sensitivity",
    ),
)
"""In the order of the page."""
