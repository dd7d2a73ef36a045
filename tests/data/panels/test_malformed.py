"""Thousands of spoiled CSVs: each loads as what it says or is refused in one sentence."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.panels.panel import load_panel
from data.panels.provinces import PROVINCES
from data.shared.errors import UserError

VARIABLES = ("produ", "indus")
COLUMNS = ["province", "year", "region", *VARIABLES, "note"]
YEARS = range(2010, 2014)
SOME = PROVINCES[:6]

Rng = np.random.Generator
Rows = list[list[str]]
"""The header and the rows of a panel, as cells."""


def panel(rng: Rng) -> Rows:
    """Return a valid panel whose numbers have at most three digits before the point."""
    rows = [COLUMNS]
    for province in SOME:
        for year in YEARS:
            values = [f"{value:.6f}" for value in rng.uniform(0.001, 999, 2)]
            rows.append([province.name, str(year), province.region, *values, "a note"])
    return rows


def text(rows: Rows, separator: str, line_end: str) -> str:
    return "".join(separator.join(row) + line_end for row in rows)


# --- what is done to a panel ----------------------------------------------------------------------


@dataclass(frozen=True)
class Mutation:
    """A change of a panel: of its cells, of its text or of its bytes.

    `harmless`: the same panel is read. `fatal`: it must be refused. Else it is read as what it
    now says, or refused.
    """

    of: str
    change: Callable
    harmless: bool = False
    fatal: bool = False


def row_of(rows: Rows, rng: Rng) -> int:
    """Choose a row that is not blank."""
    return int(rng.choice([i for i, row in enumerate(rows) if i and any(row)]))


def at(rng: Rng, long: str | bytes) -> int:
    return int(rng.integers(len(long) + 1))


def column(rows: Rows, name: str) -> int:
    return rows[0].index(name)


def variable(rows: Rows, rng: Rng) -> int:
    return column(rows, VARIABLES[rng.integers(2)])


def with_cell(name: str | None, values: tuple[str, ...]) -> Callable[[Rows, Rng], Rows]:
    """Put one of some values into a cell of a column, by default of a variable."""

    def change(rows: Rows, rng: Rng) -> Rows:
        where = variable(rows, rng) if name is None else column(rows, name)
        rows[row_of(rows, rng)][where] = values[rng.integers(len(values))]
        return rows

    return change


def duplicated_row(rows: Rows, rng: Rng) -> Rows:
    row = list(rows[row_of(rows, rng)])
    rows.insert(row_of(rows, rng), row)
    return rows


def shuffled_rows(rows: Rows, rng: Rng) -> Rows:
    return [rows[0], *(rows[1 + i] for i in rng.permutation(len(rows) - 1))]


def shuffled_columns(rows: Rows, rng: Rng) -> Rows:
    order = rng.permutation(len(rows[0]))
    full = [row + [""] * (len(order) - len(row)) for row in rows]
    return [[row[i] for i in order] for row in full]


def dropped(name: str) -> Callable[[Rows, Rng], Rows]:
    def change(rows: Rows, _: Rng) -> Rows:
        gone = column(rows, name)
        return [[cell for i, cell in enumerate(row) if i != gone] for row in rows]

    return change


def twice(name: str) -> Callable[[Rows, Rng], Rows]:
    def change(rows: Rows, _: Rng) -> Rows:
        return [[*row, row[column(rows, name)]] for row in rows]

    return change


def blank_lines(rows: Rows, rng: Rng) -> Rows:
    rows.insert(row_of(rows, rng), [""] * len(rows[0]))
    return rows


def blank_columns(rows: Rows, rng: Rng) -> Rows:
    return [rows[0], *(row + [""] * int(rng.integers(0, 4)) for row in rows[1:])]


def one_value_less(rows: Rows, rng: Rng) -> Rows:
    row = rows[row_of(rows, rng)]
    while not row[-1]:
        row.pop()
    row.pop()
    return rows


def one_value_more(rows: Rows, rng: Rng) -> Rows:
    rows[row_of(rows, rng)].append("0.5")
    return rows


def full_width(rows: Rows, rng: Rng) -> Rows:
    row = rows[rng.integers(len(rows))]
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
    row[:] = [cell.translate(wide) for cell in row]
    return rows


def chinese(rows: Rows, rng: Rng) -> Rows:
    zh = {province.name: province.zh for province in SOME}
    suffix = {"Inner Mongolia": "自治区", "Hebei": "省", "Shanxi": "省", "Liaoning": "省"}
    where, long = column(rows, "province"), rng.random() < 0.5
    for row in (row for row in rows if any(row)):
        name = row[where]
        row[where] = zh.get(name, name) + (suffix.get(name, "市") if long and name in zh else "")
    return rows


def quoted(rows: Rows, rng: Rng) -> Rows:
    return [[f'"{cell}"' if rng.random() < 0.3 else cell for cell in row] for row in rows]


def spaced(rows: Rows, rng: Rng) -> Rows:
    blanks = ("", " ", "  ", "\u3000", "\u200b", "\xa0")
    return [[cell and cell + blanks[rng.integers(len(blanks))] for cell in row] for row in rows]


def exponents(rows: Rows, rng: Rng) -> Rows:
    for name in VARIABLES:
        row = rows[row_of(rows, rng)]
        row[column(rows, name)] = f"{row[column(rows, name)]}e0"
    return rows


def stray(marks: tuple[str, ...]) -> Callable[[str, Rng], str]:
    def change(content: str, rng: Rng) -> str:
        where = at(rng, content)
        return content[:where] + marks[rng.integers(len(marks))] + content[where:]

    return change


def cut(content: str, rng: Rng) -> str:
    return content[: at(rng, content)]


def piece_twice(content: str, rng: Rng) -> str:
    start, end = sorted((at(rng, content), at(rng, content)))
    return content[:end] + content[start:end] + content[end:]


def swapped_characters(content: str, rng: Rng) -> str:
    characters = list(content)
    i, j = rng.integers(len(characters), size=2) if characters else (0, 0)
    if characters:
        characters[i], characters[j] = characters[j], characters[i]
    return "".join(characters)


def random_bytes(content: bytes, rng: Rng) -> bytes:
    where, size = at(rng, content), int(rng.integers(1, 40))
    return content[:where] + rng.bytes(size) + content[where:]


def flipped_bit(content: bytes, rng: Rng) -> bytes:
    changed = bytearray(content)
    if changed:
        changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def nul(content: bytes, rng: Rng) -> bytes:
    where = at(rng, content)
    return content[:where] + b"\0" + content[where:]


MISSING = ("", "NA", "nan", ".", "-", "#N/A", "NULL", " ", "--", "…")
WORDS = ("abc", "1.2.3", "12%", "0x1F", "1_000", "1,23.4", "3½", "10²", "1.5①", "٣", "1e", "--1")
INFINITE = ("inf", "-Infinity", "1e999", "-1e400", "9" * 400)
CODE = (
    "=1+2",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x";"y")',
    "@SUM(1)",
    "__import__('os').abort()",
    "{value}",
    "%s%n",
    "${7*7}",
    "<script>alert(1)</script>",
    "!!python/object/apply:os.abort []",
    "cos\nsystem\n(S'false'\ntR.",
    "\x1b[31mred",
    "[/red]",
    "\u202etxt.exe",
)
CODE = tuple('"' + code.replace('"', '""') + '"' for code in CODE)
HUGE = ("x" * 200_000, "1" * 200_000, "省" * 70_000)
NO_YEARS = ("", "10", "2010.5", "20100", "year", "-2010", "inf", "2010-01-01", "二〇一〇")
MARKS = ('"', "'", "\n", "\r", ",", ";", "\t", "\ufeff", "\u2028", "\x0b", "\x85", "\x1a", "𝟙", "é")

MUTATIONS = {
    "columns shuffled": Mutation("cells", shuffled_columns, harmless=True),
    "rows shuffled": Mutation("cells", shuffled_rows, harmless=True),
    "blank line": Mutation("cells", blank_lines, harmless=True),
    "blank columns": Mutation("cells", blank_columns, harmless=True),
    "full width": Mutation("cells", full_width, harmless=True),
    "Chinese names": Mutation("cells", chinese, harmless=True),
    "blanks": Mutation("cells", spaced, harmless=True),
    "exponents": Mutation("cells", exponents, harmless=True),
    "no regions": Mutation("cells", dropped("region"), harmless=True),
    "no notes": Mutation("cells", dropped("note"), harmless=True),
    "no variable": Mutation("cells", dropped("produ"), fatal=True),
    "no province": Mutation("cells", dropped("province"), fatal=True),
    "variable twice": Mutation("cells", twice("indus"), fatal=True),
    "year twice": Mutation("cells", twice("year"), fatal=True),
    "row twice": Mutation("cells", duplicated_row, fatal=True),
    "value too few": Mutation("cells", one_value_less, fatal=True),
    "value too many": Mutation("cells", one_value_more, fatal=True),
    "missing value": Mutation("cells", with_cell(None, MISSING), fatal=True),
    "no number": Mutation("cells", with_cell(None, WORDS), fatal=True),
    "not finite": Mutation("cells", with_cell(None, INFINITE), fatal=True),
    "no year": Mutation("cells", with_cell("year", NO_YEARS), fatal=True),
    "code for a number": Mutation("cells", with_cell(None, CODE), fatal=True),
    "huge cell": Mutation("cells", with_cell(None, HUGE), fatal=True),
    "missing province": Mutation("cells", with_cell("province", MISSING), fatal=True),
    "code for a province": Mutation("cells", with_cell("province", CODE)),
    "code for a region": Mutation("cells", with_cell("region", CODE)),
    "stray quotes": Mutation("cells", quoted),
    "stray mark": Mutation("text", stray(MARKS)),
    "code in the text": Mutation("text", stray(CODE)),
    "cut": Mutation("text", cut),
    "a piece twice": Mutation("text", piece_twice),
    "characters swapped": Mutation("text", swapped_characters),
    "random bytes": Mutation("bytes", random_bytes),
    "flipped bit": Mutation("bytes", flipped_bit),
    "NUL": Mutation("bytes", nul, fatal=True),
}
HARMLESS = [name for name, mutation in MUTATIONS.items() if mutation.harmless]
OTHERS = [name for name in MUTATIONS if name not in HARMLESS]
SEPARATORS = (",", ";", "\t")
LINE_ENDS = ("\n", "\r\n", "\r", "\n\n")
ENCODINGS = ("utf-8", "utf-8-sig", "gbk")


@dataclass(frozen=True)
class Case:
    """A spoiled file.

    `done`: the mutations; `whole`: what was there before them; `rest`: the file that is left of
    the lines that only harmless mutations touched.
    """

    done: tuple[str, ...]
    whole: Rows
    content: bytes
    rest: bytes

    @property
    def harmless(self) -> bool:
        return all(MUTATIONS[name].harmless for name in self.done)

    @property
    def fatal(self) -> bool:
        """Whether it must be refused: two that are not harmless could undo each other."""
        worse = [name for name in self.done if not MUTATIONS[name].harmless]
        return len(worse) == 1 and MUTATIONS[worse[0]].fatal


def case(seed: int) -> Case:
    """Make up to two harmless mutations, then up to two others, in any layout and encoding."""
    rng = np.random.default_rng(seed)
    whole = panel(rng)
    harmless = rng.choice(HARMLESS, rng.integers(3), replace=False)
    others = rng.choice(OTHERS, rng.choice(3, p=[0.2, 0.6, 0.2]), replace=False)
    layout = SEPARATORS[rng.integers(3)], LINE_ENDS[rng.integers(4)]
    done = []

    def change(content, names, of):
        for name in (name for name in names if MUTATIONS[name].of == of):
            try:
                content = MUTATIONS[name].change(content, rng)
            except ValueError:  # the column is not there any more
                continue
            done.append(str(name))
        return content

    rows = change([list(row) for row in whole], harmless, "cells")
    before = text(rows, *layout)
    after = change(text(change(rows, others, "cells"), *layout), others, "text")
    encoding = rng.choice([name for name in ENCODINGS if encodable(before + after, name)])
    content = change(after.encode(encoding), others, "bytes")
    kept = set(content.decode(encoding, errors="replace").splitlines())
    rest = [line for line in before.splitlines() if line in kept]
    return Case(tuple(done), whole, content, layout[1].join(rest).encode(encoding))


def encodable(content: str, encoding: str) -> bool:
    try:
        content.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


# --- what comes of it -----------------------------------------------------------------------------


def frame(rows: Rows) -> pd.DataFrame:
    """Return what the loader should make of a valid panel."""
    made = pd.DataFrame(rows[1:], columns=rows[0])[COLUMNS[:-1]]
    made = made.astype({"province": "str", "region": "str", "year": int})
    return made.astype(dict.fromkeys(VARIABLES, float))


def loaded(content: bytes, path: Path) -> pd.DataFrame | str:
    """Return the panel's frame, or the sentence in which it is refused."""
    path.write_bytes(content)
    try:
        found = load_panel(str(path), VARIABLES).frame
    except UserError as error:
        return str(error)
    assert np.isfinite(found[list(VARIABLES)].to_numpy()).all()
    assert found["year"].between(1000, 9999).all()
    assert not found.duplicated(["province", "year"]).any()
    return found


