"""Fits with what a variant changes of them, under its name; what cannot be changed is refused."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from analysis.posterior import prior_lines, trace
from analysis.posterior.cache import is_current
from analysis.posterior.jobs import Job, Settings, engine_of, made_from, path_of, split
from analysis.posterior.variants import NoSuchLineError, Variant, from_options
from analysis.specifications import select
from data.panels.catalogue import OWN
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.bayesian.registry import find


def varied(
    listed: Iterable[Job], variant: Variant, engine: str | None, *, named: bool
) -> list[Job]:
    """Return fits with what a variant changes, and under the name of that.

    Parameters
    ----------
    listed : iterable of Job
    variant : Variant
    engine : str, optional
        That was asked for: one that is not a model's own makes a variant, too.
    named : bool
        Whether the models were named. Of others, those that do not have a changed line are left
        out.

    Raises
    ------
    UserError
        If a named model, or every other, does not have a line, or a change cannot be made.
    """
    jobs: list[Job] = []
    refused = None
    judged: set[tuple[str, str]] = set()
    for job in listed:
        specification = variant.specification(job.specification)
        changed = replace(job, specification=specification, variant=variant)
        cell = specification.column, job.model.name
        try:
            own_engine = engine_of(job.model, None, changed.priors)
            if variant.priors and cell not in judged:
                prior_lines.refuse_unread(job.model, split(changed), changed.priors)
        except NoSuchLineError as error:
            if named:
                raise
            refused = error
            continue
        judged.add(cell)
        jobs.append(replace(changed, engine=engine if engine and engine != own_engine else ""))
    if refused and not jobs:
        raise refused
    return jobs


def command_of(attrs: Mapping[str, object]) -> str:
    """Return the command that samples a variant, given the attributes of its trace."""
    panel, column, model, options, name = (
        str(attrs[key]) for key in ("panel", "column", "model", trace.OPTIONS, trace.VARIANT)
    )
    panel = "FILE" if panel.startswith(OWN) else panel
    head = f"sample {column} --panel {panel} --model {model}"
    return " ".join(word for word in (head, options, f"--as {name}") if word)


def is_of_today(path: Path, attrs: Mapping[str, object], panel_sha256: str) -> bool:
    """Return whether a variant's trace is what sampling it again would write.

    Parameters
    ----------
    path : Path
    attrs : mapping
        Of the trace.
    panel_sha256 : str
        Of its panel's file.
    """
    variant = from_options(str(attrs[trace.OPTIONS]), str(attrs[trace.VARIANT]))
    try:
        (record,) = select([str(attrs["column"])])
        import pandas as pd

        panel = Panel(str(attrs["panel"]), pd.DataFrame(), panel_sha256, balanced=True)
        specification, model = variant.specification(record), find(str(attrs["model"]))
        job = Job(panel, specification, model, variant)
        settings = Settings(**json.loads(str(attrs["settings"])))
        return is_current(path, made_from(job, settings, job.priors))
    except (UserError, TypeError):  # what it changes is no longer there to be changed
        return False


def replaced(listed: Iterable[Job], settings: Settings, traces: Path) -> Iterator[tuple[Path, str]]:
    """Yield each trace that sampling would replace, and what of it differs: data or settings.

    A user's own panel goes by the name of its file, and two folders may hold files of one name.

    Parameters
    ----------
    listed : iterable of Job
        Those that are to be sampled.
    settings : Settings
    traces : Path
    """
    for job in listed:
        path = path_of(job, traces)
        attrs = trace.attributes(path)
        if attrs.get("panel_sha256", job.panel.sha256) != job.panel.sha256:
            yield path, f"another version of {job.panel.name}, or another file of that name"
            continue
        recorded = json.loads(str(attrs.get("settings", "{}")))
        engine = engine_of(job.model, settings.engine, job.priors)
        requested = asdict(settings.by(engine, job.model))
        names = [name for name, value in requested.items() if recorded.get(name, value) != value]
        if names:
            before, now = (
                ", ".join(f"{name} {values[name]}" for name in names)
                for values in (recorded, requested)
            )
            yield path, f"{before}, not {now}"


def refuse_other(listed: Iterable[Job], traces: Path) -> None:
    """See that no variant takes the place of another of the same name.

    Raises
    ------
    UserError
        If one would.
    """
    for job in listed:
        path, options = path_of(job, traces), job.variant.options(job.engine)
        recorded = trace.attributes(path).get(trace.OPTIONS, options)
        if recorded != options:
            raise UserError(
                f"{path} is the variant with {recorded or 'no option'}, not with "
                f"{options or 'none'}: choose another name by --as, or delete it."
            )
