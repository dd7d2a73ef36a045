"""Commands on a study's file: write a first one, check it, its schema for editors."""

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.options import app, print_frame, say_notices
from analysis.shared.terminal import STUDY, App, console
from data.shared.errors import UserError

study_app = App(help="Write or check a study.toml: another paper's data, columns and numbers.")
app.add_typer(study_app, name="study", no_args_is_help=True)

File = Annotated[Path, typer.Option("--study", help="A study.toml.")]


@study_app.command()
def init(
    data: Annotated[Path, typer.Option(help="The data, in any format that is read.")],
    unit: Annotated[str, typer.Option(help="The column of units.")],
    time: Annotated[str, typer.Option(help="The column of calendar years.")],
    outcome: Annotated[str, typer.Option(help="A column, or an expression such as log(gdp).")],
    interest: Annotated[str, typer.Option(help="Terms of interest, parted by blanks.")],
    controls: Annotated[str, typer.Option(help="Further terms, parted by blanks.")] = "",
    region: Annotated[str, typer.Option(help="The column of regions. Default: none.")] = "",
    title: Annotated[str, typer.Option(help="Of the study.")] = "",
) -> None:
    """Write a commented study.toml beside the data, and say what to run next.

    Example: python -m analysis study init --data mine.dta --unit prov --time yr --region zone
    --outcome lnpgdp --interest agg --controls "c1 c2"
    """
    path = data.parent / STUDY
    if path.exists():
        raise UserError(f"{path} is there already: edit it, or move it away.")

    import tomllib

    from data.shared.files import write_text
    from data.studies import formula, load, schema, template

    header = load.header(data, unit, time, region)
    terms = [[term for term in formula.split(text, " ") if term] for text in (interest, controls)]
    text = template.text(data.name, unit, time, outcome, *terms, region, header, title)
    loaded = load.load_data(schema.parse(tomllib.loads(text), str(path)), path)
    write_text(text, path)
    say_notices([loaded.panel])
    frame = loaded.panel.frame
    console.print(
        f"written: {path} ({frame['province'].nunique()} units, {frame['year'].min()} to "
        f"{frame['year'].max()}, {len(frame)} rows)",
        highlight=False,
        soft_wrap=True,
    )
    option = f" --study {shlex.quote(str(path))}"
    for purpose, command in (
        ("check it", "study check"),
        ("estimate its columns", "replicate"),
        ("sample posteriors", "sample"),
        ("compare them", "compare"),
    ):
        console.print(
            f"{purpose}: python -m analysis {command}{option}", highlight=False, soft_wrap=True
        )


@study_app.command()
def check(study: File = STUDY) -> None:
    """Check a study's file, data, printed numbers and claims; list its columns.

    Example: python -m analysis study check --study mine/study.toml
    """
    import pandas as pd

    from analysis.specifications import load
    from data.published import tables
    from data.studies import claims
    from models.design import complete, sample

    study = study / STUDY if study.is_dir() else study
    loaded = load(study)
    printed, claimed = tables.of_study(study), claims.read(study)
    say_notices([loaded.panel])
    numbers = printed[printed["kind"] == "number"]
    rows = []
    for record in loaded.records:
        used = complete(sample(loaded.panel.frame, record), record)
        rows.append(
            {
                "column": record.column,
                "estimator": record.estimator,
                "outcome": record.outcome,
                "interest": ", ".join(record.interest),
                "rows": len(used),
                "units": used["province"].nunique(),
                "years": used["year"].nunique(),
                "printed": int((numbers["column"] == record.column).sum()),
            }
        )
    print_frame(pd.DataFrame(rows), f"Columns of {loaded.title}", "study")
    empty = [row["column"] for row in rows if not row["rows"]]
    if empty:
        raise UserError(f"{study}, key column[{empty[0]}].sample: no row is left; correct it.")
    counts = f"columns: {len(rows)}, printed numbers: {len(numbers)}, claims: {len(claimed)}"
    console.print(f"{study} is a study ({counts}).", highlight=False, soft_wrap=True)


@study_app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of a study.toml, for editors.

    Example: python -m analysis study schema
    """
    from data.studies import schema

    typer.echo(json.dumps(schema.json_schema(), indent=2, ensure_ascii=False))
