"""Write the computed parts of every README, each between two marks that name it.

Those of the paper are here, those of other studies in `analysis.reporting.study_blocks`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analysis.reporting import (
    choice_block,
    edition_block,
    gallery,
    imputation_block,
    speed_block,
    study_blocks,
)
from analysis.reporting import readme_blocks as blocks
from analysis.reporting import readme_headline as main
from analysis.shared.frames import of_the_paper
from analysis.shared.outputs import Outputs, read_result
from analysis.shared.products import below, find
from analysis.shared.provenance import record_of
from analysis.simulation import false_findings
from data.panels.catalogue import OWN
from data.shared.errors import UserError
from data.shared.files import write_text

BEGIN = "<!-- {name}: written by `python -m analysis readme` -->"
END = "<!-- end of {name} -->"

MAIN_JOB = ("replication", "comparison")
"""Tables that `reproduce` makes."""


@dataclass(frozen=True)
class Block:
    """A computed part.

    Attributes
    ----------
    name : str
        In its marks.
    file : str
        The README, below the project's root.
    render : callable
        From the tables to Markdown; None where a part of a table is missing.
    tables : tuple of str
        Results that it is made from. Where one is missing that the main job does not make, the
        part stays as it is.
    editions : bool
        Whether it reads panels of earlier editions, too.
    """

    name: str
    file: str
    render: Callable[..., str | None]
    tables: tuple[str, ...] = ()
    editions: bool = False


TOP, FIGURES, DATA = "README.md", "figures/README.md", "data/README.md"

MULTIVERSE = tuple(
    f"multiverse{name}" for name in ("", "_variance", "_posteriors", "_fraction", "_refuted")
)

MULTIVERSE_ALL = ("multiverse_all", "multiverse_all_fraction")

BLOCKS = (
    Block("findings", TOP, main.findings, MAIN_JOB),
    Block("caution", TOP, choice_block.caution, ("candidates",), editions=True),
    Block("horizon", TOP, main.horizon_words, ("horizon",)),
    Block("shares", TOP, imputation_block.shares),
    Block("headline", FIGURES, main.headline, MAIN_JOB),
    Block("horizons", FIGURES, blocks.horizon_table, ("horizon",)),
    Block("decomposed", FIGURES, main.decomposed, ("decomposition",)),
    Block("ladder", FIGURES, main.ladder, ("ladder",)),
    Block("claims", FIGURES, main.claims, MAIN_JOB),
    Block("false_findings", FIGURES, false_findings.sentence, ("false_findings",)),
    Block("autoregressive", FIGURES, blocks.autoregressive, ("dynamic",)),
    Block("variants", FIGURES, blocks.variants, ("dynamic",)),
    Block("common_factor", FIGURES, blocks.common_factor, ("common_factor",)),
    Block("simulation", FIGURES, blocks.simulation, ("dynamic", "simulation")),
    Block("multiverse", FIGURES, blocks.multiverse, MULTIVERSE),
    Block("multiverse_all", FIGURES, blocks.multiverse_all, MULTIVERSE_ALL),
    Block("influence", FIGURES, blocks.influence_table, ("influence",)),
    Block("power", FIGURES, blocks.power_table, ("power",)),
    Block("recovery", FIGURES, blocks.recovered, ("recovery",)),
    Block("audit", FIGURES, blocks.audit),
    Block("captions", FIGURES, gallery.listed_captions),
    Block("filled", DATA, imputation_block.filled),
    Block("matches", DATA, blocks.matches, MAIN_JOB[:1]),
    Block("reconstruction", DATA, blocks.reconstruction, MAIN_JOB[:1]),
    Block("imputed", DATA, imputation_block.estimates, ("imputed",)),
    Block(
        "imputation",
        DATA,
        imputation_block.imputation,
        ("imputation_study", "imputation_outcome"),
    ),
    Block("imputed_posteriors", DATA, imputation_block.posteriors, ("imputed_posteriors",)),
    Block("distances", DATA, edition_block.distances, ("distance",)),
    Block("bounds", DATA, blocks.bounds, ("bounds",)),
    Block("editions", DATA, edition_block.editions, ("editions",)),
    Block("assumptions", "models/README.md", blocks.assumptions, MAIN_JOB[1:]),
    Block(
        "confirmation",
        "models/README.md",
        choice_block.chosen_and_confirmed,
        ("last_two_more",),
        editions=True,
    ),
    Block("unit_root", "models/README.md", blocks.unit_root, ("scale_sweep",)),
    Block("speed", "models/README.md", speed_block.speed, ("benchmark_fits", "benchmark_gmm")),
    Block("calibration_main", "tests/README.md", blocks.calibration_main, ("calibration",)),
    Block("calibration", "tests/README.md", blocks.calibration, ("calibration",)),
    Block("products", "analysis/README.md", blocks.find_a_result),
)


def bodies(results: Path) -> dict[str, str]:
    """Render each block whose tables are there.

    Raises
    ------
    UserError
        If a table of the main job is missing.
    """
    rendered = {}
    for block in BLOCKS:
        if all(name in MAIN_JOB or _is_of_the_paper(results, name) for name in block.tables):
            tables = [read_result(results, name) for name in block.tables]
            tables = tables if block.editions else [of_the_paper(table) for table in tables]
            body = block.render(*tables)
            rendered |= {} if body is None else {block.name: body}
    return rendered


def _is_of_the_paper(results: Path, table: str) -> bool:
    """Whether a table is there, and is not made as a whole from a user's own panel."""
    record = record_of(find(table), Outputs(results.parent))
    return below(results, table).is_file() and not (record and OWN in record.about)


def rewrite(text: str, rendered: dict[str, str], file: str) -> str:
    """Put each body between its marks.

    Raises
    ------
    UserError
        If a mark is missing.
    """
    for name, body in rendered.items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        head, opened, after = text.partition(begin)
        _, closed, tail = after.partition(end)
        if not (opened and closed):
            raise UserError(f"{file} lacks the marks {begin!r} and {end!r}: write both, in order.")
        text = f"{head}{begin}\n{body}\n{end}{tail}"
    return text


def write(results: Path, root: Path) -> None:
    """Rewrite the computed parts of all READMEs from results/.

    Raises
    ------
    UserError
        If a table of results or a mark is missing; then no README is changed.
    """
    rendered = bodies(results)
    texts = {}
    for file in dict.fromkeys(block.file for block in BLOCKS):
        parts = {b.name: rendered[b.name] for b in BLOCKS if b.file == file and b.name in rendered}
        texts[root / file] = rewrite((root / file).read_text(encoding="utf-8"), parts, file)
    for path in sorted(root.glob("data/studies/*/README.md")):
        text = path.read_text(encoding="utf-8")
        texts[path] = rewrite(text, study_blocks.bodies(path.parent, text), str(path))
    for path, text in texts.items():
        write_text(text, path)
