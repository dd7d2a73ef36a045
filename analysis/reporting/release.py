"""A release: every product at one commit, in the order of its inputs, and what it changed.

The steps are commands. Each runs in a process of its own and writes below one folder, so that a
release that was cut short goes on where it ended. Its tables are then set beside those committed.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.shared.outputs import ROOT, TEXT, Outputs
from analysis.shared.products import LONG, PRODUCTS
from analysis.shared.statistics import Z
from analysis.shared.timing import run_timed
from analysis.specifications import HEADLINE
from data.panels.catalogue import DRAWN, PANELS
from data.shared.errors import UserError
from data.shared.files import read_csv, write_text

OFFICIAL = tuple(kind.name for kind in PANELS if kind.evidence)
"""The official panels."""

STUDIES = ("data/studies/munnell", "data/studies/cigarettes")
"""The studies that are committed, below the root."""

SAME = 1e-6
"""Relative difference up to which numbers without a Monte-Carlo error are the same."""

MANY_ERRORS = 4.0
"""Combined Monte-Carlo errors by which two runs may differ: a table holds thousands of numbers."""

State = dict[str, "Done"]
"""By the words of a step, how it ended."""


@dataclass(frozen=True)
class Step:
    """A command of a release.

    Attributes
    ----------
    words : tuple of str
        What follows `python -m analysis`.
    series : bool
        Whether it needs the official series, which a clone does not have.
    """

    words: tuple[str, ...]
    series: bool = False

    @property
    def name(self) -> str:
        """Its words, as they are typed."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Done:
    """How a step ended.

    Attributes
    ----------
    exit_code : int
    seconds : float
        Of the clock.
    cpu_seconds : float
        Of its process and of those that it started and waited for.
    """

    exit_code: int
    seconds: float
    cpu_seconds: float


def _on(panels: Sequence[str]) -> str:
    return " ".join(f"--panel {panel}" for panel in panels)


WORDS = {
    "every": _on([kind.name for kind in PANELS]),
    "official": _on(OFFICIAL),
    "draws": _on([f"{name}{DRAWN}" for name in OFFICIAL]),
    "baseline": HEADLINE[0],
}
"""What `Product.runs` has placeholders for."""

PANELS_FIRST = ("panel build", "reconstruct", "reconstruct-ensemble", "reproduce")
"""Command lines that make panels, and the main job on them."""

AT_THE_END = (
    *("compare", "claims", "figures", "report"),
    *(f"reproduce --study {study}" for study in STUDIES),
)
"""Command lines that read what others made."""


def steps() -> tuple[Step, ...]:
    """Return the steps: panels and main job, all other products in their order, then readers."""
    lines = {line: line == PANELS_FIRST[0] for line in PANELS_FIRST}
    for product in PRODUCTS:
        for run in product.runs or (product.command,) * (product.long and not product.main):
            lines.setdefault(run.format(**WORDS), product.series)
    lines |= dict.fromkeys(AT_THE_END, False)
    return tuple(Step(tuple(line.split()), series) for line, series in lines.items())


STEPS = steps()
"""In the order of their inputs."""


def chosen(only: Sequence[str], without: Sequence[str], series: bool) -> list[Step]:
    """Return the steps of some commands; those that need the series only where these are.

    Parameters
    ----------
    only, without : sequence of str
        Commands of one word or two; all steps that begin so are meant.
    series : bool
        Whether the official series are at hand.

    Raises
    ------
    UserError
        If a command is no step.
    """

    def meant(step: Step, commands: Sequence[str]) -> bool:
        return any(f"{step.name} ".startswith(f"{command} ") for command in commands)

    for command in (*only, *without):
        if not any(meant(step, [command]) for step in STEPS):
            raise UserError(
                f"{command!r} is no step of a release: `python -m analysis release --list` has "
                "their names."
            )
    available = [step for step in STEPS if series or not step.series]
    selected = [step for step in available if not only or meant(step, only)]
    return [step for step in selected if not meant(step, without)]


def state_file(outputs: Outputs) -> Path:
    """Return where a release keeps how its steps ended."""
    return outputs.results / ".index" / "release.json"


def read_state(outputs: Outputs, commit: str) -> State:
    """Read how the steps of a release at a commit ended; nothing of another commit's."""
    try:
        stored = json.loads(state_file(outputs).read_text(encoding="utf-8"))
        steps = stored["steps"] if stored["commit"] == commit else {}
        return {name: Done(**done) for name, done in steps.items()}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def keep_state(state: State, outputs: Outputs, commit: str) -> None:
    """Keep how the steps ended."""
    steps = {name: asdict(done) for name, done in state.items()}
    text = json.dumps({"commit": commit, "steps": steps}, indent=1)
    write_text(f"{text}\n", state_file(outputs))


def run(
    steps: Sequence[Step],
    outputs: Outputs,
    commit: str,
    execute: Callable[[Step, Outputs], Done],
) -> list[Step]:
    """Run the steps that have not succeeded at this commit; a failure does not stop the others.

    Parameters
    ----------
    steps : sequence of Step
    outputs : Outputs
        Below which the release lies.
    commit : str
    execute : callable
        Runs a step: `in_a_process`.

    Returns
    -------
    list of Step
        Those that failed.
    """
    state = read_state(outputs, commit)
    for step in steps:
        before = state.get(step.name)
        if before is None or before.exit_code:
            state[step.name] = execute(step, outputs)
            keep_state(state, outputs, commit)
    return [step for step in steps if state[step.name].exit_code]


def log_of(step: Step, outputs: Outputs) -> Path:
    """Return where what a step prints is kept."""
    name = step.name.replace(" ", "_").replace("/", ".")
    return outputs.results / ".index" / "release" / f"{name}.txt"


