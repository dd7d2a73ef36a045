"""Hundreds of bad study files: each gets one sentence that names the file and what to do."""

import copy
import random
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data.published import tables
from data.shared.errors import UserError
from data.studies import claims, schema
from data.studies.load import load_data
from tests.helpers import studies

GOOD = tomllib.loads(studies.STUDY + studies.MULTIVERSE)

WRONG: dict[type, tuple[Any, ...]] = {
    str: (7, True, ["x"], {"a": 1}, 1.5, "\n"),
    list: ("text", 3, [], [3], {"a": 1}),
    dict: ("text", 4, ["x"], {"no_such_key": 1}),
}
"""By the type of a good value, values of which none is right."""

FREE = {"citation", "title", "labels", "dens", "lnout", "sample", "region", "claims", "printed"}
"""What may be absent, or any text."""

REMEDIES = (
    *("write", "add", "correct", "choose", "keep", "did you mean", "change", "name", "use"),
    *(
        "close",
        "compute",
        "export",
        "fill",
        "leave",
        "the keys are",
        "move",
        "they are",
        "the terms are",
        "give",
        "take",
    ),
)


def keys(table: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of each key."""
    items = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in items:
        if isinstance(key, str):
            yield (*path, key)
        if isinstance(value, dict | list):
            yield from keys(value, (*path, key)) if not isinstance(value, str) else ()


def spoiled(path: tuple, value: Any = None) -> dict:
    """Return the study with another value at a path, or without it."""
    study = copy.deepcopy(GOOD)
    table: Any = study
    for key in path[:-1]:
        table = table[key]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return study


def at(path: tuple) -> Any:
    value: Any = GOOD
    for key in path:
        value = value[key]
    return value


def bad_files() -> Iterator[tuple[str, dict]]:
    """Yield what is wrong, and the study."""
    for path in keys(GOOD):
        name = ".".join(map(str, path))
        optional = path[0] == "multiverse"
        for value in WRONG.get(type(at(path)), ()):
            if not (value == "\n" and path[-1] in FREE) and not (value == [] and optional):
                yield f"{name} = {value!r}", spoiled(path, value)
        if not optional and path[-1] not in FREE | {"estimator", "gmm", "lags", "transform"}:
            yield f"without {name}", spoiled(path)
        misspelt = spoiled(path)
        table: Any = misspelt
        for key in path[:-1]:
            table = table[key]
        if path[:2] not in {
            ("data", "labels"),
            ("transform", "lnout"),
            ("transform", "dens"),
            ("multiverse", "samples"),
            ("multiverse", "forms"),
        }:
            table[path[-1] + "x"] = at(path)
            yield f"{name}x", misspelt


CONDITIONS = ("out > ", "out == area", "1 < out < 3", "out == 'x'", "zone == 3", "zone == 'nrth'")
CONDITIONS += ("zone = 'north'", "not", "out > 2 and", "zone in north", "zone.lower() == 'north'")
"""Dummies of which none is right."""

BAD = dict(bad_files())
BAD |= {f"a dummy {text}": spoiled(("transform", "dens"), text) for text in CONDITIONS}


def test_there_are_a_hundred():
    assert len(BAD) >= 100


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return studies.write(tmp_path_factory.mktemp("bad"))


def test_each_gets_one_sentence_with_file_and_remedy(path):
    unanswered = {}
    for what, document in BAD.items():
        try:
            load_data(schema.parse(document, str(path)), path)
        except UserError as error:
            said = str(error)
            one = "\n" not in said and said.endswith(".") and len(said) < 600
            if not (one and str(path.parent) in said and any(word in said for word in REMEDIES)):
                unanswered[what] = said
        else:
            unanswered[what] = "taken"
    assert unanswered == {}


# --- printed numbers and claims ------------------------------------------------------------------

BAD_CELLS = {
    "claims.csv": {
        "column": ("", "9.9", "two"),
        "term": ("", "no_such", "dens + dens2"),
        "kind": ("", "wish", "sign; size"),
        "rope": ("wide", "-1", "nan", "inf"),
    },
    "printed.csv": {
        "column": ("9.9", "two"),
        "term": ("no_such", "dens dens"),
        "statistic": ("", "beta", "coefficient of"),
        "printed": ("high", "1,2,3", "0.1 to 0.2", "??"),
        "stars": ("!!", "stars"),
    },
}
"""By file and column, cells of which none is right."""

OPTIONAL = {"claims.csv": ("rope",), "printed.csv": ("stars", "term")}
"""Columns that may be left out."""

READ: dict[str, Callable[[Path], object]] = {
    "study.toml": schema.read,
    "claims.csv": claims.read,
    "printed.csv": tables.of_study,
}
"""What reads each file, from the path of study.toml."""


def bad_tables(good: dict[str, str]) -> Iterator[tuple[str, str, bytes]]:
    """Yield the file, what is wrong, and the file's content."""
    for file, columns in BAD_CELLS.items():
        header, *lines = [line.split(",") for line in good[file].splitlines()]
        for name, cells in columns.items():
            at = header.index(name)
            for cell in cells:
                for row in (0, 1):
                    rows = [list(line) for line in lines]
                    rows[row][at] = f'"{cell}"'
                    text = "\n".join(map(",".join, [header, *rows]))
                    yield file, f"{name} {cell!r} in row {row}", text.encode()
            if name in OPTIONAL[file]:
                continue
            kept = [i for i in range(len(header)) if i != at]
            less = [",".join(line[i] for i in kept) for line in (header, *lines)]
            yield file, f"without {name}", "\n".join(less).encode()
        yield file, "empty", b""
        yield file, "no text", bytes(range(256))
        yield file, "a workbook", b"PK\x03\x04" + bytes(200)
    header, *lines = good["printed.csv"].splitlines()
    yield "printed.csv", "a row twice", "\n".join([header, *lines, lines[0]]).encode()


def mistyped(text: str, seed: int) -> str:
    """Return a text in which a sign was left out, doubled, or struck beside its place."""
    rng = random.Random(seed)
    at = rng.randrange(len(text))
    new = rng.choice(["", text[at] * 2, rng.choice("'\"[]=,#.~|\n0x")])
    return text[:at] + new + text[at + 1 :]


def answer(read: Callable[[Path], object], study: Path) -> str | None:
    """Return what is said of a file; None if it is taken."""
    try:
        read(study)
    except UserError as error:
        return str(error)
    return None


def is_one_sentence(said: str, folder: Path) -> bool:
    """Whether an answer is one sentence with the file and what to do."""
    one = "\n" not in said and said.endswith(".") and len(said) < 600
    return one and str(folder) in said and any(word in said for word in REMEDIES)


@pytest.fixture
def good(tmp_path):
    studies.write(tmp_path)
    return {name: (tmp_path / name).read_text(encoding="utf-8") for name in READ}


def test_a_bad_table_of_printed_numbers_or_claims_gets_one_sentence(tmp_path, good):
    unanswered = {}
    bad = list(bad_tables(good))
    for file, what, content in bad:
        (tmp_path / file).write_bytes(content)
        said = answer(READ[file], tmp_path / "study.toml")
        if said is None or not is_one_sentence(said, tmp_path):
            unanswered[f"{file}: {what}"] = said or "taken"
        (tmp_path / file).write_text(good[file], encoding="utf-8")
    assert unanswered == {}
    assert len(bad) >= 60


@pytest.mark.parametrize("file", READ)
def test_a_slip_of_the_finger_is_taken_or_gets_one_sentence(tmp_path, good, file):
    unanswered, refused = {}, 0
    for seed in range(60):
        text = mistyped(good[file], seed)
        (tmp_path / file).write_text(text, encoding="utf-8")
        said = answer(READ[file], tmp_path / "study.toml")
        refused += said is not None
        if said is not None and not is_one_sentence(said, tmp_path):
            unanswered[text] = said
    assert list(unanswered.values()) == []
    assert refused > 5


@pytest.mark.parametrize("file", ["claims.csv", "printed.csv"])
def test_a_table_that_is_not_there_is_named(tmp_path, good, file):
    (tmp_path / file).unlink()
    said = answer(READ[file], tmp_path / "study.toml")
    assert said is not None
    assert file in said
    assert is_one_sentence(said, tmp_path)
