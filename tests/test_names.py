"""Names of one paper stay in its rooms: variables, regions, columns, tables and its author.

What lies outside knows only what a study's file says. Where a name still stands outside, `ALLOWED`
gives the reason; the list may only shrink.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.specifications import SPELLED

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("data", "models", "analysis")
ROOMS = ("data/ye2024/", "data/published/", "analysis/ye2024/", "analysis/specifications.py")
"""Where the paper's names belong."""

WORDS = {"density", "fin", "env", "trans", "stru", "urb"}
"""Symbols that are words, too, or parts of them: a name where nothing else is in the text."""

NAME = re.compile(
    r"\b(?:{})\b|\b(?:east|central|west)\b|\bYe\b(?! \w+ et)|\bTables? [2-8]\b"
    r"|(?<![\w.])[3-8]\.[1-4](?![\w.]| %)".format(
        "|".join([*(name for name in SPELLED if name not in WORDS), "indus2"])
    )
)


def names(text: str) -> list[str]:
    """Return the paper's names in a text."""
    return [text] if text in WORDS - {"density"} else NAME.findall(text)


def texts(tree: ast.Module) -> Iterator[str]:
    """Yield the strings of a module; docstrings and command's help give the paper as example."""
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    helps = {
        id(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "help"
    }
    for node in ast.walk(tree):
        value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and id(node) not in statements | helps:
            yield value


def named(root: Path) -> dict[str, list[str]]:
    """Return the texts that hold a name of the paper, by the file outside its rooms."""
    found = {}
    for path in (path for layer in LAYERS for path in sorted((root / layer).rglob("*.py"))):
        place = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        held = [text for text in texts(tree) if not place.startswith(ROOMS) and names(text)]
        if held:
            found[place] = held
    return found


PAGE = "the paper's own page, gallery and READMEs; a study's page is `page/study.py`"
DEFAULTS = "what the paper's commands take where nothing is named; a study cannot run them"
EXAMPLE = "an example in a sentence for users"

ALLOWED = {
    "analysis/analyses/dynamic.py": (5, DEFAULTS),
    "analysis/analyses/power.py": (3, DEFAULTS),
    "analysis/analyses/sensitivity.py": (1, DEFAULTS),
    "analysis/benchmark/fits.py": (4, "columns whose fits are timed"),
    "analysis/benchmark/own_estimators.py": (1, "the column whose estimates are timed"),
    "analysis/benchmark/startup.py": (2, "commands whose start is timed"),
    "analysis/claims/records.py": (1, "the default of the paper's own claims"),
    "analysis/commands/editions.py": (1, "the title of a table of the paper's panels"),
    "analysis/commands/panels.py": (2, "commands on the paper's panels"),
    "analysis/commands/reproduce.py": (2, "steps of the paper's main job"),
    "analysis/comparison/figures.py": (5, "the paper's ladders, which no study draws"),
    "analysis/comparison/gmm_grid.py": (4, DEFAULTS),
    "analysis/comparison/regression_table.py": (1, "the note on the paper's printed columns"),
    "analysis/replication/replicate.py": (8, "titles of the paper's tables; a study has its own"),
    "analysis/reporting/page/barg.py": (2, PAGE),
    "analysis/reporting/page/charts.py": (2, PAGE),
    "analysis/reporting/page/opening.py": (1, PAGE),
    "analysis/reporting/page/slope_charts.py": (2, PAGE),
    "analysis/reporting/page/studies.py": (11, PAGE),
    "analysis/reporting/page/tables.py": (4, PAGE),
    "analysis/reporting/page/verdicts.py": (1, PAGE),
    "analysis/reporting/readme_blocks.py": (1, PAGE),
    "analysis/shared/products.py": (13, "the paper's list of results, and the runs of a release"),
    "analysis/simulation/dynamic_study/study.py": (1, EXAMPLE),
    "data/panels/catalogue.py": (1, "what the paper's panels are"),
    "data/panels/cells.py": (3, "regions of China's provinces, of the paper's panels and users'"),
    "data/panels/provinces.py": (34, "regions of China's provinces, of the paper's panels"),
    "data/studies/schema.py": (2, EXAMPLE),
    "models/bayesian/registry.py": (1, "the one regressor that has several readings"),
    "models/design.py": (2, "the one derived regressor, as a user's panel gives its column"),
}
"""By file, how many texts still hold a name, and why."""


def test_no_file_outside_the_papers_rooms_knows_its_names():
    counts = {file: len(held) for file, held in named(ROOT).items()}
    assert counts == {file: number for file, (number, _) in ALLOWED.items()}
    assert sum(counts.values()) <= 121, "The list may only shrink."


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("slope of indus", True),
        ("produ_inno", True),
        ("density", False),
        ("fin", True),
        ("fine", False),
        ("the east", True),
        ("eastern", False),
        ("column 3.2", True),
        ("13.2 or 3.25 or 4.3 %", False),
        ("Table 5", True),
        ("Ye (2024)", True),
    ],
)
def test_a_name_is_found_in_a_text(text, held):
    assert bool(names(text)) == held


def test_a_planted_name_is_found_and_examples_of_help_are_not(tmp_path):
    (tmp_path / "models").mkdir()
    planted = tmp_path / "models/planted.py"
    planted.write_text('"""Of 3.2."""\nx = f(help="3.2")\n', encoding="utf-8")
    assert named(tmp_path) == {}
    planted.write_text('x = f"column {1} of indus"\n', encoding="utf-8")
    assert named(tmp_path) == {"models/planted.py": [" of indus"]}
