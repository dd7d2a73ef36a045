"""Commands that recompute the printed tables and audit them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from analysis.commands.options import (
    Columns,
    Draws,
    Out,
    Panels,
    app,
    load_panels,
    print_frame,
    say_following,
    say_other_versions,
    taken,
    write_tables,
)
from analysis.shared import terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.provenance import Digests
from analysis.shared.terminal import console
from analysis.specifications import current, select
from data.panels.catalogue import DRAWN
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.design import Specification

if TYPE_CHECKING:
    import pandas as pd


@app.command(studies=True)
def replicate(
    columns: Columns = None, panel: Panels = None, draws: Draws = 9_999, out: Out = ROOT
) -> None:
    """Recompute Tables 2–8, or a study's, beside the printed numbers: results/replication.csv.

    Draws of a panel (`--panel official:imputed`) are pooled by Rubin's rules, into
    results/long/imputed.csv.

    Example: python -m analysis replicate 3.2 8.1 --panel official
    """
    records = select(columns or ())
    panels, outputs = load_panels(panel, records), Outputs(out)

    import pandas as pd

    from analysis.replication import imputed
    from analysis.replication import replicate as replication  # after what a user may mistake
    from data.ye2024.imputation.files import DRAWS as ALL

    digests = taken(outputs, panels)
    drawn = imputed.by_base(panels)
    for base, draws_ in drawn.items():
        if len(draws_) < ALL:
            raise UserError(
                f"{draws_[0].name} is one of {ALL} draws of what {base} does not observe, and an "
                f"estimate on some of them is no result: name all of them, --panel {base}{DRAWN}."
            )
    panels = [single for single in panels if not any(single in group for group in drawn.values())]
    if drawn:
        pool_draws(drawn, records, outputs, digests)
    if not panels:
        return
    rows = pd.concat(
        [
            replication.replicate(panel_, records, draws)
            for panel_ in track(panels, "Replicating", console=console, transient=True)
        ]
    )
    if terminal.is_drawn():
        replication.show(rows)
    elif not terminal.is_table():
        print_frame(rows, "Printed numbers beside estimates", "replication")
    met = replication.summary(rows)
    if len(met) or not terminal.is_table():  # a study may have no printed numbers
        print_frame(met, "Printed numbers that the estimates round to", "matches")
    say_other_versions("replication", panels, outputs)
    write_tables({"replication": rows}, outputs, digests)
    say_following("sample", columns, panel, out=out)
    mismatches = replication.mismatches(rows, panels)
    if len(mismatches):
        keys = ["panel", *replication.KEYS, "published", "estimated"]
        print_frame(
            mismatches[keys], "Printed numbers that an exact panel does not reproduce", "matches"
        )
        cells = mismatches[keys[:-2]].astype(str).agg(" ".join, axis=1)
        console.print(f"Mismatches: {', '.join(cells)}.", style="red", markup=False)
        raise typer.Exit(1)


def pool_draws(
    draws: Mapping[str, Sequence[Panel]],
    records: Sequence[Specification],
    outputs: Outputs,
    digests: Digests,
) -> None:
    """Estimate columns on draws of what is not observed, pool them, show and write them."""
    from analysis.replication import imputed

    bases = {panel.name: panel for panel in load_panels(list(draws), records)}
    with console.status("Estimating on every draw…"):
        table = imputed.pooled(draws, bases, records)
    print_frame(imputed.shown(table), "Over draws of what is not observed", "imputed")
    write_tables({"imputed": table}, outputs, digests)


@app.command(studies=True)
def audit(
    tables: Annotated[
        list[Path] | None,
        typer.Argument(help="CSVs of other papers' tables, laid out as below."),
    ] = None,
    out: Out = ROOT,
) -> None:
    """Check printed numbers against each other, the text and official data: results/audit.csv.

    By intervals of each printed number, under rounding and under truncation. With files, the
    checks for any regression table, and nothing is written.

    A file is a CSV with a row for each number or note and the columns table, column, term, label,
    statistic, printed, stars, kind (label, stars and kind may be left out).

    Column is "1.2" for column 2 of Table 1, or "1" for a note on all of Table 1.

    Statistics that are numbers: coef; se (the number in parentheses), or t, z, p; n, clusters; r2,
    r2_adjusted, r2_within, r2_pseudo; n, mean, sd, min, max of a term.

    Statistics that are words: significance (printed "1%" or "p<0.01", stars "***"); parentheses
    (the note: "robust standard errors", "t values"); errors (conventional, robust, clustered, …);
    coefficients ("odds ratios", "standardised"); estimator; controls ("Yes").

    What the file does not state is "not testable". All of it: analysis/audit/README.md.

    Example: python -m analysis audit
    """
    for path in tables or ():
        if not path.exists():
            raise UserError(f"There is no file {str(path)!r}: give the path of a table as CSV.")

    from analysis.audit import run  # after what a user may mistake

    outputs = Outputs(out)
    digests = taken(outputs)
    with console.status("Comparing…"):
        comparisons = run.foreign(tables) if tables else _audited(current().path)
    if comparisons.empty:
        terminal.say(
            "Notice: nothing can be compared. A check needs a coefficient with its se, t or p, and "
            "its stars with their levels (rows `significance`)."
        )
    print_frame(run.summary(comparisons), "Comparisons by result", "audit_results")
    shown = ["check", "place", "compared", "printed", "low", "high", "result"]
    title = "Mismatches, and what could be printed instead"
    print_frame(run.findings(comparisons)[shown], title, "audit")
    if not tables:
        write_tables({"audit": comparisons}, outputs, digests)


def _audited(path: Path | None) -> "pd.DataFrame":
    """Audit a study's printed numbers by the checks of any table; the paper's, by its own, too."""
    if path:
        from analysis.audit import run

        return run.of_study(path)

    from analysis.ye2024 import audit as of_paper

    return of_paper.audit()
