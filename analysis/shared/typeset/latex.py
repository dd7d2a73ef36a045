"""Tables in LaTeX by Great Tables: long, so that pages break them, and no wider than the page.

Great Tables has no columns that wrap and repeats no head on a new page: both are added to what it
writes. The first lines name the packages that a document needs.
"""

import re
import textwrap
from dataclasses import dataclass, replace
from itertools import accumulate

import pandas as pd

from analysis.shared.typeset.sheet import NO_BREAK, Sheet, in_lines, with_minus

PACKAGES = ("array", "booktabs", "caption", "longtable")

LINE = {False: 345.0, True: 550.0}
"""Points of a line in LaTeX's own article, upright and in landscape."""

SPARE = 6.0
"""Points of it that are left free, since some letters are wider than a digit."""

LETTER = {8.0: 4.35, 7.0: 4.05, 6.0: 3.75}
"""By the font's size, points of a letter: a little more than a digit of Computer Modern."""

GAP = 4.0
"""Points on either side of a column."""

SIZES = ((8.0, False), (7.0, False), (8.0, True), (7.0, True), (6.0, True))
"""Size of the font, and whether in landscape: the first in which no word is broken is taken."""

KEYS = 3
"""Columns of words in front, at most, that name the rows of each part of a table in parts."""

RULE, TOGETHER, APART = "\ue000", "\ue001", "\ue002"
"""Marks that no text has: a rule above a line; no page break below it; a little space below it."""

END_OF_HEAD = "\\midrule\\addlinespace[2.5pt]"

SYMBOLS = {
    **{"\N{MINUS SIGN}": "$-$", NO_BREAK: "~", "≤": "$\\leq$", "≥": "$\\geq$", "→": "$\\to$"},
    **{"≈": "$\\approx$", "∞": "$\\infty$", "√": "$\\surd$", "∈": "$\\in$", "≠": "$\\neq$"},
    **{"′": "$'$", "₀": "$_0$", "₁": "$_1$", "₂": "$_2$", "✓": "$\\surd$"},
    **{
        letter: f"$\\{name}$"
        for name, letter in (
            *(("alpha", "α"), ("beta", "β"), ("gamma", "γ"), ("delta", "δ"), ("epsilon", "ε")),
            *(("theta", "θ"), ("lambda", "λ"), ("mu", "μ"), ("nu", "ν"), ("pi", "π")),
            *(("rho", "ρ"), ("sigma", "σ"), ("tau", "τ"), ("phi", "φ"), ("chi", "χ")),
            *(("omega", "ω"), ("Delta", "Δ"), ("Sigma", "Σ"), ("Gamma", "Γ"), ("Omega", "Ω")),
        )
    },
}
"""What pdfLaTeX has no letter for."""

KNOWN = "‘’“”–—…†‡•€"
"""Beyond Latin letters, what pdfLaTeX sets as it stands."""


