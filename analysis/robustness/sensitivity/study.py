"""All sensitivity analyses of a fit: leave-one-out, other priors, power-scaling."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from analysis.posterior.jobs import Job, Settings, jobs, made_from, split
from analysis.posterior.sample import fit
from analysis.robustness.sensitivity.leave_out import leave_provinces_out, leave_years_out
from analysis.robustness.sensitivity.power_scaling import power_scaling
from analysis.robustness.sensitivity.priors import under_other_priors
from analysis.robustness.sensitivity.refits import base_of
from analysis.robustness.sensitivity.tables import TABLES, identity, path_of, replaced, tables
from analysis.shared.parallel import spread
from analysis.shared.sources import code_sha256
from data.panels.panel import Panel
from data.shared.errors import UserError
from data.shared.files import sha256, write_csv
from models.bayesian import registry
from models.bayesian.interface import Divisible
from models.bayesian.registry import LADDER, find, main_model, models_for
from models.design import Specification

REGISTRY = (registry.__name__,)
"""Modules that name every model, also those that an analysis does not use."""


def study(job: Job, settings: Settings, key: str) -> dict[str, list[dict]]:
    """Refit one model in every way; return the rows of each of `TABLES`, marked with a key.

    A model whose parts cannot keep some rows (no `keep`) has none without a province or a year.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the panel.
    """
    model = job.model
    parts = split(job)
    tree = fit(job, settings)
    base = base_of(model, parts, tree)
    by_table: dict[str, list[dict]] = {"provinces": [], "influence": [], "years": []}
    if isinstance(parts, Divisible):
        by_table |= leave_provinces_out(job, settings, parts, base)
        by_table["years"] = list(leave_years_out(job, settings, parts, base))
    by_table["priors"] = list(under_other_priors(job, settings, parts, base))
    by_table["power"] = list(power_scaling(tree))
    shared = identity(job) | {"key": key}
    return {name: [shared | row for row in rows] for name, rows in by_table.items()}


def studies(
    panels: Iterable[Panel], records: Iterable[Specification], models: Sequence[str]
) -> list[Job]:
    """List the fits to study: by the named models, or by those that need no naming.

    Raises
    ------
    UserError
        If no named model fits a column, or its priors are too wide to mean anything.
    """
    flat = [name for name in models if not find(name).prior_groups]
    if flat:
        raise UserError(
            f"The model {flat[0]} has no informative prior, so a new province has "
            f"no predictive density: choose among {', '.join(LADDER)} or other models."
        )
    panels, listed = list(panels), []
    for record in records:
        fitting = [m for m in models_for(record) if m.prior_groups and not m.fitted_as(record)]
        listed += jobs(panels, [record], models or [m.name for m in fitting if not m.extra])
    return listed


def by_main_models(panels: Iterable[Panel], records: Iterable[Specification]) -> list[Job]:
    """List the fits to study: each column by its main model alone."""
    panels = list(panels)
    return [job for r in records for job in studies(panels, [r], [main_model(r).name])]


def run(
    listed: Sequence[Job],
    settings: Settings,
    results: Path,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[Job]:
    """Study each fit that the tables in results/ do not hold yet; yield it when it is stored.

    The tables are rewritten whole after each fit, so an interrupted run goes on where it was.
    """
    keys = {key(job, settings): job for job in listed}
    kept_tables = tables(results)
    stored = set(kept_tables["power"]["key"])  # the last that is written, and never empty
    yield from (job for k, job in keys.items() if k in stored)
    # Keys are made here and not by workers: rows are of the code that the run started with.
    waiting = [(k, job) for k, job in keys.items() if k not in stored]
    for job, rows in spread(partial(_study, settings=settings), waiting, workers, cluster):
        for name, columns in TABLES.items():
            kept_tables[name] = replaced(
                kept_tables[name], job, pd.DataFrame(rows[name], columns=columns)
            )
            write_csv(kept_tables[name], path_of(results, name))
        yield job


def _study(keyed: tuple[str, Job], settings: Settings) -> tuple[Job, dict[str, list[dict]]]:
    key, job = keyed
    return job, study(job, settings, key)


def key(job: Job, settings: Settings) -> str:
    """Return the hash of everything that a study is made from.

    Of the models, its own alone: that of the trace, which is in the hash of the fit.
    """
    fitted = made_from(job, settings, job.model.module.PRIORS)
    return sha256((fitted + code_sha256(__name__, but=REGISTRY)).encode())[:16]
