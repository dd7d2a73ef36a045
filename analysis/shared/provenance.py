"""Provenance of outputs by hash: written beside each, and compared with today's inputs.

Beside a product of results/ there is results/.index/<name>.json: the sha256 of its bytes, and of
what each of its parts was made from. Those of results/long/ share one file, provenance.json, which
is committed with them: it holds the run that made each part, too. Beside a trace there is a file of
the same name that begins with a dot: the sha256 of its bytes, and the hash of its inputs. File
times count for nothing.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shared.frames import VARIANT
from analysis.shared.outputs import Outputs
from analysis.shared.parts import PART, WHOLE, cells_of, merged, parts_of
from analysis.shared.products import CODE, LONG, PANELS, PRODUCTS, PUBLISHED, TRACES, Product, find
from analysis.shared.runs import Run
from analysis.shared.sources import module_sha256
from analysis.specifications import current
from data.panels.catalogue import ALL_DRAWS, DRAWN, FOLDER, IMPUTED, OWN, named_panels
from data.shared.errors import UserError
from data.shared.files import csv_text, sha256, write_text

if TYPE_CHECKING:
    import pandas as pd

Digests = dict[str, str]
"""What something was made from: "panels/<panel>", "traces/<panel>/<column>-<model>",
"published/<table>", "code/<module>" or the name of a product, and its hash; empty of what was not
there."""

UNKNOWN: Digests = {"an unknown version": "-"}
"""Inputs of rows without an index: such a part is stale until it is made again."""

UNREADABLE = "unreadable"


# --- hashes of what there is --------------------------------------------------------------------


def file_sha256(path: Path) -> str:
    """Hash a file; empty if it is not there, a word if it may not be read.

    In one process an unchanged file is read once.
    """
    try:
        return _file_sha256(path, *_state(path))
    except FileNotFoundError:
        return ""
    except OSError:
        return UNREADABLE


def _state(path: Path) -> tuple[int, ...]:
    """Return what changes whenever a file does: its size, and its times to the nanosecond."""
    state = path.stat()
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size


@cache
def _file_sha256(path: Path, *state: int) -> str:
    del state
    return sha256(path.read_bytes())


def trace_sha256(path: Path) -> str:
    """Hash a trace, as `file_sha256` does; by its index if the file was not touched since.

    Traces are some 14 MB each: to read a hundred takes a second or two.
    """
    index = _read_json(beside(path)) or {}
    try:
        if index.get("state") == list(_state(path)):
            return str(index.get("sha256"))
    except OSError:
        pass
    return file_sha256(path)


def trace_files(traces: Path) -> dict[str, Path]:
    """Return the traces by "<panel>/<column>-<model>"."""
    paths = sorted(traces.glob("*/[!.]*.nc"))
    return {f"{path.parent.name}/{path.stem}": path for path in paths}


def beside(path: Path) -> Path:
    """Return where the index of a trace lies."""
    return path.with_name(f".{path.stem}.json")


def index_trace(path: Path, digest: str, input_sha256: str) -> None:
    """Write the index of a trace: the hash of its bytes, and of what it is made from.

    With the file's size and times, by which a later process knows that these are still its bytes.
    """
    index = {"sha256": digest, "input_sha256": input_sha256, "state": _state(path)}
    write_text(json.dumps(index, ensure_ascii=False), beside(path))


def indexed_inputs(path: Path) -> str | None:
    """Return the hash of a trace's inputs by its index; None if the index is not of these bytes."""
    index = _read_json(beside(path))
    digest = trace_sha256(path)
    if not index or index.get("sha256") != digest:
        return None
    made_from = str(index.get("input_sha256"))
    if index.get("state") != list(_state(path)):  # of a copy: the next process need not read it
        with suppress(OSError):
            index_trace(path, digest, made_from)
    return made_from


