"""The project beside other programs: each row is of the machine and the commit of its own run.

A run of some models or programs replaces their rows, and keeps the others.
"""

from collections.abc import Callable
from pathlib import Path

from analysis.shared.analysis import Analysis, Chosen, Methods, Option, Request, Result, Table


def _gmm() -> Methods:
    import pandas as pd

    from analysis.benchmark import gmm
    from analysis.shared.runs import processor

    def run(request: Request) -> Result:
        data, pydynpd = request.options["data"] or gmm.ABDATA, request.options["pydynpd"]
        programs = {"pydynpd": pydynpd} if pydynpd else {}
        timed = gmm.gmm(data, request.options["repeats"], programs)
        rows = request.track(timed, len(gmm.ENGINES) + len(gmm.SCALES), "Timing")
        seconds = pd.DataFrame(list(rows), columns=list(gmm.COLUMNS))
        title = f"Wall and CPU seconds per estimation; ratio to this project; {processor()}"
        return Result({"benchmark_gmm": seconds}, [Table(title, seconds)])

    return Methods(run)


def _estimators() -> Methods:
    import pandas as pd

    from analysis.benchmark import estimators
    from analysis.shared.runs import processor

    def run(request: Request) -> Result:
        options = request.options
        data, pairs = options["data"] or estimators.ABDATA, options["pairs"]
        listed = estimators.chosen(options["task"] or ())
        timed = estimators.run(listed, pairs, options["peers"], data)
        rows = [row for task in request.track(timed, len(listed), "Timing") for row in task]
        table = pd.DataFrame(rows, columns=list(estimators.COLUMNS))
        title = f"CPU seconds of estimates; ratio to this project; {processor()}"
        return Result({"benchmark_estimators": table}, [Table(title, table)])

    return Methods(run)


def _samplers() -> Methods:
    from analysis.benchmark import samplers
    from analysis.shared.runs import processor

    def run(request: Request) -> Result:
        options = request.options
        contenders = samplers.chosen(options["engine"] or ())
        simpanel = options["simpanel"] or samplers.SIMPANEL
        listed = samplers.problems(simpanel, options["panel"] or (samplers.PANEL,))
        rows = []
        for text, row in samplers.run(listed, contenders, options["seconds"]):
            request.tell(text)
            rows += [row] if row else []
        table = samplers.table(rows)
        title = "Times as many effective draws per CPU second here"
        items = [
            Table(f"Effective draws per CPU second; {processor()}", table),
            Table(title, samplers.summary(table), "benchmark_ratios"),
        ]
        return Result({"benchmark_samplers": table}, items)

    return Methods(run)


def _scale() -> Methods:
    import pandas as pd

    from analysis.benchmark import scale
    from analysis.shared.runs import processor

    def run(request: Request) -> Result:
        most = request.options["rows"]
        sizes = [size for size in scale.SIZES if size.units * size.years <= most]
        measured = request.track(scale.run(sizes), len(sizes), "Measuring")
        table = pd.DataFrame(list(measured), columns=list(scale.COLUMNS))
        title = f"Seconds and MB by size of the panel; {processor()}"
        return Result({"benchmark_scale": table}, [Table(title, table)])

    return Methods(run)


def _startup() -> Methods:
    import pandas as pd

    from analysis.benchmark import startup
    from analysis.shared.runs import processor

    def run(request: Request) -> Result:
        total = len(startup.ANSWERS)
        measured = request.track(startup.run(request.options["pairs"]), total, "Timing")
        table = pd.DataFrame(list(measured), columns=list(startup.COLUMNS))
        title = f"CPU seconds until a command has answered; {processor()}"
        return Result({"benchmark_startup": table}, [Table(title, table)])

    return Methods(run)


def _fits() -> Methods:
    import pandas as pd

    from analysis.benchmark import fits
    from analysis.shared.runs import processor

    def run(request: Request) -> Result:
        listed = fits.chosen(request.options["model"] or ())
        measured = request.track(fits.run(listed, request.options["pairs"]), len(listed), "Timing")
        table = pd.DataFrame(list(measured), columns=list(fits.COLUMNS))
        title = f"CPU seconds of a fit with its file; {processor()}"
        return Result({"benchmark_fits": table}, [Table(title, table)])

    return Methods(run)


def _timed(
    name: str, sentence: str, methods: Callable[[], Methods], text: str, *options: Option
) -> Analysis:
    """Return the record of one benchmark."""
    return Analysis(
        name=f"benchmark_{name}",
        command=f"benchmark {name}",
        tables=(f"benchmark_{name}",),
        help=text,
        sentence=sentence,
        methods=methods,
        options=options,
        choose=lambda options: Chosen(),
    )


ANALYSES = (
    _timed(
        *("gmm", "Wall and CPU seconds per estimation by system GMM", _gmm),
        """Time system GMM beside the other programs installed: results/long/benchmark_gmm.csv.

    Example: python -m analysis benchmark gmm --repeats 5""",
        Option("data", Path, "Arellano and Bond's panel, abdata.csv."),
        Option("pydynpd", str, "A Python that has pydynpd (NumPy below 2.4)."),
        Option("repeats", int, "Timed estimations per engine.", 15, least=1),
    ),
    _timed(
        *("estimators", "CPU seconds of estimates, beside other programs", _estimators),
        """\
    Time estimators beside other programs: results/long/benchmark_estimators.csv (minutes).

    Other programs run in a Python of their own: analysis/benchmark/peer_estimators.py lists them.

    Example: python -m analysis benchmark estimators --task TWFE --peers /path/to/python""",
        Option("task", list[str], "A task, or how some begin; repeatable. Default: all."),
        Option("peers", str, "A Python that has the other programs. Default: this one."),
        Option("data", Path, "Arellano and Bond's panel, abdata.csv."),
        Option("pairs", int, "Timings of each program.", 5, least=1),
    ),
    _timed(
        *("samplers", "Effective draws per CPU second", _samplers),
        """\
    Time this project beside other samplers of the same model: results/long/benchmark_samplers.csv.

    Every program that is installed, at the cheapest setting that passes the health gate.

    Example: python -m analysis benchmark samplers""",
        Option("panel", list[str], "A committed panel; repeatable."),
        Option("simpanel", Path, "The simulated panel, simpanel.csv."),
        Option("engine", list[str], "A program; repeatable. Default: all."),
        Option("seconds", float, "After which a program is stopped.", 240.0, least=1),
    ),
    _timed(
        *("scale", "Seconds and MB by size of the panel", _scale),
        """Time the model on ever larger simulated panels: results/long/benchmark_scale.csv.

    Example: python -m analysis benchmark scale""",
        Option("rows", float, "Rows of the largest panel.", 1e7, least=1_000),
    ),
    _timed(
        *("fits", "CPU seconds of a fit with its file, beside an earlier commit", _fits),
        """Time fits of each model beside an earlier commit: long/benchmark_fits.csv (hours).

    Example: python -m analysis benchmark fits --model growth --model hierarchical --pairs 3""",
        Option("model", list[str], "A model; repeatable. Default: all that are timed."),
        Option("pairs", int, "Timed fits in each tree, after the first.", 5, least=1),
    ),
    _timed(
        *("startup", "CPU seconds until a command has answered", _startup),
        """Time how soon commands answer, beside an earlier commit: benchmark_startup.csv.

    Example: python -m analysis benchmark startup""",
        Option("pairs", int, "Timed runs of each tree.", 5, least=1),
    ),
)