def is_a_sentence(said: str, path: Path) -> bool:
    """Whether a refusal is one line of text about the file, with a remedy, of bounded length."""
    own = said.removeprefix(str(path))
    remedy = re.search(
        r"[;,] (?:\w+ )*?(close|export|give|fill|drop|add|keep|correct|write)\b", own
    )
    return own != said and own.isprintable() and own[-1] == "." and len(own) < 500 and bool(remedy)


def numbers_in(content: bytes) -> set[float]:
    """Return every number that a file can be said to hold, commas read either way."""
    for encoding in ("utf-8-sig", "gbk", "cp1252"):
        with suppress(UnicodeDecodeError):
            said = content.decode(encoding)
            break
    said = re.sub("[\u200b\ufeff]", "", unicodedata.normalize("NFKC", said))
    found = set()
    for separators, comma in ((r"[;\t\s\"',]", ","), (r"[;\t\s\"']", "."), (r"[;\t\s\"']", "")):
        for token in re.split(separators, said):
            with suppress(ValueError):
                found.add(float(token.replace(",", comma)))
    return found


def check(seed: int, path: Path) -> str:
    """Hold a case to what must come of it; say which that was."""
    spoiled = case(seed)
    found = loaded(spoiled.content, path)
    about = f"seed {seed}: {', '.join(spoiled.done) or 'nothing done'}: {found}"
    if isinstance(found, str):
        assert not spoiled.harmless, about
        assert is_a_sentence(found, path), about
        return "refused"
    assert not spoiled.fatal, about
    if spoiled.harmless:
        pd.testing.assert_frame_equal(found, frame(spoiled.whole), obj=about)
        return "loaded whole"
    assert set(found[list(VARIABLES)].to_numpy().ravel()) <= numbers_in(spoiled.content), about
    rest = loaded(spoiled.rest, path)
    if not isinstance(rest, str):  # what was not touched is read as before
        keys = ["province", "year"]
        both = rest.merge(found, "left", keys, suffixes=("", "_found"))
        same = (
            both[list(VARIABLES)].to_numpy() == both[[f"{v}_found" for v in VARIABLES]].to_numpy()
        )
        assert same.all(), about
    return "loaded"


def counted(seeds: Iterable[int], path: Path) -> Counter[str]:
    return Counter(check(seed, path) for seed in seeds)


@pytest.mark.slow
def test_a_spoiled_panel_is_read_right_or_refused_in_a_sentence(tmp_path):
    """The others of ten thousand: `test_ten_thousand_spoiled_panels`."""
    found = counted(range(120), tmp_path / "mine.csv")
    assert min(found[kind] for kind in ("refused", "loaded whole", "loaded")) >= 10


@pytest.mark.trust
def test_ten_thousand_spoiled_panels(tmp_path):
    found = counted(range(120, 10_200), tmp_path / "mine.csv")
    assert min(found[kind] for kind in ("refused", "loaded whole", "loaded")) >= 500


def test_every_mutation_is_made():
    made = {name for seed in range(400) for name in case(seed).done}
    assert made == set(MUTATIONS)
