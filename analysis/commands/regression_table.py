"""The command that sets a regression table for a paper."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from analysis.commands.options import Columns, Out, app, first_panel, load_panels, say_written
from analysis.shared import terminal
from analysis.shared.frames import VARIANT
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.parts import PART
from analysis.shared.products import PANELS as OF_PANELS
from analysis.shared.products import find
from analysis.shared.provenance import known
from analysis.specifications import PAPER, current, evidence_model, home, select
from data.panels.catalogue import OWN, PANELS, own_name
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.design import DERIVED, LAG, Specification

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from analysis.comparison.regression_table import Estimates

To = Literal["html", "tex", "docx", "md"]

FIRST = PANELS[0].name


@app.command(studies=True)
def table(
    columns: Columns = None,
    panel: Annotated[
        list[str] | None,
        typer.Option(help=f"A named panel or the path of a CSV; repeatable. Default: {FIRST}."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model that was sampled; repeatable. Default: the column's main model."
        ),
    ] = None,
    to: Annotated[
        To | None, typer.Option(help="Format. Default: as the name of --file ends, else html.")
    ] = None,
    published: Annotated[
        bool | None, typer.Option(help="Printed numbers. Default: unless a panel is your own.")
    ] = None,
    replicated: Annotated[
        bool, typer.Option(help="Estimates by the published column's own estimator.")
    ] = True,
    posterior: Annotated[bool, typer.Option(help="Posterior means and 95 % intervals.")] = True,
    errors: Annotated[
        Literal["conventional", "clustered"],
        typer.Option(help="Standard errors and stars of TWFE; clustered: by unit."),
    ] = "conventional",
    intervals: Annotated[
        bool, typer.Option("--intervals", help="95 % intervals of estimates in place of stars.")
    ] = False,
    controls: Annotated[
        bool | None, typer.Option(help="Rows of controls. Default: as the paper prints them.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Default: results/table-COLUMNS-PANELS.FORMAT.")
    ] = None,
    out: Out = ROOT,
) -> None:
    """Set a regression table for a paper: columns as printed, replicated and as posteriors.

    Terms are rows; columns lie side by side. Reads what replicate and sample have made. LaTeX
    says which packages it needs; docx needs the extra `word`.

    Example: python -m analysis table 3.2 8.1 --model hierarchical --to tex
    """
    records, outputs = select(columns or current().headline), Outputs(out)
    form = _format(to, file)
    names = panel or first_panel()
    panels = load_panels(names, records)

    from analysis.comparison import regression_table
    from analysis.shared.typeset import files

    if published is None:
        published = not any(loaded.name.startswith(OWN) for loaded in panels)
    if not (published or replicated or posterior):
        raise UserError("The table would have no columns: leave out one of the options --no-….")
    typed = {own_name(Path(name)): name for name in names}
    sources = Made(outputs, typed)
    estimates: list[Estimates] = []
    for record in records:
        estimates += [regression_table.published(record)] if published else []
        for loaded in panels:
            if replicated:
                rows = sources.replication(record, loaded)
                again = regression_table.replicated(record, loaded.name, rows, errors, intervals)
                estimates.append(again)
            for name in (model or [evidence_model(record)]) if posterior else ():
                tree = sources.trace(record, loaded, name)
                estimates.append(regression_table.posterior(record, tree, name))
    labels = {loaded.name: loaded.label for loaded in panels}
    sheets = regression_table.sheets(estimates, variable_labels(), labels, controls)
    path = file or outputs.results / f"{_stem(records, panels)}.{form}"
    files.write(sheets, form, path)
    if not terminal.is_table():
        for sheet in sheets:
            terminal.show(regression_table.frame(sheet), sheet.title)
    say_written([path], outputs)


def _format(to: str | None, file: Path | None) -> str:
    """Return the format that is asked for.

    Raises
    ------
    UserError
        If the name of the file ends otherwise, or in no format that there is.
    """
    end = file.suffix.removeprefix(".").lower() if file else ""
    formats = To.__args__
    if file and end not in formats:
        ends = ", ".join(f".{form}" for form in formats)
        raise UserError(f"{file} names no format: end the name in one of {ends}.")
    if end and to and end != to:
        raise UserError(f"{file} and --to {to} name two formats: leave --to out.")
    return to or end or formats[0]


def _stem(records: Sequence[Specification], panels: Sequence[Panel]) -> str:
    """Return the name of the file: columns and panels, those in the middle left out if many."""
    parts = [[record.column for record in records], [panel.name for panel in panels]]
    short = [part if len(part) <= 6 else [part[0], "to", part[-1]] for part in parts]
    return "-".join(["table", *(name for part in short for name in part)])


def variable_labels() -> dict[str, str]:
    """Return what each variable is, in a few words."""
    of_every = {LAG: "Outcome of the year before", "const": "Constant"}
    if current() is not PAPER:
        return {**current().labels, **of_every}

    from data.ye2024.definitions import DESCRIBED

    long = {name: described.long_name for name, described in DESCRIBED.items()}
    short = {name: words.split(":")[0].split(" (")[0] for name, words in long.items()}
    short |= {name: f"{short[source]}, squared" for name, (source, _) in DERIVED.items()}
    return {name: words[0].upper() + words[1:] for name, words in short.items()} | of_every


# --- what other commands made -------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """What replicate and sample have made, each thing read once.

    Attributes
    ----------
    outputs : Outputs
    typed : dict of str to str
        By the name of a user's own panel, its path as it was given.
    """

    outputs: Outputs
    typed: Mapping[str, str]
    _traces: dict[Path, "xr.DataTree"] = field(default_factory=dict)
    _replication: dict[str, "pd.DataFrame"] = field(default_factory=dict)

    def replication(self, record: Specification, panel: Panel) -> "pd.DataFrame":
        """Return the estimates of a column on a panel.

        Raises
        ------
        UserError
            If there are none, or they are of another version of the panel.
        """
        product = find("replication")
        path = self.outputs.root / product.file
        run = f"run `{self._command('replicate', record, panel)}` first."
        if path.is_file():
            if not self._replication:
                self._replication["rows"] = read_result(self.outputs.results, product.name)
            rows = self._replication["rows"]
            of_column = rows[(rows["panel"] == panel.name) & (rows["column"] == record.column)]
            inputs = known(product, self.outputs).get(PART.join((panel.name, record.column)), {})
            if inputs.get(f"{OF_PANELS}/{panel.name}", panel.sha256) != panel.sha256:
                raise UserError(
                    f"{path} has column {record.column} on another version of panel {panel.name}: "
                    f"{run}"
                )
            if len(of_column):
                return of_column
        raise UserError(f"{path} has no column {record.column} on panel {panel.name}: {run}")

    def trace(self, record: Specification, panel: Panel, model: str) -> "xr.DataTree":
        """Return the trace of a column, or of the column whose fit has its region's slope.

        Raises
        ------
        UserError
            If there is none, it cannot be read, or is of another version of the panel.
        """
        from analysis.posterior.trace import trace_path

        all_regions, _ = home(record)
        for candidate in dict.fromkeys((record, all_regions)):
            path = trace_path(self.outputs.traces, panel.name, candidate.column, model)
            tree = self._read(path)
            if tree is None or (candidate != record and "slope_region" not in tree["posterior"]):
                continue
            if tree.attrs["panel_sha256"] != panel.sha256:
                raise UserError(
                    f"{path} is of another version of panel {panel.name}: run "
                    f"{self._sample(candidate, panel, model)} first."
                )
            return tree
        fitted = self._fitted(record, all_regions, model.partition(VARIANT)[0])
        raise UserError(
            f"There is no posterior of column {record.column} by {model} on panel {panel.name}: "
            f"run {self._sample(fitted, panel, model)} first."
        )

    def _read(self, path: Path) -> "xr.DataTree | None":
        from analysis.posterior import trace

        if path not in self._traces and path.is_file():
            without = (*trace.POINTWISE, "prior", "log_prior")
            self._traces[path] = trace.read(path, without=without)
        return self._traces.get(path)

    def _fitted(
        self, record: Specification, all_regions: Specification, model: str
    ) -> Specification:
        """Return the column that a model is to be fitted to."""
        from models.bayesian.registry import find as find_model
        from models.bayesian.registry import models_for, unfit

        fitting = find_model(model)
        for candidate in (record, all_regions):
            if fitting in models_for(candidate):
                return candidate
        raise unfit(record, model)

    def _sample(self, record: Specification, panel: Panel, model: str) -> str:
        """Return the command that samples a model, or a variant of it, as a user would type it."""
        base, _, variant = model.partition(VARIANT)
        command = f"{self._command('sample', record, panel)} --model {base}"
        return f"`{command} --as {variant}` with its changes" if variant else f"`{command}`"

    def _command(self, verb: str, record: Specification, panel: Panel) -> str:
        name = self.typed.get(panel.name, panel.name)
        path = current().path
        data = f"--study {shlex.quote(str(path))}" if path else f"--panel {shlex.quote(name)}"
        return f"python -m analysis {verb} {record.column} {data}"
