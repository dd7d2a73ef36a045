"""A hundred bad study files: each gets one sentence that names the file and what to do."""

import copy
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from data.errors import UserError
from data.studies import schema
from data.studies.load import load_data
from tests.helpers import studies

GOOD = tomllib.loads(studies.STUDY)

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
    *("fill", "leave", "the keys are", "move", "they are", "the terms are", "give", "take"),
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
        for value in WRONG.get(type(at(path)), ()):
            if not (value == "\n" and path[-1] in FREE):
                yield f"{name} = {value!r}", spoiled(path, value)
        if path[-1] not in FREE | {"estimator", "gmm", "lags", "transform"}:
            yield f"without {name}", spoiled(path)
        misspelt = spoiled(path)
        table: Any = misspelt
        for key in path[:-1]:
            table = table[key]
        if path[:2] not in {("data", "labels"), ("transform", "lnout"), ("transform", "dens")}:
            table[path[-1] + "x"] = at(path)
            yield f"{name}x", misspelt


BAD = dict(bad_files())


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
