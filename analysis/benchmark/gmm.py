"""Speed of the project's GMM beside other programs, each in a process of its own.

Every engine gets the same CSV, reads it, estimates once to warm up and is then timed, so neither
start-up nor reading counts. One run measures all of them side by side.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.benchmark import environment
from analysis.shared.outputs import ROOT
from data.shared.errors import UserError

ABDATA = ROOT.parent / "shared" / "reference" / "abdata.csv"
"""Arellano and Bond's firms: `id, year, n, w, k` and the year dummies `yr1976` …"""

COLUMNS = ("engine", "specification", "wall_s", "cpu_s", "ratio")

SYSTEM = "two-step system: n on L.n L(0/1).(w k) yr*, gmm(L.(n w k)) iv(yr*, eq(level))"
DIFFERENCE = "two-step difference: n on L(1/2).n w k, gmm(n, 2 4) gmm(w, 1 3) iv(k)"

SCALES = (140, 1_400, 14_000)
"""Numbers of groups in which the project's own cost is measured."""

TIMER = """
import json, sys, time
import pandas as pd
frame = pd.read_csv(sys.argv[1])
def timed(estimate, repeats=int(sys.argv[2])):
    walls, cpus = [], []
    coef = estimate()
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        estimate()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    print(json.dumps({"wall": walls, "cpu": cpus, "coef": float(coef)}))
"""

OWN_SYSTEM = (
    TIMER
    + """
from models.frequentist.gmm import Gmm, GmmSpecification, Iv, fit
years = [name for name in frame if name.startswith("yr")]
spec = GmmSpecification(
    "n", ["L.n", "w", "L.w", "k", "L.k", *years], [Gmm("L.n L.w L.k")], [Iv(years, "level")]
)
timed(lambda: fit(frame, spec, "id", "year").coef[0])
"""
)

OWN_DIFFERENCE = (
    TIMER
    + """
from models.frequentist.gmm import Gmm, GmmSpecification, Iv, fit
spec = GmmSpecification(
    "n", "L(1/2).n w k", [Gmm("n", (2, 4)), Gmm("w", (1, 3))], [Iv("k")], system=False
)
timed(lambda: fit(frame, spec, "id", "year").coef[0])
"""
)

PYXTABOND2 = (
    TIMER
    + """
import warnings
warnings.simplefilter("ignore")
from pyxtabond2 import PyXtabond2
from pyxtabond2.specs import GMMStyle, IVStyle
for name in ("n", "w", "k"):
    frame["lag_" + name] = frame.sort_values("year").groupby("id")[name].shift(1)
years = [name for name in frame if name.startswith("yr")][1:-1]
def estimate():
    model = PyXtabond2(
        frame, "id", "year", "n", ["lag_n", "w", "lag_w", "k", "lag_k", *years], [], [],
        model_type="system", twostep=True, robust=True,
        gmm=[GMMStyle(["lag_n", "lag_w", "lag_k"], (1, None))], iv=[IVStyle(years, "level")],
    )
    return model.fit().beta.ravel()[0]
timed(estimate)
"""
)

PYDYNPD = (
    TIMER
    + """
import contextlib, io
from pydynpd import regression
def estimate():
    with contextlib.redirect_stdout(io.StringIO()):
        command = "n L(1:2).n w k | gmm(n, 2:4) gmm(w, 1:3) iv(k) | nolevel"
        found = regression.abond(command, frame, ["id", "year"])
    return found.models[0].regression_table["coefficient"].iloc[0]
timed(estimate)
"""
)

PLM = """
suppressMessages(library(plm))
arguments <- commandArgs(trailingOnly = TRUE)
frame <- pdata.frame(read.csv(arguments[1]), index = c("id", "year"))
estimate <- function() {
  model <- pgmm(
    n ~ lag(n, 1) + lag(w, 0:1) + lag(k, 0:1) | lag(n, 2:99) + lag(w, 2:99) + lag(k, 2:99),
    data = frame, effect = "twoways", model = "twosteps", transformation = "ld"
  )
  summary(model, robust = TRUE)$coefficients[1, 1]
}
coef <- estimate()
times <- sapply(seq_len(as.integer(arguments[2])), function(i) {
  spent <- system.time(estimate())
  c(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]])
})
cat(sprintf(
  '{"wall": [%s], "cpu": [%s], "coef": %.12f}\\n',
  paste(times[1, ], collapse = ","), paste(times[2, ], collapse = ","), coef
))
"""

GRETL = """
set verbose off
open "{data}" --quiet
setobs id year --panel-vars
scalar repeats = {repeats}
matrix walls = zeros(1, repeats)
loop i = 0..repeats
  set stopwatch
  dpanel 1 ; n const w w(-1) k k(-1) ; GMM(w, 2, 99) GMM(k, 2, 99) \
    GMMlevel(w, 1, 1) GMMlevel(k, 1, 1) --system --two-step --time-dummies --quiet
  if i > 0
    walls[i] = $stopwatch
  endif
endloop
scalar coef = $coeff[1]
printf "{{\\"wall\\": ["
loop i = 1..repeats
  printf "%s%.9f", (i > 1) ? "," : "", walls[i]
endloop
printf "], \\"coef\\": %.12f}}\\n", coef
"""


