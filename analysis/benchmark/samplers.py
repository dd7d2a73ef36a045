"""Sampling speed of this project and of other programs, in one run.

Each program gets the same regression, model and priors in a process of its own
(`analysis.benchmark.contenders`), compiles, and samples by ever dearer settings until one passes
the health gate; where none does in the time allowed, the last one's row says "fail". The least
effective sample size is over all variables of the model, bulk and tail; of independent draws it is
their true one. Its draws are then compared with many of this project's, of another seed, by the
rule of `analysis.posterior.equality` but for that rule's 10,000 effective draws, which the cheapest
setting does not give: differences are in units of the wider Monte Carlo error of so few.

Models. `by_formula` is the hierarchical model as a Bambi formula (`models.bayesian.bambi_check`),
which brms can state exactly, too. rstanarm states neither residual scales by region nor
half-normal group scales, so it samples `dummies`, the flat-prior benchmark under its own priors.
"""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.benchmark import environment, stan
from analysis.benchmark.contenders import (
    CONTENDERS,
    OWN,
    REFERENCE,
    Contender,
    Draws,
    Problem,
    Rung,
    draw,
)
from analysis.posterior import equality
from analysis.posterior.diagnose import failures, numbers
from analysis.posterior.jobs import Settings
from analysis.shared.outputs import ROOT
from analysis.specifications import HEADLINE, select
from data.panels.panel import load_panel
from data.shared.errors import UserError
from models.design import Specification, design

SIMPANEL = ROOT.parent / "shared" / "reference" / "simpanel.csv"
"""A simulated panel of the real one's shape: `unit, year, region, y, x1` … `x6`."""

PANEL = "official"

COLUMNS = (
    "engine",
    "model",
    "panel",
    "setting",
    "gate",
    "wall_s",
    "cpu_s",
    "compile_s",
    "min_ess",
    "min_ess_per_cpu_s",
    "ratio_to_nutpie",
    "z_mean",
    "z_sd",
    "limit",
    "agreement",
    "failed",
)
"""The contract of results/long/benchmark_samplers.csv.

`ratio_to_nutpie` is of `min_ess_per_cpu_s`, on the same model and panel; `z_mean` and `z_sd` are
the largest differences from the reference in units of Monte Carlo error, `limit` what they may be;
`failed` names the gate's checks that failed.
"""

REFERENCE_DRAWS = 12_500
"""Per chain, of the posterior with which all are compared."""

REFERENCE_SEED = 1_000


def problems(simpanel: Path = SIMPANEL, panels: Sequence[str] = (PANEL,)) -> list[Problem]:
    """List the regressions: the headline column on committed panels, the simulated one if there."""
    (record,) = select([HEADLINE[0]])
    regressions = [
        (name, design(load_panel(name, record.variables).frame, record), record.interest[0])
        for name in panels
    ]
    if simpanel.is_file():
        frame = pd.read_csv(simpanel).rename(columns={"unit": "province"})
        controls = tuple(f"x{number}" for number in range(2, 7))
        columns = Specification("simulated", "y", ("x1",), controls, "the simulated panel")
        regressions.insert(0, (simpanel.stem, design(frame, columns), "x1"))
    kinds = dict.fromkeys(kind for contender in CONTENDERS for kind in contender.kinds)
    return [Problem(kind, *regression) for kind in kinds for regression in regressions]


def chosen(names: Sequence[str]) -> list[Contender]:
    """Return the programs of those names, all by default.

    Raises
    ------
    UserError
        If there is no such program.
    """
    known = {contender.name: contender for contender in CONTENDERS}
    for name in names:
        if name not in known:
            raise UserError(f"There is no program {name!r}: choose among {', '.join(known)}.")
    return [known[name] for name in names or known]


def lacks(contender: Contender) -> str:
    """Return what a program needs that is not installed; empty if it is there."""
    if contender.prepare is not None:
        return " and ".join(name for name in contender.needs if not find_spec(name))
    if not shutil.which("Rscript"):
        return "R"
    absent = [name for name in contender.needs if not _has_r_package(name)]
    return " and ".join(f"R's {name}" for name in absent)


def _has_r_package(name: str) -> bool:
    words = ["Rscript", "-e", f"quit(status = !requireNamespace('{name}', quietly = TRUE))"]
    return not subprocess.run(words, capture_output=True, check=False).returncode


def run(
    listed: Sequence[Problem],
    contenders: Sequence[Contender] = CONTENDERS,
    seconds: float = 240.0,
    reference_draws: int = REFERENCE_DRAWS,
) -> Iterator[tuple[str, dict[str, object] | None]]:
    """Sample every problem by every installed program that can state it.

    Parameters
    ----------
    listed : sequence of Problem
    contenders : sequence of Contender
    seconds : float
        After which a program is stopped, compilation included.
    reference_draws : int
        Per chain.

    Yields
    ------
    str
        What was done, for the terminal.
    dict or None
        The row, `COLUMNS` but for `ratio_to_nutpie`; None of a program that is not there.
    """
    absent = {contender.name: lacks(contender) for contender in contenders}
    for name, missing in absent.items():
        if missing:
            yield f"{name} is left out: {missing} is not installed.", None
    for problem in listed:
        reference, _ = draw(problem, Settings(draws=reference_draws, seed=REFERENCE_SEED))
        for contender in contenders:
            if problem.kind in contender.kinds and not absent[contender.name]:
                row = measure(contender, problem, reference, seconds)
                outcome = f"gate {row['gate']}" + (f" ({row['failed']})" if row["failed"] else "")
                yield f"{contender.name}, {problem.kind}, {problem.panel}: {outcome}", row


