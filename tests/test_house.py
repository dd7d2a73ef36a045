"""The house at the large scale: short files, which ask of each other only what there is."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("data", "models", "analysis")
LONGEST = 400
MOST = 6
REASON = "Longer than 400 lines because "


def long_files(root: Path) -> dict[str, str]:
    """Return the text of source files above `LONGEST` lines, by their path below the root."""
    found = {}
    for path in (path for room in ROOMS for path in sorted((root / room).rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > LONGEST:
            found[path.relative_to(root).as_posix()] = text
    return found


def unexplained(files: dict[str, str]) -> set[str]:
    """Return the files whose head does not say why they are long."""
    return {name for name, text in files.items() if f"\n{REASON}" not in text.split('"""')[1]}


def test_at_most_six_files_are_long_and_each_says_why():
    files = long_files(ROOT)
    assert unexplained(files) == set()
    assert len(files) <= MOST


@pytest.mark.parametrize(
    ("head", "lines", "counted", "wanting"),
    [
        ("Short.", 10, False, False),
        ("Long.", 400, True, True),
        (f"Long.\n\n{REASON}it is.\n", 400, True, False),
    ],
)
def test_a_long_file_without_a_reason_is_found(tmp_path, head, lines, counted, wanting):
    path = tmp_path / "models/planted.py"
    path.parent.mkdir()
    path.write_text(f'"""{head}"""\n' + "x = 1\n" * lines, encoding="utf-8")
    files = long_files(tmp_path)
    assert list(files) == ["models/planted.py"] * counted
    assert list(unexplained(files)) == ["models/planted.py"] * wanting


def missing_names(path: Path) -> Iterator[str]:
    """Yield what a file asks of modules of the project that they do not have.

    A function may import a module when it runs: a name that was moved away is then missed by a
    reader of the terminal alone. A local of a module's name is passed over.
    """
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    modules: dict[str, list[ModuleType]] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOMS:
            source = importlib.import_module(node.module)
            for alias in node.names:
                try:
                    if not hasattr(source, alias.name):
                        importlib.import_module(f"{node.module}.{alias.name}")
                except ModuleNotFoundError:
                    yield f"{node.module}.{alias.name}"
                    continue
                if isinstance(value := getattr(source, alias.name), ModuleType):
                    modules.setdefault(alias.asname or alias.name, []).append(value)
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = node.value.id
            of_name = [] if name in bound else modules.get(name, [])
            if of_name and not any(hasattr(module, node.attr) for module in of_name):
                yield f"{name}.{node.attr}"


def test_files_ask_of_modules_only_what_these_have():
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    missing = {path.relative_to(ROOT).as_posix(): list(missing_names(path)) for path in files}
    assert {name: found for name, found in missing.items() if found} == {}


def test_a_name_that_a_module_lacks_is_found(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text(
        "def late(tables):\n    from analysis.shared import digits, nothing\n"
        "    from analysis.comparison import tables\n"
        "    return digits.gone, digits.__name__, tables.gone\n"
    )
    assert list(missing_names(path)) == ["analysis.shared.nothing", "digits.gone"]
