"""Commands on panels: list, describe, build, and choices against Table 2."""

import json
from typing import Annotated

import typer

from analysis.commands.options import Official, Out, app, print_frame, taken, write_tables
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import App, console
from data.panels.catalogue import FOLDER, PANELS, named_panels
from data.panels.panel import load_panel
from data.shared.errors import UserError
from data.ye2024.definitions import DIRECTORY

panel_app = App(help="Build or describe the panels (list them, if no command follows).")
app.add_typer(panel_app, name="panel")


@panel_app.command()
def build(official: Official = DIRECTORY) -> None:
    """Rebuild the official panels from the official series (needs --official).

    Example: python -m analysis panel build --official ../shared/official
    """
    from data.ye2024 import anchors, fingerprints, gap_errors, recollect, selection
    from data.ye2024.imputation import files as draws

    with console.status("Building every construction choice…"):
        errors = recollect.anchor_errors(official)
        of_gaps = gap_errors.table(recollect.read_ingredients(official))
        dataset = recollect.build(official)
        matches = fingerprints.compute(dataset)
        selections = fingerprints.selections(matches, anchors.summary(errors))
        recollect.write_anchors(errors)
        recollect.write_dataset(dataset)
        paths = selection.write(dataset, selections)
        draws.write(draws.build(official))
    print_frame(of_gaps, "Typical error of what is filled, in percent", "gap_errors")
    for path in (anchors.ERRORS, recollect.DATASET, *paths, draws.PATH):
        console.print(f"written: {path.relative_to(ROOT)}")


@panel_app.callback(invoke_without_command=True)
def list_panels(context: typer.Context) -> None:
    """List the named panels, with what each is."""
    if context.invoked_subcommand is None:
        for kind in PANELS:
            if kind.name in named_panels():
                console.print(f"[bold]{kind.name}[/]: {kind.label}")


@panel_app.command()
def describe(name: Annotated[str, typer.Argument(help="A named panel.")]) -> None:
    """Describe the construction of a named panel's variables, and its imputed cells.

    Example: python -m analysis panel describe official
    """
    if name not in named_panels():
        raise UserError(f"There is no panel {name!r}: choose among {', '.join(named_panels())}.")

    import pandas as pd

    sidecar = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    frame = load_panel(name, tuple(sidecar["choices"])).frame
    rows = []
    for variable, choices in sidecar["choices"].items():
        column = frame[variable]
        numbers = {"mean": column.mean(), "sd": column.std()}
        numbers |= {"min": column.min(), "max": column.max()}
        construction = ", ".join(f"{choice} {value}" for choice, value in choices.items())
        filled = _filled(sidecar["cells"][variable])
        rows.append(
            {"variable": variable, **numbers, "choices": construction, "cells filled": filled}
        )
    print_frame(pd.DataFrame(rows), f"Variables of {name}", "panel")


def _filled(cells: dict[str, int]) -> str:
    """Return the shares of a variable's imputed ingredient cells, by rule."""
    if not cells:
        return "none"
    rules = ", ".join(f"{rule} {count}" for rule, count in cells.items() if rule != "observed")
    return f"{1 - cells.get('observed', 0) / sum(cells.values()):.0%}: {rules}"


@app.command()
def fingerprints(out: Out = ROOT) -> None:
    """Compare every construction choice with the paper's Table 2: results/fingerprints.csv.

    Example: python -m analysis fingerprints
    """
    from data.ye2024 import anchors, recollect
    from data.ye2024 import fingerprints as rule

    outputs = Outputs(out)
    digests = taken(outputs)
    with console.status("Comparing every choice and span of years with Table 2…"):
        matches = rule.compute(recollect.load())
    errors = anchors.load()
    judged = anchors.summary(errors)
    title = "Industry as published, judged by known shares"
    print_frame(rule.industries(matches, judged), title, "industry")
    checks = anchors.checks_of(errors)
    print_frame(checks, "Known shares that the model never saw", "known_shares")
    chosen = rule.candidates(matches, judged).assign(
        variables=lambda rows: rows["variables"].map(", ".join), chosen=""
    )
    chosen.loc[~chosen.duplicated("variables"), "chosen"] = "yes"
    print_frame(chosen, "Candidates, judged by Table 2 alone", "fingerprints")
    columns = ["variable", "vintage", "winsorised", "first_year", "last_year"]
    spans = rule.best_spans(matches)[[*columns, *rule.STATISTICS, "matches", "distance"]]
    best = spans.groupby("variable", sort=False).head(1)
    print_frame(best, "Years over which a row fits best", "spans")
    write_tables({"fingerprints": matches}, outputs, digests)
