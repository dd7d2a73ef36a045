"""LaTeX tables break over pages, wrap their sentences, and compile."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from analysis.shared.typeset.latex import LINE, latex
from analysis.shared.typeset.sheet import Sheet, of_frame
from tests.helpers.latex import columns, compiled, engine, faults, rows, tables

SENTENCE = "A prior's reason that goes on: ρ ≥ 1, σ² and R̂ < 1.01 of 5 % & more_than_one_name "

REGRESSION = Sheet(
    title="Outcome_1 of 100 %",
    heads=("Term", "Published", "TWFE", "Posterior, hierarchical"),
    rows=(
        ("Industrial agglomeration", "0.105***\n(0.031)", "-0.155\n(0.053)", "[x\n[-0.1, 0.2]"),
        ("A control of which the name is longer than the column", "", "1\n(2)", ""),
        ("Observations", "403", "403", "403"),
    ),
    align="lccc",
    spanners=((("(3.2) baseline & more", 3),), (("", 1), ("own-mine_x", 2))),
    ruled=frozenset({2}),
    notes=("A note that is long enough to be wrapped at the end of a line. " * 3, "p < 0.01"),
)

NARROW = of_frame(pd.DataFrame({"name": ["a_b"], "value": [0.25]}), "Narrow")
LONG = of_frame(pd.DataFrame({"name": ["x"] * 340, "value": range(340)}), "Long")
WORDY = of_frame(pd.DataFrame({"name": ["a"] * 3, "why": [SENTENCE * 4] * 3}), "Wordy")
WIDE = of_frame(
    pd.DataFrame({f"some_column_{i}": ["official-census4", "produ_inno"] for i in range(9)}),
    "Wide",
)
WIDER = of_frame(
    pd.DataFrame({"key": ["a", "b"], **{f"column_{i}": [1.2345, -1e-7] for i in range(40)}}),
    "Wider than any page",
)
SHEETS = {"regression": REGRESSION, "narrow": NARROW, "long": LONG, "wordy": WORDY, "wide": WIDE}


@pytest.mark.parametrize("name", SHEETS)
def test_environments_are_balanced_and_every_row_has_as_many_cells_as_columns(name):
    text = latex(SHEETS[name])
    assert faults(text) == []
    ((spec, _),) = tables(text)
    assert columns(spec) == len(SHEETS[name].heads)


def test_a_spoiled_table_is_found():
    text = latex(NARROW)
    assert faults(text.replace("a\\_b &", "a\\_b"))
    assert faults(text.replace("\\endgroup", ""))


@pytest.mark.skipif(engine() is None, reason="no pdflatex with booktabs, caption and longtable")
def test_tables_compile_and_no_line_is_wider_than_the_page(tmp_path):
    log = compiled("\n".join(map(latex, [*SHEETS.values(), WIDER])), tmp_path)
    assert "Overfull" not in log
    assert "undefined" not in log.lower()


def test_the_first_line_names_the_packages():
    assert latex(NARROW).startswith("% \\usepackage{array,booktabs,caption,longtable}; pdfLaTeX")
    assert "pdflscape" in latex(WIDE).splitlines()[0]


def test_a_table_of_many_rows_breaks_over_pages_and_repeats_its_head():
    text = latex(LONG)
    assert "\\begin{longtable}" in text
    assert "\\begin{table}" not in text
    assert text.count("name & value") == 2
    assert text.index("\\endfirsthead") < text.index("\\endhead") < text.index("x & 0")
    ((_, body),) = tables(text)
    assert len(rows(body)) == 340 + 2


def test_a_short_text_does_not_wrap_and_a_sentence_does():
    assert "{lr}\n" in latex(NARROW)
    ((spec, _),) = tables(latex(WORDY))
    share = float(re.search(r"p\{([\d.]+)\\linewidth\}", spec)[1])
    assert spec.startswith("l>{\\raggedright")
    assert 0.8 < share < 1


def test_widths_add_up_to_a_line_at_most():
    for sheet in (REGRESSION, WIDE):
        ((spec, _),) = tables(latex(sheet))
        shares = [float(share) for share in re.findall(r"p\{([\d.]+)\\linewidth\}", spec)]
        gaps = 8 * len(sheet.heads) / LINE[sheet is WIDE]
        assert sum(shares) + gaps <= 1


def test_a_wide_table_lies_in_landscape_with_names_broken_at_underscores():
    text = latex(WIDE)
    assert text.splitlines()[1] == "\\begin{landscape}"
    assert "some\\_\\allowbreak{}column" in text


def test_a_table_wider_than_any_page_comes_in_parts_with_its_keys():
    text = latex(WIDER)
    assert faults(text) == []
    parts = [body for _, body in tables(text)]
    assert len(parts) > 1
    assert all(rows(body)[0].startswith("key &") for body in parts)
    named = [i for body in parts for i in re.findall(r"column\\_\D*(\d+)", rows(body)[0])]
    assert named == [str(i) for i in range(40)]


def test_an_error_stays_on_the_page_of_its_coefficient():
    lines = latex(REGRESSION).splitlines()
    (at,) = [i for i, line in enumerate(lines) if "0.105***" in line]
    assert lines[at].endswith("\\\\*")
    assert "(0.031)" in lines[at + 1]
    assert not lines[at + 1].endswith("\\\\*")


def test_a_rule_parts_coefficients_from_statistics():
    lines = latex(REGRESSION).splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("Observations")]
    assert lines[at - 1] == "\\midrule"


def test_heads_over_columns_and_notes_are_written():
    text = latex(REGRESSION)
    assert "\\multicolumn{3}" in text
    assert "(3.2) baseline \\& more" in text
    assert "own-mine\\_" in text
    assert "p \\textless{} 0.01" in text


def test_signs_that_pdflatex_lacks_become_commands():
    text = latex(WORDY)
    assert all(sign in text for sign in ("$\\rho$ $\\geq$ 1", "$\\hat{R}$", "5 \\%", "\\& more"))
    assert "$-$0.155" in latex(REGRESSION)


def test_letters_of_another_script_ask_for_another_engine():
    assert "XeLaTeX" not in latex(NARROW)
    chinese = replace(NARROW, rows=(("全国", "1"),))
    assert "XeLaTeX or LuaLaTeX and a font that has 全国" in latex(chinese).splitlines()[0]


def test_a_table_without_rows_is_a_table():
    assert faults(latex(of_frame(pd.DataFrame({"a": [], "b": []}), "Empty"))) == []
