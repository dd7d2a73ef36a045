"""The words of a reader's field: no private ones where readers meet them, and short sentences.

Each pattern is a word that an earlier edition used for something that statistics has a name for.
"""

import ast
import html
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from statistics import mean

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from analysis.__main__ import app
from analysis.analyses import ANALYSES
from analysis.shared.products import PLACES, PRODUCTS
from models.bayesian.registry import MODELS

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("data", "models", "analysis")
PAGE = ROOT / "analysis/reporting/page"

PRIVATE = {
    r"\btwins?\b": "flat-prior benchmark",
    r"(?<!square )(?<!unit )\broots?\b(?! mean square)": "autoregressive coefficient ρ",
    r"\bat rest\b": "(mean-)stationary initial condition",
    r"\bfalse alarms?\b": "false-positive rate (size of the nominal 5 % test)",
    r"\bfound in \d+ %|\bcould (have )?f(i|ou)nd\b": "minimum detectable effect (80 % power)",
    r"\bas (it|they) should\b": "SBC passes",
    r"\bcarr(y|ies)\b": "can be fitted to; influence",
    r"\bstand(s|ing)?\b(?! alone)": "is supported; interpretation",
    r"\bcounterparts?\b": "fitted as",
    r"\bastray\b|\bnot as exact\b": "mismatches; does not reproduce",
    r"\bput in\b|\bfound again\b|\bthe truth\b": "true slope, coverage, parameter recovery",
    r"\bforesees?\b": "out-of-sample predictive accuracy",
    r"\bwithout whom\b|\bwho carries\b": "influence; leave one province or year out",
    r"\bdecides?\b": "largest total-effect share of variance",
    r"\bhangs?\b": "sensitivity; depends on; serially correlated",
    r"\btells?\b|\btold\b": "identifies; distinguishes; reports",
    r"\bgo(es)? (together )?with\b": "correlated with",
    r"\bshare[sd]? out\b": "Shapley decomposition",
    r"\bends of what\b|\bleaves? open\b": "inner bounds on what is not identified",
    r"\bdefensibl[ey]\b": "multiverse",
    r"\bno wall\b|\bno funnel\b": "unconstrained transforms",
    r"\bknows? (well|sharply)\b|\bhardly know\b": "well identified; weakly identified",
    r"\btoo sure\b": "overconfident",
    r"\bline in time\b|\blines of their own\b": "province-specific linear trends",
    r"\bin runs\b": "errors serially correlated within provinces",
    r"\brecollected\b|\breconstructed panel": "official; implied",
    r"\bturned down\b|\bturns it\b|\brest of the rule\b": "rejected; reverses it; remaining checks",
    r"\bdoubtful\b|\bnot established\b": "partly contradicted; inconclusive",
    r"\bbe believed\b": "passes its diagnostics",
}
"""What is not said, and what is said instead."""

OF_CODE = {
    r"\brungs?\b": "step of the ladder, model",
    r"\bdeciding cells?\b": "cells of the rule",
    r"\boutside nowhere\b": "covers too little",
    r"\bdoes not fit\b|\band not fit\b": "fails its predictive checks",
}
"""The same, of words that code may use."""

EXPLAINED = ("first edition", "gate", "ladder", "generator", "swap", "restricted")
"""Words of this project: a README that has one defines it in italics, or links to the glossary."""

READMES = sorted(
    path for path in ROOT.glob("**/README.md") if not {".venv", "findings"} & {*path.parts}
)
"""Findings are of other programs, in the words of those."""

GLOSSARY_WORDS = 10
"""At most."""

MEAN_WORDS, MOST_WORDS = 25, 40


def summaries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the place and the first paragraph of every docstring of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            name = getattr(node, "name", "head")
            yield f"{path.relative_to(ROOT).as_posix()} {name}", text.split("\n\n")[0]


def fixed_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the strings of a file of the page that hold a blank, docstrings apart."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and " " in value.strip() and id(node) not in statements:
            yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", value


def markup_text(markup: str) -> str:
    """Return what a reader sees of a template."""
    return html.unescape(re.sub(r"\{[{%].*?[%}]\}|<style.*?</style>|<[^>]*>", " ", markup))


def help_texts(command: TyperCommand | TyperGroup, name: str) -> Iterator[tuple[str, str]]:
    """Yield the help of a command, its options and its subcommands."""
    for part in (command.help, command.epilog):
        for paragraph in (part or "").split("\n\n"):
            yield name, paragraph
    for option in command.params:
        yield f"{name} {option.name}", getattr(option, "help", None) or ""
    for child, below in getattr(command, "commands", {}).items():
        yield from help_texts(below, f"{name} {child}")


