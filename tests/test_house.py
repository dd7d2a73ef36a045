"""The house at the large scale: files stay short, or say in their head why they are not."""

from pathlib import Path

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
