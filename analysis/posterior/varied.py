"""Fits with what a variant changes of them, under its name; what cannot be changed is refused."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from analysis.posterior import prior_lines, trace
from analysis.posterior.engines import engine_for
from analysis.posterior.sample import Job, path_of, split
from analysis.posterior.variants import NoSuchLineError, Variant
from data.errors import UserError


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
    made: list[Job] = []
    refused = None
    judged: set[tuple[str, str]] = set()
    for job in listed:
        specification = variant.specification(job.specification)
        other = replace(job, specification=specification, variant=variant)
        cell = specification.column, job.model.name
        try:
            own = engine_for(job.model, None, other.priors).name
            if variant.priors and cell not in judged:
                prior_lines.refuse_unread(job.model, split(other), other.priors)
        except NoSuchLineError as error:
            if named:
                raise
            refused = error
            continue
        judged.add(cell)
        made.append(replace(other, engine=engine if engine and engine != own else ""))
    if refused and not made:
        raise refused
    return made


def refuse_other(listed: Iterable[Job], traces: Path) -> None:
    """See that no variant takes the place of another of the same name.

    Raises
    ------
    UserError
        If one would.
    """
    for job in listed:
        path, options = path_of(job, traces), job.variant.options(job.engine)
        told = trace.attributes(path).get(trace.OPTIONS, options)
        if told != options:
            raise UserError(
                f"{path} is the variant with {told or 'no option'}, not with "
                f"{options or 'none'}: choose another name by --as, or delete it."
            )