def snapshot(outputs: Outputs, panels: Mapping[str, str] | None = None) -> Digests:
    """Hash all that products are made from, to be taken before a command reads it.

    Parameters
    ----------
    outputs : Outputs
    panels : mapping, optional
        Further panels that a command has loaded, by name, with their sha256.
    """
    of_named = {name: file_sha256(FOLDER / f"{name}.csv") for name in named_panels()}
    together = (name for name in map(f"{{}}{DRAWN}".format, of_named) if ALL_DRAWS.fullmatch(name))
    draws = {name: file_sha256(FOLDER / IMPUTED) for name in together}
    of_panels = dict(panels or {}) | of_named | draws
    digests = {f"{PANELS}/{name}": digest for name, digest in of_panels.items()}
    traces = trace_files(outputs.traces)
    digests |= {f"{TRACES}/{name}": trace_sha256(path) for name, path in traces.items()}
    # Their hashes alone: which number is printed is not seen here.
    printed = sorted((current().path or FOLDER.parent / PUBLISHED / "any").parent.glob("*.csv"))
    digests |= {f"{PUBLISHED}/{path.stem}": file_sha256(path) for path in printed}
    modules = dict.fromkeys(name for product in PRODUCTS for name in product.code)
    return digests | {f"{CODE}/{name}": sha for name, sha in module_sha256(*modules).items()}


# --- what a part was made from ------------------------------------------------------------------


def inputs_of(
    product: Product, part: str, digests_now: Mapping[str, str], outputs: Outputs
) -> Digests:
    """Return what a part of a product is made from, of what there is."""
    values = dict(zip(product.keys, part.split(PART), strict=False))
    panel = values.get("panel")
    digests: Digests = {}
    for name in product.inputs:
        kind, _, pattern = name.partition("/")
        if kind == PANELS:
            panel_names = (
                [f"{PANELS}/{panel}"] if panel else [n for n in digests_now if n.startswith(PANELS)]
            )
            panel_names = (
                panel_names
                if panel
                else [
                    n
                    for n in panel_names
                    if not (n.startswith(f"{PANELS}/{OWN}") or n.endswith(DRAWN))
                ]
            )
            digests |= {n: digests_now.get(n, "") for n in panel_names}
        elif kind == TRACES:
            models = values.get("model") or pattern or "*"
            trace_pattern = f"{TRACES}/{panel or '*'}/{values.get('column', '*')}-{models}"
            fits = {n: d for n, d in digests_now.items() if fnmatch(n, trace_pattern)}
            # Who asks for some models by a pattern does not ask for their variants.
            digests |= {n: d for n, d in fits.items() if not (pattern and VARIANT in n)}
        else:
            digests[name] = file_sha256(outputs.root / find(name).file)
    if product.printed:
        digests |= {n: d for n, d in digests_now.items() if n.startswith(f"{PUBLISHED}/")}
    digests |= {f"{CODE}/{name}": digests_now.get(f"{CODE}/{name}", "") for name in product.code}
    return digests | {name: file_sha256(outputs.root / find(name).file) for name in product.reads}