def measure(
    contender: Contender, problem: Problem, reference: Draws, seconds: float
) -> dict[str, object]:
    """Return the row of a program's cheapest setting that passes the gate."""
    row = {
        "engine": contender.name,
        "model": problem.kind,
        "panel": problem.panel,
        "gate": "fail",
        "failed": "no draws in time",
    }
    with tempfile.TemporaryDirectory() as folder:
        words = _command(contender, problem, Path(folder))
        with answering(words, folder, seconds) as ask:
            row["compile_s"] = ask(None).get("wall_s")
            for rung in contender.ladder:
                answer = ask(rung)
                if not answer:
                    break
                row |= _judged(problem, rung, answer, reference)
                if row["gate"] == "pass":
                    break
    return {name: row.get(name) for name in COLUMNS}


def _command(contender: Contender, problem: Problem, folder: Path) -> list[str]:
    if contender.prepare is None:
        data, words = folder / "data.csv", folder / "regression.json"
        stan.write(problem, data, words)
        script = Path(stan.__file__).with_suffix(".R")
        return ["Rscript", str(script), contender.needs[0], str(data), str(words), str(folder)]
    path = folder / "problem"
    path.write_bytes(pickle.dumps(problem))
    module = "analysis.benchmark.contenders"
    return [sys.executable, "-m", module, contender.name, str(path), str(folder)]


@contextmanager
def answering(words: Sequence[str], folder: str, seconds: float) -> Iterator:
    """Start a program; yield a function from a setting to its answer, {} if it is gone.

    It is ended after so many seconds.
    """
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # so that what it starts can be ended with it
    )

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    alarm = threading.Timer(seconds, end)
    alarm.start()

    def ask(rung: Rung | None) -> dict:
        try:
            if rung:
                process.stdin.write(json.dumps(asdict(rung)) + "\n")
                process.stdin.flush()
            return json.loads(process.stdout.readline() or "{}")
        except BrokenPipeError:
            return {}

    try:
        yield ask
    finally:
        alarm.cancel()
        end()
        process.communicate()


def _judged(problem: Problem, rung: Rung, answer: Mapping, reference: Draws) -> dict[str, object]:
    draws, statistics = _read(problem, answer)
    values = numbers(_dataset(draws), statistics, list(draws))
    failed = failures(values)
    compared = equality.compare_few(draws, reference)
    agrees = max(compared.z_mean, compared.z_sd) < compared.limit
    true = values.get("true_ess")  # of independent draws
    ess = true if true is not None else min(values["ess_bulk"], values["ess_tail"])
    return {
        "setting": str(rung),
        "gate": "fail" if failed else "pass",
        "failed": " ".join(failed),
        "wall_s": answer["wall_s"],
        "cpu_s": answer["cpu_s"],
        "min_ess": ess,
        "min_ess_per_cpu_s": ess / answer["cpu_s"],
        "z_mean": compared.z_mean,
        "z_sd": compared.z_sd,
        "limit": compared.limit,
        "agreement": "agrees" if agrees else "differs",
    }


def _read(problem: Problem, answer: Mapping) -> tuple[Draws, xr.Dataset]:
    if "names" in answer:
        return stan.read(problem, answer)
    return pickle.loads(Path(answer["path"]).read_bytes())


def _dataset(draws: Draws) -> xr.Dataset:
    return xr.Dataset({name: (("chain", "draw", f"{name}_"), v) for name, v in draws.items()})


def table(rows: Sequence[Mapping]) -> pd.DataFrame:
    """Return the rows with their ratio to nutpie's on the same model and panel."""
    rates = pd.DataFrame(rows, columns=list(COLUMNS))
    keys = ["model", "panel"]
    of_reference = rates[rates["engine"] == REFERENCE].set_index(keys)["min_ess_per_cpu_s"]
    base = rates[keys].join(of_reference, on=keys)["min_ess_per_cpu_s"]
    return rates.assign(ratio_to_nutpie=rates["min_ess_per_cpu_s"] / base)


def summary(rates: pd.DataFrame) -> pd.DataFrame:
    """Report how many times as many effective draws per CPU second this project gives."""
    keys = ["model", "panel"]
    project = rates[rates["engine"] == OWN].set_index(keys)["min_ess_per_cpu_s"]
    contenders = rates[rates["engine"] != OWN].join(project.rename("own"), on=keys)
    times = contenders["own"] / contenders["min_ess_per_cpu_s"]
    return contenders.assign(times=times)[["engine", *keys, "gate", "agreement", "times"]]
