"""What fits on a terminal: whole words and numbers, the columns that matter most."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.shared import layout
from analysis.shared.layout import View
from tests.helpers.rendered import WIDTHS, faults, rendered

WORDS = st.text("abcdefghij_.-é省", min_size=1, max_size=18)
CELLS = st.one_of(
    st.lists(WORDS, max_size=12).map(" ".join),
    st.floats(allow_infinity=False, width=32),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.none(),
)


@st.composite
def frames(draw) -> pd.DataFrame:
    names = draw(st.lists(WORDS, min_size=1, max_size=20, unique=True))
    size = draw(st.integers(1, 5))
    return pd.DataFrame(
        {name: pd.Series([draw(CELLS) for _ in range(size)], dtype=object) for name in names}
    )


@given(frames(), st.sampled_from(WIDTHS), st.booleans())
def test_words_and_numbers_are_whole_in_any_table(frame, width, wide):
    assert faults(frame, View(), width, wide) == []


FRAME = pd.DataFrame(
    {
        "panel": ["official-census4"] * 2,
        "model": ["flat", "hierarchical"],
        "mean": [0.00002, 0.131],
        "sd": [0.00001, 0.061],
        "low": [0.0, 0.013],
        "high": [0.00004, 0.25],
        "nothing": [np.nan, np.nan],
        **{f"more_{i}": [1.5 * i, 2.5 * i] for i in range(1, 9)},
        "gate": ["pass", "fail"],
    }
)
VIEW = View(
    ("panel", "model"), ("gate", "mean", "low", "more_8"), {"95 % interval": ("low", "high")},
    ("mean",),
)  # fmt: skip


def test_the_least_important_columns_are_left_out_and_named():
    fitted = layout.fit(FRAME, VIEW, 80)
    assert list(fitted.parts[0]) == [
        "model", "mean", "sd", "95 % interval", "more_1", "more_8", "gate"
    ]  # fmt: skip
    assert fitted.left_out == [f"more_{i}" for i in range(2, 8)]
    text = rendered(FRAME, VIEW, 80)
    assert "In all rows: panel official-census4" in text
    assert "No room at 80 characters: more 2, more 3" in text
    assert "nothing" not in text


def test_what_all_rows_have_stays_in_the_table_where_there_is_room():
    fitted = layout.fit(FRAME, VIEW, 200)
    assert list(fitted.parts[0])[:2] == ["panel", "model"]
    assert (fitted.same, fitted.left_out) == ({}, [])


def test_wide_shows_all_columns_in_parts_with_the_keys_in_front():
    fitted = layout.fit(FRAME, VIEW, 80, wide=True)
    assert all(list(part)[:2] == ["panel", "model"] for part in fitted.parts)
    shown = [name for part in fitted.parts for name in list(part)[2:]]
    assert shown == [
        name for name in layout.texts(FRAME, VIEW) if name not in (*VIEW.keys, "nothing")
    ]
    assert faults(FRAME, VIEW, 80, wide=True) == []


def test_neighbours_that_belong_together_stay_in_one_part():
    pairs = pd.DataFrame({"term": ["indus"]} | {f"{i}{of}": [0.5] for i in range(9) for of in "ab"})
    for width in WIDTHS:
        for part in layout.fit(pairs, View(together=2), width, wide=True).parts:
            assert len(part.columns) % 2 == 1


def test_small_slopes_keep_digits_and_intervals_are_one_cell():
    text = rendered(FRAME, VIEW, 80)
    assert "0.000020" in text
    assert "[0.000000, 0.000040]" in text
    assert "[0.013, 0.250]" in text


def test_a_word_longer_than_a_line_is_folded_and_not_cut():
    word = "x" * 200
    text = rendered(pd.DataFrame({"path": [word], "n": [1]}), View(), 80)
    assert "".join(text.split()).count("x") == 200


@pytest.mark.parametrize("text", ["47 / 182", "0.037/(1 − 1.098)", "Table 2 min"])
def test_other_texts_than_numbers_may_be_broken_at_blanks(text):
    assert layout._units(text) == text.split()