@dataclass(frozen=True)
class Engine:
    """A program that is timed.

    Attributes
    ----------
    name : str
    specification : str
    script : str
    program : str
        What runs it: "python" is this interpreter, others are looked for on the path.
    suffix : str
        Of the script's file.
    """

    name: str
    specification: str
    script: str
    program: str = "python"
    suffix: str = ".py"


OWN = "this project"

ENGINES = (
    Engine(OWN, SYSTEM, OWN_SYSTEM),
    Engine("pyxtabond2", SYSTEM, PYXTABOND2),
    Engine("plm", SYSTEM, PLM, "Rscript", ".R"),
    Engine("gretl", SYSTEM, GRETL, "gretlcli", ".inp"),
    Engine(OWN, DIFFERENCE, OWN_DIFFERENCE),
    Engine("pydynpd", DIFFERENCE, PYDYNPD, "pydynpd"),
)


def command(engine: Engine, programs: Mapping[str, str]) -> str | None:
    """Return the program of an engine, None where it is not installed."""
    if engine.program == "python":
        return sys.executable
    return programs.get(engine.program) or shutil.which(engine.program)


def measure(
    engine: Engine, program: str, data: Path, repeats: int
) -> dict[str, list[float] | float] | None:
    """Run one engine; return its `wall`, `cpu` and `coef`, None if it cannot estimate.

    gretl has no clock of CPU time. That of its process, start-up taken off by running it longer,
    came out negative on a busy machine, so `cpu` is left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / f"engine{engine.suffix}"
        if engine.program == "gretlcli":
            script.write_text(engine.script.format(data=data, repeats=repeats), encoding="utf-8")
            words = [program, "-b", "-e", str(script)]
        else:
            script.write_text(engine.script, encoding="utf-8")
            words = [program, str(script), str(data), str(repeats)]
        done = subprocess.run(
            words, env=environment(), cwd=folder, capture_output=True, text=True, check=False
        )
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"wall"')]
    return json.loads(lines[-1]) if lines else None


def gmm(
    data: Path = ABDATA,
    repeats: int = 15,
    programs: Mapping[str, str] | None = None,
    scales: tuple[int, ...] = SCALES,
) -> Iterator[dict[str, object]]:
    """Time every engine that is installed, then the project on ever more groups.

    Parameters
    ----------
    data : Path
        Arellano and Bond's panel.
    repeats : int
        Timed estimations per engine; the fastest counts.
    programs : mapping, optional
        Where an engine's program is, by name: {"pydynpd": ".../bin/python"}.
    scales : tuple of int
        Numbers of groups; the panel is repeated under new ids.

    Yields
    ------
    dict
        `COLUMNS`; `ratio` is the CPU time over the project's own on the same specification, or
        over that on the first scale; of wall time for an engine without a CPU clock, and empty
        where the project's own wall time shows that the machine was not idle. An engine without
        such a clock has no `cpu_s`, and one that is not installed has no times.

    Raises
    ------
    UserError
        If the data are not there.
    """
    if not data.is_file():
        raise UserError(f"{data} is missing: name Arellano and Bond's panel with --data.")
    own_rows: dict[str, dict] = {}
    for engine in ENGINES:
        program = command(engine, programs or {})
        timing = measure(engine, program, data.resolve(), repeats) if program else None
        if timing is None:  # not installed here, or it cannot estimate: said, not left out
            yield {"engine": engine.name, "specification": engine.specification}
        else:
            row = _row(engine.name, engine.specification, timing)
            own = own_rows.setdefault(engine.specification, row)
            yield row | {"ratio": _ratio(row, own)}
    frame = pd.read_csv(data)
    smallest = None
    for n_groups in scales:
        with tempfile.TemporaryDirectory() as folder:
            larger = Path(folder) / "larger.csv"
            repeated(frame, n_groups).to_csv(larger, index=False)
            timing = measure(ENGINES[0], sys.executable, larger, max(repeats // 2, 1))
        row = _row(OWN, f"{SYSTEM}, {n_groups} groups", timing)
        smallest = smallest or row
        yield row | {"ratio": _ratio(row, smallest)}


IDLE = 1.2
"""Of wall over CPU time at most, on a machine with no other work."""


def _ratio(row: Mapping, own: Mapping) -> float:
    """Return how many times as much CPU time a row has, or wall time where that means the same."""
    if row["cpu_s"] is not None:
        return row["cpu_s"] / own["cpu_s"]
    idle = own["wall_s"] <= IDLE * own["cpu_s"]
    return row["wall_s"] / own["wall_s"] if idle else np.nan


def _row(name: str, specification: str, timing: Mapping) -> dict[str, object]:
    """Take the fastest of the repeats, which other work on the machine disturbed least."""
    return {
        "engine": name,
        "specification": specification,
        "wall_s": min(timing["wall"]),
        "cpu_s": min(timing["cpu"]) if "cpu" in timing else None,
    }


def repeated(frame: pd.DataFrame, n_groups: int) -> pd.DataFrame:
    """Repeat a panel under new ids until it has `n_groups` groups."""
    ids = frame["id"].unique()
    copies = -(-n_groups // len(ids))
    stacked = pd.concat([frame.assign(copy=copy) for copy in range(copies)], ignore_index=True)
    numbers = pd.factorize(stacked["copy"] * len(ids) + pd.factorize(stacked["id"])[0])[0]
    return stacked.assign(id=numbers)[numbers < n_groups].drop(columns="copy")
