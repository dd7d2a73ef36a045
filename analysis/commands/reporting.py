"""Commands for readers: ledger, page, pictures, README, status."""

from rich.progress import track

from analysis.commands.options import Out, app, load_panels, print_frame
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.terminal import console
from analysis.specifications import HEADLINE, select


@app.command()
def claims(out: Out = ROOT) -> None:
    """Give each claim of the paper its verdict by a fixed rule: results/claims.json.

    Reads what replicate, compare, sensitivity and multiverse made; says what is missing.

    Example: python -m analysis claims
    """
    from analysis.claims import ledger
    from analysis.ye2024.claims import CLAIMS

    results = Outputs(out).results
    read_result(results, "replication")
    found = ledger.document(CLAIMS, results)
    print_frame(ledger.table(found["claims"]).fillna(""), "The paper's claims")
    for name, value in found["inputs"].items():
        if value.startswith("missing"):
            console.print(f"{name} is {value}.")
    path = results / "claims.json"
    ledger.write(found, path)
    console.print(f"written: {Outputs(out).shown(path)} ({len(found['claims'])} claims)")


@app.command()
def report(out: Out = ROOT) -> None:
    """Write one self-contained page of all results: results/report.html.

    Reads what other commands made; what they have not made is named with its command.

    Example: python -m analysis report
    """
    from analysis.reporting.page import page, traces

    outputs = Outputs(out)
    paths = sorted(outputs.traces.glob("*/[!.]*.nc"))
    found = [
        traces.read(path)
        for path in track(paths, "Reading traces", console=console, transient=True)
    ]
    with console.status("Writing the page…"):
        path = page.write(outputs, found)
    console.print(f"written: {outputs.shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")


@app.command()
def status(out: Out = ROOT) -> None:
    """Say what exists, what is stale and what to run next.

    Example: python -m analysis status
    """
    from analysis.reporting import status as state

    found = state.status(Outputs(out), load_panels(None, select(HEADLINE)))
    print_frame(found, "Results")
    command = state.following(found)
    console.print(
        f"Run next: {command}" if command else "Everything that the report needs is current."
    )


@app.command()
def figures(out: Out = ROOT) -> None:
    """Redraw every picture of figures/ from results/, SVG and PNG.

    Example: python -m analysis figures
    """
    from analysis.reporting import gallery

    outputs = Outputs(out)
    for command, paths in gallery.draw(outputs):
        for path in paths:
            console.print(f"written: {outputs.shown(path)}")
        if not paths:
            console.print(f"not redrawn: python -m analysis {command} makes what is needed.")


@app.command()
def readme() -> None:
    """Rewrite the computed parts of README.md from results/.

    Example: python -m analysis readme
    """
    from analysis.reporting import readme as page

    page.write(Outputs().results, ROOT / "README.md")
    console.print("written: README.md")