def latex(sheet: Sheet) -> str:
    """Return a sheet as a long table in LaTeX, below a comment on what it needs.

    One that is wider than any page, without heads over columns, comes in parts.
    """
    plan = _plan(sheet)
    names = next((i for i, letter in enumerate(sheet.align) if letter != "l"), len(sheet.align))
    keys = min(max(names, 1), KEYS)
    data_columns = range(keys, len(sheet.heads))
    if plan.fits or sheet.spanners or len(data_columns) < 2:
        return _one(sheet, plan)
    halves = data_columns[: len(data_columns) // 2], data_columns[len(data_columns) // 2 :]
    return "\n".join(latex(_columns(sheet, [*range(keys), *half])) for half in halves)


def _columns(sheet: Sheet, positions: list[int]) -> Sheet:
    """Return some columns of a sheet."""
    return replace(
        sheet,
        heads=tuple(sheet.heads[i] for i in positions),
        rows=tuple(tuple(row[i] for i in positions) for row in sheet.rows),
        align="".join(sheet.align[i] for i in positions),
    )


def _one(sheet: Sheet, plan: "_Plan") -> str:
    from great_tables import GT

    lines, ruled, goes_on = in_lines(_with_names_in_lines(sheet, plan))
    cells = [[with_minus(text) for text in line] for line in lines]
    ends = [*zip(goes_on, [False, *goes_on], strict=False)]
    for line, above, (below, before) in zip(cells, ruled, ends, strict=True):
        line[0] = RULE * above + line[0]
        line[-1] += TOGETHER if below else APART * before
    names = [f"c{i}" for i in range(len(sheet.heads))]
    table = GT(pd.DataFrame(cells, columns=names, dtype=str)).tab_header(sheet.title)
    table = table.cols_label(**dict(zip(names, sheet.heads, strict=True)))
    for level, row in enumerate(reversed(sheet.spanners)):
        for i, (label, first, last) in enumerate(_places(row)):
            if label:
                columns = names[first : last + 1]
                table = table.tab_spanner(label, columns, level=level, id=f"s{level}-{i}")
    for note in sheet.notes:
        table = table.tab_source_note(note)
    table = table.tab_options(table_font_size=f"{plan.size}pt")
    return _finished(table.as_latex(use_longtable=True), sheet, plan)


def _places(row: tuple[tuple[str, int], ...]) -> list[tuple[str, int, int]]:
    """Return each label with its first and last column."""
    ends = list(accumulate(size for _, size in row))
    return [(label, end - size + 1, end) for (label, size), end in zip(row, ends, strict=True)]


# --- how wide each column is --------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """How a sheet fits on a page.

    Attributes
    ----------
    size : float
        Of the font, in points.
    landscape : bool
    widths : list of float
        Of each column that wraps, as a share of the line; 0 of one as wide as its text.
    fits : bool
        Whether no word is wider than its column.
    """

    size: float
    landscape: bool
    widths: list[float]
    fits: bool


def _plan(sheet: Sheet) -> _Plan:
    columns = [
        [head, *(text for row in sheet.rows for text in row[i].split("\n"))]
        for i, head in enumerate(sheet.heads)
    ]
    words = [max(_letters(word) for text in column for word in _words(text)) for column in columns]
    words = [word + 0.5 for word in words]  # a word may be all of wide letters
    natural = [
        max(word, *map(_letters, column)) for word, column in zip(words, columns, strict=True)
    ]
    for size, landscape in SIZES:
        letters = (LINE[landscape] - SPARE - 2 * GAP * len(natural)) / LETTER[size]
        if sum(words) <= letters:
            break
    widths = _narrowed(natural, words, letters)
    share = LETTER[size] / LINE[landscape] - 1e-5  # rounding must not add up to a wider line
    # Heads over several columns wrap at the sum of widths that are said.
    wraps = [
        sheet.spanners or width < full - 1e-9 for width, full in zip(widths, natural, strict=True)
    ]
    shares = [share * width if wrap else 0.0 for width, wrap in zip(widths, wraps, strict=True)]
    return _Plan(size, landscape, shares, sum(words) <= letters)


def _with_names_in_lines(sheet: Sheet, plan: _Plan) -> Sheet:
    """Let the name of a row that has lines go on beside the second, not push it down."""
    letters = int(plan.widths[0] * LINE[plan.landscape] / LETTER[plan.size] + 1e-9)
    rows = []
    for name, *cells in sheet.rows:
        lines = textwrap.wrap(name, letters) if letters and name else []
        fits = 1 < len(lines) <= max((text.count("\n") + 1 for text in cells), default=1)
        rows.append(("\n".join(lines) if fits else name, *cells))
    return replace(sheet, rows=tuple(rows))


def _letters(text: str) -> float:
    """Return how wide a text is, in letters; the sign − is wider than a digit."""
    return len(text) + 0.6 * len(re.findall(r"-(?=\d)", text))


def _words(text: str) -> list[str]:
    """Return the parts between which a line may end."""
    return re.split(r"[ /]|(?<=_)|(?<=-)(?!\d)", text)


def _narrowed(natural: list[float], words: list[float], letters: float) -> list[float]:
    """Return widths in letters: the widest columns give way first, none below its longest word."""
    widths, need = list(natural), sum(words)
    if need >= letters:
        return [word * letters / need for word in words]
    while sum(widths) > letters + 1e-9:
        free = [i for i, width in enumerate(widths) if width > words[i] + 1e-9]
        widest = max(widths[i] for i in free)
        group = [i for i in free if widths[i] > widest - 1e-9]
        narrower = [widths[i] for i in free if i not in group]
        # Down to the next wider one, or to a word, or as far as is needed.
        excess = sum(widths) - letters
        floor = max([*narrower, *(words[i] for i in group), widest - excess / len(group)])
        for i in group:
            widths[i] = floor
    return widths


# --- what is added to Great Tables' LaTeX -------------------------------------------------------


def _finished(text: str, sheet: Sheet, plan: _Plan) -> str:
    """Add widths, repeated heads, rules and signs, and the packages that the table needs."""
    text = text.strip() + "\n"
    wraps = [
        f">{{{_SET[letter]}\\arraybackslash}}p{{{share:.4f}\\linewidth}}" if share else letter
        for letter, share in zip(sheet.align, plan.widths, strict=True)
    ]
    text = re.sub(r"(?<=\\begin\{longtable\}\{)[lcr|]+(?=\}\n)", lambda _: "".join(wraps), text)
    before, _, after = text.partition("\\toprule")
    head, _, body = after.partition(END_OF_HEAD)
    head = f"\\toprule{_wrapped_spanners(head, plan)}{END_OF_HEAD}\n"
    text = f"{before}{head}\\endfirsthead\n{head}\\endhead{body}"
    text = text.replace(RULE, "\\midrule\n").replace(f"{TOGETHER} \\\\", " \\\\*")
    text = text.replace(f"{APART} \\\\", " \\\\\\addlinespace[1.5pt]")
    if any(plan.widths):
        text = text.replace("\\_", "\\_\\allowbreak{}")
    text = text.replace(
        "\\begingroup\n", f"\\begingroup\n\\setlength{{\\tabcolsep}}{{{GAP:g}pt}}\n"
    )
    text = text.replace("\\begin{minipage}", "\\noindent\\begin{minipage}")
    text = re.sub("(\\w)\N{COMBINING CIRCUMFLEX ACCENT}", r"$\\hat{\1}$", text)
    text = "".join(SYMBOLS.get(letter, letter) for letter in text)
    text = re.sub(r"\n{2,}", "\n", text)
    if plan.landscape:
        text = f"\\begin{{landscape}}\n{text}\\end{{landscape}}\n"
    return _needs(text, plan) + text


_SET = {"l": "\\raggedright", "c": "\\centering", "r": "\\raggedleft"}


def _wrapped_spanners(head: str, plan: _Plan) -> str:
    """Let heads over several columns wrap at the width of these."""
    lines = []
    for line in head.split("\n"):
        place, parts = 0, []
        for part in re.split(r"(?<!\\)&", line):
            spanner = re.search(r"\\multicolumn\{(\d+)\}\{c\}", part)
            size = int(spanner[1]) if spanner else 1
            share = sum(plan.widths[place : place + size])
            if spanner and share:
                width = f"\\dimexpr {share:.4f}\\linewidth+{2 * (size - 1)}\\tabcolsep\\relax"
                form = f"\\multicolumn{{{size}}}{{>{{\\centering\\arraybackslash}}p{{{width}}}}}"
                part = part.replace(spanner[0], form)
            parts.append(part)
            place += size
        lines.append("&".join(parts))
    return "\n".join(lines)


def _needs(text: str, plan: _Plan) -> str:
    packages = ",".join(PACKAGES + (("pdflscape",) if plan.landscape else ()))
    strange = {c for c in text if ord(c) > 0x17F and c not in KNOWN}
    engine = "pdfLaTeX needs \\usepackage[T1]{fontenc}, too"
    if strange:
        engine = "compile with XeLaTeX or LuaLaTeX and a font that has " + "".join(sorted(strange))
    return f"% \\usepackage{{{packages}}}; {engine}.\n"
