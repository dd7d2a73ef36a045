"""Fits of one model in one process, one for each line that it is sent: a child of `fits`.

It runs in the tree that it is started in, this one or an earlier one, whose modules had other
places. It answers each line, a seed, with the CPU seconds of a fit and its file, children included.
"""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType


def first_of(*names: str) -> ModuleType:
    """Import the first module that this tree has."""
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return importlib.import_module(names[-1])


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of children that have ended."""
    return sum(os.times()[:4])


def main(column: str, model: str, panel: str, traces: Path) -> None:
    """Answer each line of standard input, a seed, with a fit and its CPU seconds."""
    sample = first_of("analysis.posterior.sample", "analysis.sample")
    jobs = first_of("analysis.posterior.jobs", "analysis.sample")
    settings = first_of("analysis.posterior.jobs", "analysis.engines").Settings
    (record,) = importlib.import_module("analysis.specifications").select([column])
    reads = first_of("models.bayesian.registry", "models.registry").find(model).reads
    load = first_of("data.panels.panel", "data.panel").load_panel
    variables = tuple(dict.fromkeys((*record.variables, *reads(record))))
    listed = jobs.jobs([load(panel, variables)], [record], [model])
    for line in sys.stdin:
        begun = cpu_seconds()
        (path,) = sample.sample_all(listed, settings(seed=int(line)), traces, workers=1)
        print(cpu_seconds() - begun, path, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
