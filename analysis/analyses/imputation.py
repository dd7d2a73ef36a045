"""Imputation: what its simulation says of slopes, and slopes imputed with the outcome."""

from pathlib import Path

from analysis.shared.analysis import Analysis, Chosen, Methods, Option, Request, Result
from analysis.specifications import HEADLINE, select
from data.panels.catalogue import PANELS


def _study() -> Methods:
    from analysis.shared.frames import joined
    from analysis.ye2024.imputation import study

    def run(request: Request) -> Result:
        names = ("data_sets", "draws", "with_outcome", "seed")
        data_sets, draws, with_outcome, seed = (request.options[name] for name in names)
        parts = study.run(data_sets, draws, with_outcome, seed, cluster=request.options["cluster"])
        batches = -(-data_sets // study.BATCH)
        tables = ({"imputation_study": part} for part in request.track(parts, batches, "Imputing"))
        table = joined(tables)["imputation_study"]
        return Result({"imputation_study": study.summary(table, draws)})

    return Methods(run, study.shown)


def _outcome() -> Methods:
    from analysis.shared.frames import joined
    from analysis.ye2024.imputation import outcome
    from data.ye2024.definitions import DIRECTORY

    def run(request: Request) -> Result:
        series = request.options["official"] or DIRECTORY
        parts = outcome.run(request.panels, request.records, series, track=request.track)
        return Result(joined({"imputation_outcome": part} for part in parts))

    return Methods(run)


ANALYSES = (
    Analysis(
        name="imputation_study",
        command="imputation-study",
        tables=("imputation_study",),
        help="""\
    Simulate what imputation does to a slope: results/long/imputation_study.csv (minutes).

    Cells of complete simulated panels are deleted as the real gaps lie. Bias and coverage of the
    slope: with nothing deleted, by the default rules, by one draw, and pooled over draws made
    without and with the outcome.

    Example: python -m analysis imputation-study --data-sets 100""",
        sentence="The slope after imputation, where the true slope is known",
        methods=_study,
        options=(
            Option("data_sets", int, "Simulated data sets.", 200, least=2),
            Option("draws", int, "Completed data sets of each.", 10, least=2),
            Option("with_outcome", int, "Data sets that are imputed with the outcome, too.", 30,
                   least=0),
            "seed",
            "cluster",
        ),
        choose=lambda options: Chosen(),
    ),
    Analysis(
        name="imputation_outcome",
        command="imputation-outcome",
        tables=("imputation_outcome",),
        help="""\
    Pool the slope over draws made without and with the outcome: results/long/imputation_outcome.csv

    Draws made without the outcome pull a slope to zero, draws made with it presuppose its linear
    form. Needs the official series (--official).

    Example: python -m analysis imputation-outcome 3.2 --panel official""",
        sentence="Slopes imputed without and with the outcome",
        methods=_outcome,
        options=(
            "columns",
            "panel",
            Option("official", Path, "Folder of the official series."),
        ),
        choose=lambda options: Chosen(
            select(options["columns"] or HEADLINE[:1]),
            options["panel"] or [kind.name for kind in PANELS if kind.evidence],
        ),
    ),
)  # fmt: skip
