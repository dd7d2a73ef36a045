"""Fits of one model in one process, one for each line that it is sent: a child of `fits`.

Or posteriors of the multiverse's universes, `UNIVERSES` at a time, where "universes" stands in the
place of a panel and an error structure in that of a model.

It runs in the tree that it is started in, this one or an earlier one, whose modules had other
places. It answers each line, a seed, with the CPU seconds of a fit and its file, children included.
"""

import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

UNIVERSES = 24


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
    if panel == "universes":
        universes(column, model)
        return
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


def universes(column: str, structure: str) -> None:
    """Answer each line of standard input, a seed, with the CPU seconds of one universe."""
    fraction = first_of("analysis.robustness.multiverse.fraction", "analysis.multiverse.fraction")
    fit = _batch if fraction.__name__.startswith("analysis.robustness") else _one_by_one
    for line in sys.stdin:
        begun = cpu_seconds()
        fit(fraction, column, structure, int(line))
        print((cpu_seconds() - begun) / UNIVERSES, "-", flush=True)


def _batch(fraction: ModuleType, column: str, structure: str, seed: int) -> None:
    setting = importlib.import_module("analysis.ye2024.multiverse.families").setting()
    family = replace(setting.family[fraction.POSTERIOR], batch=UNIVERSES)
    names = [option.name for option in family.crossed.options]
    fraction.run(setting, family, column, seed, names.index(structure) * family.parts)


def _one_by_one(fraction: ModuleType, column: str, structure: str, seed: int) -> None:
    """Fit as many universes of the earlier tree, by its hierarchical model."""
    del structure  # it has independent errors alone
    (record,) = importlib.import_module("analysis.specifications").select([column])
    family = next(f for f in fraction.FAMILIES if f.name == "posterior")
    choices, codes = fraction.universes(family, column, seed)
    rng = importlib.import_module("numpy").random.default_rng(seed)
    for of_universe in codes[:UNIVERSES]:
        chosen = [own[code] for own, code in zip(choices.values(), of_universe, strict=True)]
        universe = fraction.universe(record, chosen)._replace(sets={"model": "hierarchical"})
        fraction.posterior(universe, rng)


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
