"""CPU time of a fit with its file, model by model, beside an earlier commit, in one run.

Posteriors of the multiverse's universes are timed alike, a batch of them at a time.

Each model has a process in either tree. Their first fits pay for imports and compiling; then fits
alternate between the trees, each with a new seed, and medians are taken. Both trees run with this
interpreter, its packages and one BLAS thread, on the same panel: the first edition, which the
earlier tree has under another name. Posteriors of the last fits are compared.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import arviz as az
import numpy as np

from analysis.benchmark import environment
from analysis.benchmark.startup import check_out
from analysis.posterior import equality
from analysis.shared.outputs import ROOT
from data.shared.errors import UserError

BEFORE = "14825e1"
"""The commit with which fits are compared."""

PANEL, PANEL_BEFORE = "official@1", "recollected"
"""One panel, by its names in both trees."""

UNIVERSES = "universes"
"""In the place of a panel: posteriors of the multiverse's universes, by error structure."""

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Timed:
    """A model whose fits are timed.

    Attributes
    ----------
    model, column : str
    target : float
        Least ratio of CPU seconds, before over now; NaN if the earlier tree lacks the model.
    most : float
        Most CPU seconds of a fit, where that is the target.
    panels : pair of str
        A panel's name here and in the earlier tree; `UNIVERSES` for posteriors of universes.
    """

    model: str
    column: str = "3.2"
    target: float = np.nan
    most: float = np.nan
    panels: tuple[str, str] = (PANEL, PANEL_BEFORE)

    @property
    def name(self) -> str:
        """The model, or the error structure of a universe's posterior."""
        return f"universe, {self.model}" if UNIVERSES in self.panels else self.model


TIMED = (
    Timed("growth", most=6.0),
    Timed("hierarchical", target=2.0),
    Timed("autoregressive", target=20.0),
    Timed("province_trends", target=12.0),
    Timed("joint", target=5.0),
    Timed("student_t", target=4.0),
    # Its readings are of this edition, in which the quotient of the first is none of them.
    Timed("measurement", target=4.0, panels=("official", PANEL_BEFORE)),
    Timed("dynamic_stationary", "5.1", target=4.0),
    Timed("dynamic_t", "5.1", target=1.8),
    Timed("dynamic_predetermined", "5.1", target=2.5),
    Timed("independent", target=12.0, panels=(UNIVERSES, UNIVERSES)),
    Timed("growth", most=0.3, panels=(UNIVERSES, UNIVERSES)),
)

COLUMNS = (
    *("model", "column", "first_cpu_s", "cpu_s", "before_first_cpu_s", "before_cpu_s", "ratio"),
    *("target", "pairs", "z_mean", "z_sd", "limit", "agreement"),
)
"""The contract of results/long/benchmark_fits.csv: medians; `ratio` is the median of the pairs'
ratios, before over now; `target` is a ratio, or CPU seconds for a model that is new; `z_mean` and
`z_sd` are the largest differences of both posteriors in units of Monte-Carlo error."""


def chosen(names: Sequence[str]) -> list[Timed]:
    """Return the models of those names, all by default.

    Raises
    ------
    UserError
        If a model is not timed.
    """
    known = {timed.name: timed for timed in TIMED}
    for name in names:
        if name not in known:
            raise UserError(f"{name!r} is not timed: choose among {', '.join(known)}.")
    return [known[name] for name in names or known]


def run(listed: Sequence[Timed], pairs: int = 5) -> Iterator[dict[str, object]]:
    """Time each model in both trees; yield rows of `COLUMNS`.

    Raises
    ------
    UserError
        If the earlier commit is not in this clone.
    """
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        if any(np.isfinite(timed.target) for timed in listed):
            check_out(BEFORE, before)
        for timed in listed:
            trees = [(ROOT, timed.panels[0])]
            trees += [(before, timed.panels[1])] if np.isfinite(timed.target) else []
            yield _row(timed, trees, pairs, Path(folder))


def _row(
    timed: Timed, trees: Sequence[tuple[Path, str]], pairs: int, folder: Path
) -> dict[str, object]:
    with ExitStack() as stack:
        fits = [stack.enter_context(Child(timed, *tree, folder)) for tree in trees]
        first_times = [fit.time(1) for fit in fits]
        times = np.array([[fit.time(2 + pair) for fit in fits] for pair in range(pairs)])
    medians = np.median(times, axis=0)
    row = {
        "model": timed.name,
        "column": timed.column,
        "first_cpu_s": first_times[0],
        "cpu_s": medians[0],
        "target": timed.most,
        "pairs": pairs,
    }
    if len(fits) == 1:
        return row
    row |= {
        "before_first_cpu_s": first_times[1],
        "before_cpu_s": medians[1],
        "ratio": np.median(times[:, 1] / times[:, 0]),
        "target": timed.target,
    }
    if timed.panels != (PANEL, PANEL_BEFORE):
        return row | {"agreement": "other data"}
    test = equality.compare(*_shared(*(fit.path for fit in fits)))
    return row | {
        "z_mean": test.z_mean,
        "z_sd": test.z_sd,
        "limit": test.limit,
        "agreement": "agrees" if max(test.z_mean, test.z_sd) < test.limit else "differs",
    }


def _shared(*paths: Path) -> list[equality.Draws]:
    """Read the draws of the variables that all traces have, shapes (chain, draw, …).

    Those with a constant element, such as the base year's effect, have no Monte-Carlo error.
    """
    read = [az.from_netcdf(path)["posterior"].to_dataset() for path in paths]
    names = [
        name
        for name in read[0].data_vars
        if all(name in draws and (draws[name].std(("chain", "draw")) > 0).all() for draws in read)
    ]
    return [{name: draws[name].to_numpy() for name in names} for draws in read]


class Child:
    """A process of a tree that fits one model whenever it is asked.

    Parameters
    ----------
    timed : Timed
    tree : Path
    panel : str
    folder : Path
        Below which its traces are written.
    """

    def __init__(self, timed: Timed, tree: Path, panel: str, folder: Path) -> None:
        self.name = f"{timed.model} in {tree}"
        script = Path(__file__).with_name("timed_fits.py")
        words = [script, timed.column, timed.model, panel, folder / f"traces-{panel}"]
        self.log = (folder / "log.txt").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=tree,
            env=environment() | ONE_THREAD | {"PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.path = Path()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *error: object) -> None:
        _stream(self.process.stdin).close()
        self.process.terminate()
        self.process.wait()
        _stream(self.process.stdout).close()
        self.log.close()

    def time(self, seed: int) -> float:
        """Fit once and return the CPU seconds.

        Raises
        ------
        RuntimeError
            If the process ends instead.
        """
        _stream(self.process.stdin).write(f"{seed}\n")
        _stream(self.process.stdin).flush()
        for line in _stream(self.process.stdout):
            words = line.split(maxsplit=1)
            if len(words) == 2 and words[1].strip().endswith((".nc", "-")):
                self.path = Path(words[1].strip())
                return float(words[0])
        self.log.seek(0)
        raise RuntimeError(f"{self.name} ended: {self.log.read()[-500:]}")


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