def in_a_process(step: Step, outputs: Outputs) -> Done:
    """Run a step in a process of its own; what it prints goes to a file beside the state."""
    log = log_of(step, outputs)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "analysis", *step.words, *_into(step, outputs)]
    begun = time.perf_counter()
    with log.open("w", encoding="utf-8") as stream:
        code, cpu = run_timed(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
    return Done(code, round(time.perf_counter() - begun, 1), round(cpu, 1))


def _into(step: Step, outputs: Outputs) -> list[str]:
    """Return the options that send a step's outputs below the release's folder."""
    if step.words[0] == "panel":  # writes the tree's panels: git shows a difference
        return []
    of_study = "--study" in step.words
    folder = outputs.root / "studies" / Path(step.words[-1]).name if of_study else outputs.root
    return ["--out", str(folder)]


def taken(steps: Sequence[Step], outputs: Outputs, commit: str) -> pd.DataFrame:
    """Return what each step took, the longest first.

    Returns
    -------
    DataFrame
        `step`, `cpu_minutes`, `minutes`, `exit_code`; steps that have not run have no numbers.
    """
    state = read_state(outputs, commit)
    rows = [
        {
            "step": step.name,
            "cpu_minutes": done.cpu_seconds / 60 if done else np.nan,
            "minutes": done.seconds / 60 if done else np.nan,
            "exit_code": str(done.exit_code) if done else "",
        }
        for step in steps
        for done in (state.get(step.name),)
    ]
    return pd.DataFrame(rows).sort_values("cpu_minutes", ascending=False, ignore_index=True)


# --- what a release changed ---------------------------------------------------------------------


def differences(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    """Compare two versions of a table, row by row.

    Rows are the same whose words, whole numbers and truth values are. A number X differs beyond its
    Monte-Carlo error where the table has its 95 % interval, X_low and X_high, or its error, X_mcse,
    and both versions are further apart than `MANY_ERRORS` combined errors. One without differs
    where it is off by more than `SAME`, relative to the larger of both.

    Parameters
    ----------
    before, after : DataFrame

    Returns
    -------
    dict
        `rows`, `missing`, `new`; `changed`: numbers that differ at all; `beyond`: numbers that
        differ beyond their error; `largest`: the largest relative difference.
    """
    common = [name for name in before if name in after]
    numbers = [name for name in common if _is_real(before[name], after[name])]
    keys = [name for name in common if name not in numbers]
    old, new = (_keyed(frame, keys) for frame in (before, after))
    shared_rows = old.index.intersection(new.index)
    changed, beyond, largest = 0, 0, 0.0
    for name in numbers:
        a, b = (frame.loc[shared_rows, name].to_numpy(float) for frame in (old, new))
        differs = ~np.isclose(a, b, rtol=SAME, atol=0, equal_nan=True)
        error = np.hypot(_error(old.loc[shared_rows], name), _error(new.loc[shared_rows], name))
        distance = np.abs(a - b)
        changed += int(differs.sum())
        beyond += int((differs & ~(distance <= MANY_ERRORS * np.nan_to_num(error))).sum())
        with np.errstate(all="ignore"):
            relative = distance[differs] / np.maximum(np.abs(a), np.abs(b))[differs]
        largest = max(largest, *np.nan_to_num(relative, nan=np.inf), 0.0)
    return {
        "rows": len(new),
        "missing": len(old.index.difference(new.index)),
        "new": len(new.index.difference(old.index)),
        "changed": changed,
        "beyond": beyond,
        "largest": largest,
    }


def _is_real(*versions: pd.Series) -> bool:
    """Return whether a column holds fractions in a version; in the other all may be whole."""
    kinds = {version.dtype.kind for version in versions}
    return "f" in kinds and kinds <= {"f", "i"}


def _keyed(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Index a table by its keys; rows of equal keys by their order, too."""
    words = frame[list(keys)].astype(str)
    order = words.groupby(list(keys)).cumcount() if keys else pd.Series(range(len(frame)))
    return frame.set_index(pd.MultiIndex.from_frame(words.assign(order=order.to_numpy())))


def _error(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return the Monte-Carlo errors of a column; zero where the table has none."""
    if f"{name}_mcse" in table:
        return table[f"{name}_mcse"].to_numpy(float)
    if {f"{name}_low", f"{name}_high"} <= set(table):
        return (table[f"{name}_high"] - table[f"{name}_low"]).to_numpy(float) / (2 * Z)
    return np.zeros(len(table))


def compared(outputs: Outputs, root: Path = ROOT) -> pd.DataFrame:
    """Set each committed table of results/long/ beside the release's.

    Returns
    -------
    DataFrame
        `table`, and the columns of `differences`. A table that the release has not made counts as
        missing with all its rows.
    """
    rows = []
    for path in sorted((root / LONG).glob("*.csv")):
        before = read_csv(path, TEXT)
        released = outputs.root / LONG / path.name
        after = read_csv(released, TEXT) if released.is_file() else before.iloc[:0]
        rows.append({"table": path.stem} | differences(before, after))
    return pd.DataFrame(rows)


def adopt(outputs: Outputs, root: Path = ROOT) -> list[Path]:
    """Copy a release's long tables and pictures to where they are committed.

    Returns
    -------
    list of Path
        The files, below `root`.
    """
    paths = []
    for folder in (LONG, "figures"):
        for released in sorted((outputs.root / folder).glob("*")):
            if released.is_file() and not released.name.startswith("checks_"):
                paths.append(root / folder / released.name)
                shutil.copyfile(released, paths[-1])
    return paths
