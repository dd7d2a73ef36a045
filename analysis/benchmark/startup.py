"""Start-up time of commands, beside an earlier commit, in one run.

CPU seconds of a whole process, user and system, its children included: what a reader waits for on
an idle machine, without the noise of what else the machine does. Both trees run with this
interpreter and its packages; the earlier one is checked out into a temporary folder.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.benchmark import environment
from analysis.shared.outputs import ROOT
from analysis.shared.timing import run_timed
from data.shared.errors import UserError

BEFORE = "14825e1"
"""The commit whose tree was 45 rooms on 12 floors."""


@dataclass(frozen=True)
class Answer:
    """A command that should answer at once.

    Attributes
    ----------
    name : str
    words : tuple of str
        On the command line; `{panel}` is the name of the best guess at the author's data.
    target : float
        CPU seconds.
    code : int
        Exit code that is expected.
    """

    name: str
    words: tuple[str, ...]
    target: float
    code: int = 0


ANSWERS = (
    Answer("help", ("--help",), 1.0),
    Answer("help of a command", ("sample", "--help"), 1.0),
    Answer("a column that is not there", ("replicate", "9.9"), 1.0, 2),
    Answer("a file that is not there", ("replicate", "3.2", "--panel", "none.csv"), 1.0, 2),
    Answer("status", ("status",), 2.5),
    Answer(
        "one column on one panel", ("replicate", "3.2", "--panel", "{panel}", "--draws", "99"), 2.5
    ),
)

COLUMNS = ("answer", "cpu_s", "before_cpu_s", "ratio", "target_s", "pairs")
"""The contract of results/long/benchmark_startup.csv: medians; `ratio` is that of the pairs'
ratios, before over now."""


def run(pairs: int = 5) -> Iterator[dict[str, object]]:
    """Time every answer in both trees, one after the other; yield rows of `COLUMNS`.

    Raises
    ------
    UserError
        If the earlier commit is not in this clone.
    """
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        check_out(BEFORE, before)
        trees = ((ROOT, "official"), (before, "recollected"))
        for answer in ANSWERS:
            for tree, panel in trees:  # once each, so that every later run finds compiled files
                cpu_seconds(answer, tree, panel, Path(folder))
            times = np.array(
                [
                    [cpu_seconds(answer, tree, panel, Path(folder)) for tree, panel in trees]
                    for _ in range(pairs)
                ]
            )
            now, then = np.median(times, axis=0)
            yield {
                "answer": answer.name,
                "cpu_s": now,
                "before_cpu_s": then,
                "ratio": np.median(times[:, 1] / times[:, 0]),
                "target_s": answer.target,
                "pairs": pairs,
            }


def check_out(commit: str, folder: Path) -> None:
    """Write the tree of a commit into a folder."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if packed.returncode:
        raise UserError(
            f"The commit {commit} is not in {ROOT}: clone the repository with its history."
        )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)


def cpu_seconds(answer: Answer, tree: Path, panel: str, folder: Path) -> float:
    """Run a command in a tree and return the CPU seconds of its process and of its children."""
    words = [word.format(panel=panel) for word in answer.words]
    if "--help" not in words:
        words += ["--out", str(folder / f"out-{panel}")]
    code, seconds = run_timed(
        [sys.executable, "-m", "analysis", *words],
        cwd=tree,
        env=environment() | {"PYTHONPATH": str(tree)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if code != answer.code:
        raise RuntimeError(f"{' '.join(words)} ended with {code} in {tree}")
    return seconds
