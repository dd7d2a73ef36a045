"""State of every product: missing, stale or current, and the next command.

By hashes alone. A trace is stale if it was not made from today's panel, model, priors and
settings (`analysis.posterior.cache`). Any other product is stale if its bytes are not those that
its index speaks of, if a part was made from other inputs than there are, or if a part is missing
(`analysis.shared.provenance`).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import pandas as pd

from analysis.shared import provenance
from analysis.shared.frames import VARIANT
from analysis.shared.outputs import Outputs
from analysis.shared.parts import PART
from analysis.shared.products import CODE, PANELS, PRODUCTS, PUBLISHED, TRACES, Product
from analysis.shared.provenance import Digests, Record
from analysis.shared.runs import told
from analysis.specifications import HEADLINE, SPECIFICATIONS, select
from data.panels.catalogue import DRAWN, OF_EDITION, OWN
from data.panels.panel import Panel, load_panel

COLUMNS = ("what", "made by", "state", "why")

RUN = "python -m analysis "

MISSING, STALE, CURRENT = "missing", "stale", "current"

NAMED = 3
"""Number of changed inputs that are named; the others are counted."""

SCOPES = {
    "every": tuple(record.column for record in SPECIFICATIONS),
    "dynamic": tuple(record.column for record in SPECIFICATIONS if record.dynamic),
    "headline": HEADLINE,
}
"""The columns that a whole product has, by `Product.scope`."""


def status(outputs: Outputs, panels: Iterable[Panel]) -> pd.DataFrame:
    """Judge every product.

    Parameters
    ----------
    outputs : Outputs
    panels : iterable of Panel
        With the variables of the headline columns.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; `state` is "missing", "stale" or "current". A product that the page
        does not need, and that is not there, is left out.
    """
    digests = provenance.snapshot(outputs)
    states: dict[str, tuple[str, str]] = {"traces": of_traces(outputs, panels)}
    rows = []
    for product in PRODUCTS:
        if product.name not in states:
            states[product.name] = judge(product, outputs, digests, states)
        state, why = states[product.name]
        if state == MISSING and not (product.needed or product.main):
            continue
        output = TRACES if product.name == TRACES else product.file.removeprefix("results/")
        command = f"{RUN}{product.command}"
        rows.append(dict(zip(COLUMNS, (output, command, state, why), strict=True)))
        if product.name == TRACES:
            rows += of_variants(outputs, digests)
    return pd.DataFrame(rows, columns=COLUMNS)


def of_traces(outputs: Outputs, panels: Iterable[Panel]) -> tuple[str, str]:
    """Judge the traces of the headline columns by their hashes."""
    from analysis.posterior.jobs import Settings, jobs, missing, path_of

    listed = jobs(list(panels), select(HEADLINE), ())
    waiting = missing(listed, Settings(), outputs.traces)
    absent = sum(not path_of(job, outputs.traces).is_file() for job in waiting)
    traces = len(provenance.trace_files(outputs.traces))
    why = (
        f"{len(listed) - len(waiting)} of {len(listed)} of the headline columns are up to date, "
        f"{absent} are not there; {traces} traces in all"
    )
    if not waiting:
        return CURRENT, why
    return (MISSING if absent == len(listed) else STALE), why


def of_variants(outputs: Outputs, digests: Mapping[str, str]) -> Iterator[dict]:
    """Judge each trace of a variant, keys `COLUMNS`.

    One of a user's own panel is judged by the panel that it was made from.
    """
    for name, path in provenance.trace_files(outputs.traces).items():
        if VARIANT not in name:
            continue
        from analysis.posterior.trace import attributes
        from analysis.posterior.varied import command_of, is_of_today

        attrs, command, state, why = attributes(path), f"{RUN}sample", STALE, "cannot be read"
        if attrs:
            command = RUN + command_of(attrs)
            panel = digests.get(f"{PANELS}/{attrs['panel']}", attrs["panel_sha256"])
            current = is_of_today(path, attrs, str(panel))
            state, why = (CURRENT, "a variant") if current else (STALE, "made from other inputs")
        yield dict(zip(COLUMNS, (f"{TRACES}/{name}", command, state, why), strict=True))


def judge(
    product: Product,
    outputs: Outputs,
    digests: Mapping[str, str],
    states: Mapping[str, tuple[str, str]],
) -> tuple[str, str]:
    """Judge a product by its index.

    Parameters
    ----------
    product : Product
    outputs : Outputs
    digests : mapping
        From `analysis.shared.provenance.snapshot`.
    states : mapping
        State and reason of the products that it may be made from.
    """
    digest = provenance.file_sha256(outputs.root / product.file)
    if not digest:
        return MISSING, ""
    # What is committed was made elsewhere: inputs that are not here do not speak against it.
    well = (CURRENT, MISSING) if product.long else (CURRENT,)
    bad = [name for name in product.inputs if name in states and states[name][0] not in well]
    if bad:
        return STALE, f"made from {', '.join(bad)}, which is {states[bad[0]][0]}"
    record = provenance.record_of(product, outputs)
    if record is None:
        return STALE, "no index of what it was made from"
    if record.sha256 != digest:
        return STALE, "changed since it was written"
    if changed := list(dict.fromkeys(_changed(product, record, outputs, digests))):
        return STALE, f"changed since: {_named(changed)}"
    if absent := [part for part in _expected(product, digests) if part not in record.parts]:
        return STALE, f"incomplete, without {_named(absent)}"
    return CURRENT, told(record.runs.values())


def _changed(
    product: Product, record: Record, outputs: Outputs, digests: Mapping[str, str]
) -> Iterator[str]:
    """Yield a part's inputs that have changed, or are new.

    Of a committed product, traces and products that are not here are passed over.
    """
    for part, inputs in record.parts.items():
        now: Digests = provenance.inputs_of(product, part, digests, outputs)
        now |= {name: edition_sha256(name) for name in inputs if _edition(name)}
        for name in {**inputs, **now}:
            if name.startswith(f"{PANELS}/{OWN}"):
                continue  # a user's file may lie anywhere
            if product.long and not now.get(name) and name.split("/")[0] not in COMMITTED:
                continue
            if inputs.get(name, "") != now.get(name, ""):
                yield name


COMMITTED = (PANELS, PUBLISHED, CODE)
"""Kinds of inputs that every clone has."""


def _edition(name: str) -> str:
    """Return the name of a panel of the first edition; empty of any other input."""
    kind, _, panel = name.partition("/")
    return panel if kind == PANELS and OF_EDITION.fullmatch(panel) else ""


@cache
def edition_sha256(name: str) -> str:
    """Hash a panel of the first edition: these lie in one file, and are no named panels."""
    return load_panel(_edition(name), ()).sha256


def _expected(product: Product, digests: Mapping[str, str]) -> Iterator[str]:
    """Yield the parts that a whole product has."""
    if product.scope == TRACES:
        for name in digests:
            kind, _, fit = name.partition("/")
            if kind == TRACES:
                panel, _, stem = fit.partition("/")
                yield PART.join((panel, *stem.split("-", 1)))
    elif product.scope:
        # All draws of a panel together are run on request alone: no product lacks them.
        panel_names = (
            name for name in digests if name.startswith(PANELS) and not name.endswith(DRAWN)
        )
        panels = [name.removeprefix(f"{PANELS}/") for name in panel_names]
        for column in SCOPES[product.scope]:
            if "panel" in product.keys:
                yield from (PART.join((panel, column)) for panel in panels)
            else:
                yield column


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def following(states: pd.DataFrame) -> str:
    """Return the command to run next: the first that the one page needs, empty if none does."""
    needed = {f"{RUN}{product.command}" for product in PRODUCTS if product.needed}
    waiting = states[(states["state"] != CURRENT) & states["made by"].isin(needed)]
    return "" if waiting.empty else waiting["made by"].iloc[0]