# --- records ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """What the index says of a product.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes.
    parts : dict
        By part, what it was made from.
    about : str
        What a product without keys is about, such as a column on a panel.
    runs : dict
        By part, the run that made it, where that is kept.
    """

    sha256: str
    parts: dict[str, Digests]
    about: str = ""
    runs: dict[str, Run] = field(default_factory=dict)


def index_of(product: Product, outputs: Outputs) -> Path:
    """Return where the index of a product lies."""
    if product.long:
        return outputs.root / LONG / "provenance.json"
    return outputs.results / ".index" / f"{product.name}.json"


def record_of(product: Product, outputs: Outputs) -> Record | None:
    """Read what the index says of a product; None if it says nothing."""
    index = _read_json(index_of(product, outputs))
    try:
        index = index[product.name] if product.long else index
        parts = {part: group["inputs"] for group in index["made"] for part in group["parts"]}
        runs = {
            part: Run(**group["run"])
            for group in index["made"]
            if "run" in group
            for part in group["parts"]
        }
        return Record(index["sha256"], parts, index["about"], runs)
    except (KeyError, TypeError):
        return None


def write_record(product: Product, outputs: Outputs, record: Record) -> None:
    """Write the index of a product; parts of one run and of the same inputs are grouped."""
    groups: dict[str, dict] = {}
    for part, inputs in record.parts.items():
        group = {"run": asdict(record.runs[part])} if part in record.runs else {}
        group |= {"inputs": inputs}
        key = json.dumps(group, sort_keys=True)
        groups.setdefault(key, group | {"parts": []})["parts"].append(part)
    index = {"sha256": record.sha256, "about": record.about, "made": list(groups.values())}
    path = index_of(product, outputs)
    if product.long:
        entries = _read_json(path) | {product.name: index}
        text = json.dumps(dict(sorted(entries.items())), ensure_ascii=False, indent=1)
        write_text(f"{text}\n", path)
    else:
        write_text(json.dumps(index, ensure_ascii=False), path)


def sign(product: Product, outputs: Outputs, run: Run) -> None:
    """Say of the parts of a long product that were just made by which run."""
    before = record_of(product, outputs) if product.long else None
    if before:
        new_runs = {part: run for part, inputs in before.parts.items() if inputs != UNKNOWN}
        write_record(product, outputs, replace(before, runs=new_runs | before.runs))


def record(
    product: Product,
    outputs: Outputs,
    digests_now: Mapping[str, str],
    parts: Iterable[str] = (WHOLE,),
    about: str = "",
    kept: Mapping[str, Digests] | None = None,
) -> None:
    """Say of a product that was just written what it was made from.

    Parameters
    ----------
    product : Product
    outputs : Outputs
    digests_now : mapping
        From `snapshot`, taken before anything was read.
    parts : iterable of str
        Those that were made.
    about : str
        As in `Record`.
    kept : mapping, optional
        Of the parts that were not made again, what they were made from: `known`.
    """
    inputs_by_part = {part: inputs_of(product, part, digests_now, outputs) for part in parts}
    before = record_of(product, outputs)
    runs = before.runs if before else {}
    kept_runs = {
        part: runs[part] for part in kept or () if part in runs and part not in inputs_by_part
    }
    digest = file_sha256(outputs.root / product.file)
    write_record(
        product, outputs, Record(digest, dict(kept or {}) | inputs_by_part, about, kept_runs)
    )


def known(product: Product, outputs: Outputs) -> dict[str, Digests]:
    """Return what the parts of a product were made from; nothing if its bytes were changed."""
    record = record_of(product, outputs) if product.keys else None
    digest = file_sha256(outputs.root / product.file)
    return record.parts if record and digest and record.sha256 == digest else {}


def same_subject(product: Product, outputs: Outputs, about: str) -> None:
    """See that a product made as a whole is not replaced by one of another column or panel.

    Raises
    ------
    UserError
        If it would be.
    """
    before, path = record_of(product, outputs), outputs.root / product.file
    if before and path.is_file() and before.about and before.about != about:
        raise UserError(
            f"{path} is of {before.about}, not of {about}: delete it, or name another folder by "
            "--out."
        )


# --- tables -------------------------------------------------------------------------------------


def store(
    product: Product,
    table: "pd.DataFrame",
    outputs: Outputs,
    digests_now: Mapping[str, str],
    asked: Iterable[str] = (),
    about: str = "",
) -> int:
    """Write the parts of a table that were made, keep the others, and say what they come from.

    Parameters
    ----------
    product : Product
    table : DataFrame
        The rows that were made.
    outputs : Outputs
    digests_now : mapping
        From `snapshot`, taken before anything was read.
    asked : iterable of str
        Parts that were made, too, though they have no rows.
    about : str
        As in `Record`.

    Returns
    -------
    int
        Rows of the whole table.
    """
    path, asked = outputs.root / product.file, list(asked)
    before = known(product, outputs)
    deleted = {part for part in before if _is_deleted(product, part, digests_now)}
    text = merged(product, csv_text(table), path, {*asked, *deleted})
    all_cells = cells_of(text, path)
    parts = dict.fromkeys([*parts_of(product, table), *asked]) if product.keys else (WHOLE,)
    unchanged = {part: inputs for part, inputs in before.items() if part not in deleted}
    if product.keys:
        unchanged |= {part: UNKNOWN for part in parts_of(product, all_cells) if part not in before}
    write_text(text, path)
    record(product, outputs, digests_now, parts, about, unchanged)
    return len(all_cells)


def _is_deleted(product: Product, part: str, digests_now: Mapping[str, str]) -> bool:
    """Return whether a part is of a trace that someone deleted."""
    if product.scope != TRACES:
        return False
    panel, column, model = part.split(PART)
    return f"{TRACES}/{panel}/{column}-{model}" not in digests_now


def _read_json(path: Path) -> dict:
    """Read an index; nothing if there is none, or it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
