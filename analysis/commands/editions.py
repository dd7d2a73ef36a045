"""Commands on first editions: of the official panels, and of the ledger's rule."""

from rich.progress import track

from analysis.commands.options import (
    Cluster,
    Columns,
    Out,
    Seed,
    app,
    load_panels,
    print_frame,
    taken,
    write_tables,
)
from analysis.commands.sampling import sample_jobs
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.terminal import console
from analysis.specifications import home, select


@app.command()
def editions(
    columns: Columns = None, seed: Seed = 1, cluster: Cluster = None, out: Out = ROOT
) -> None:
    """Set the first edition of the official panels beside today's: results/long/editions.csv.

    Table 2 variable by variable (results/long/editions_table2.csv), then of each claim the paper's
    estimate, the main model's posterior and the claim's probability. Samples what is missing.
    With columns, the rows of other columns stay as they are.

    Example: python -m analysis editions 3.2 8.1 8.2 8.3
    """
    named = {record.column for record in select(columns or ())}
    outputs = Outputs(out)

    from analysis.claims.records import EVIDENCE  # after what a user may mistake
    from analysis.comparison import tables
    from analysis.posterior.jobs import Settings, jobs
    from analysis.ye2024 import editions as both_editions
    from analysis.ye2024.claims import CLAIMS

    claims = [claim for claim in CLAIMS if claim.column in named]
    names = [panel for name in EVIDENCE for panel in (both_editions.first_of(name), name)]
    panels = load_panels(names, select(()))
    digests = taken(outputs, panels)
    listed = [
        job
        for model, records in both_editions.fits(claims).items()
        for job in jobs(panels, records, [model])
    ]
    paths = sample_jobs(listed, Settings(seed=seed), outputs, cluster)
    compared = tables.make(track(paths, "Reading", console=console, transient=True))
    by_name = {panel.name: panel for panel in panels}
    printed, slopes = (
        both_editions.descriptive(by_name),
        both_editions.slopes(claims, by_name, compared),
    )
    print_frame(printed, "Table 2: printed numbers met of four, and distance", "editions_table2")
    title = "Estimates, posteriors and probabilities of claims"
    print_frame(both_editions.shown(slopes), title, "editions")
    write_tables({"editions": slopes, "editions_table2": printed}, outputs, digests)


@app.command("first-edition")
def first_edition(seed: Seed = 1, cluster: Cluster = None, out: Out = ROOT) -> None:
    """Judge claims by the rule's first edition: results/long/first_verdicts.csv.

    By its main model, with independent errors, on today's panels. Samples what is missing. `claims`
    shows these verdicts beside its own.

    Example: python -m analysis first-edition
    """
    outputs = Outputs(out)
    digests = taken(outputs)
    read_result(outputs.results, "replication")

    from analysis.claims import evidence, first_edition
    from analysis.claims.records import EVIDENCE
    from analysis.comparison import tables
    from analysis.posterior.jobs import Settings, jobs
    from analysis.ye2024.claims import CLAIMS

    panels = load_panels(EVIDENCE, select(()))
    homes = {
        home(record)[0] for claim in CLAIMS if claim.column for record in select([claim.column])
    }
    listed = [
        job
        for record in select(())
        if record in homes
        for job in jobs(panels, [record], [evidence.FIRST.main(record)])
    ]
    paths = sample_jobs(listed, Settings(seed=seed), outputs, cluster)
    by_table = tables.make(track(paths, "Reading", console=console, transient=True))
    of_first_edition = {name: by_table[name] for name in ("comparison", "turning_points")}
    tables_read = evidence.read(outputs.results) | of_first_edition
    verdicts = first_edition.table(CLAIMS, tables_read)
    print_frame(verdicts, "Verdicts by the first edition of the rule", "first_verdicts")
    write_tables({"first_verdicts": verdicts}, outputs, digests)