def readme_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what a README says, line by line, without its code."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    name = path.relative_to(ROOT).as_posix()
    for line in filter(None, map(str.strip, text.splitlines())):
        yield f"{name}: {line[:60]}", line


def descriptions(manifest: dict) -> list[tuple[str, str]]:
    """Return name and description of every task of a manifest."""
    features = [manifest, *manifest["feature"].values()]
    tasks = {name: task for part in features for name, task in part.get("tasks", {}).items()}
    return [(name, task.get("description", "")) for name, task in tasks.items()]


@cache
def texts(where: str) -> tuple[tuple[str, str], ...]:
    """Return places and texts of one kind."""
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    if where == "docstring summaries":
        return tuple(pair for path in files for pair in summaries(path))
    if where == "help":
        return tuple(help_texts(typer.main.get_command(app), "analysis"))
    if where == "READMEs":
        return tuple(pair for path in READMES for pair in readme_lines(path))
    if where == "page":
        template = (PAGE / "templates/page.html.j2").read_text(encoding="utf-8")
        strings = [pair for path in sorted(PAGE.glob("*.py")) for pair in fixed_texts(path)]
        return (*strings, ("page.html.j2", markup_text(template)))
    records = [(record.name, f"{record.sentence}. {record.note}") for record in PRODUCTS]
    records += [(place[0], " ".join(place)) for place in PLACES]
    records += [(record.name, f"{record.help} {record.sentence}") for record in ANALYSES]
    records += [(model.name, f"{model.label}. {model.sentence}") for model in MODELS]
    records += descriptions(tomllib.loads((ROOT / "pixi.toml").read_text(encoding="utf-8")))
    return tuple(records)


KINDS = ("docstring summaries", "help", "records", "page", "READMEs")


def private(text: str, words: Iterable[str] = PRIVATE) -> list[str]:
    """Return the private words of a text."""
    plain = re.sub(r"`[^`]*`|\bpython -m \S+ \S+|\S+/\S+", " ", " ".join(text.split()))
    return [word for word in words if re.search(word, plain, re.IGNORECASE)]


def sentences(text: str) -> list[str]:
    """Split a text into sentences, as far as words and not formulas follow."""
    return [s for s in re.split(r"(?<=[.?!;:])\s+(?=[A-Z])", " ".join(text.split())) if s]


@pytest.mark.parametrize("where", KINDS)
def test_readers_meet_no_private_words(where):
    words = PRIVATE if where == "docstring summaries" else PRIVATE | OF_CODE
    found = {place: private(text, words) for place, text in texts(where)}
    assert texts(where)
    assert {place: words for place, words in found.items() if words} == {}


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_words_of_this_project_are_explained(path):
    text = re.sub(r"`[^`]*`", "", " ".join(line for _, line in readme_lines(path))).lower()
    said = [word for word in EXPLAINED if re.search(rf"\b{word}s?\b", text)]
    defined = [word for word in said if re.search(rf"\*[^*]*{word.split()[-1]}[^*]*\*", text)]
    assert "#glossary" in text or "# glossary" in text or said == defined


def test_the_glossary_is_short():
    _, rows = (ROOT / "analysis/README.md").read_text(encoding="utf-8").split("## Glossary\n")
    table = [line for line in rows.split("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(table) - 2 <= GLOSSARY_WORDS


@pytest.mark.parametrize("where", ["docstring summaries", "help"])
def test_sentences_are_short(where):
    lengths = {
        sentence: len(sentence.split()) for _, text in texts(where) for sentence in sentences(text)
    }
    assert mean(lengths.values()) <= MEAN_WORDS
    assert {sentence for sentence, length in lengths.items() if length > MOST_WORDS} == set()


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("The flat twin of the model.", True),
        ("The flat-prior benchmark of the model.", False),
        ("Provinces start at rest, and a root is found.", True),
        ("Root mean square residual, on the square root of the scale.", False),
        ("`results/roots.csv` holds what `decides` wrote.", False),
        ("How well models foresee\na province.", True),
    ],
)
def test_a_private_word_is_found(text, off):
    assert bool(private(text)) == off


def test_a_summary_is_the_first_paragraph(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_words.ROOT", tmp_path)
    path = tmp_path / "planted.py"
    path.write_text('"""One thing.\n\nAnother thing."""\n', encoding="utf-8")
    assert list(summaries(path)) == [("planted.py head", "One thing.")]
