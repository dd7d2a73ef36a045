"""Captions: what they say of the sample is counted."""

import pandas as pd
import pytest

from analysis.comparison import captions
from analysis.reporting import gallery


def test_rows_are_those_of_the_panel_and_a_lag_costs_each_province_a_year(monkeypatch):
    frame = pd.DataFrame({"province": ["a", "a", "a", "b", "b", "b"], "year": [1, 2, 3] * 2})
    loaded = type("Panel", (), {"frame": frame})
    monkeypatch.setattr(captions, "load_named", lambda *_: loaded)
    said = captions.filled("{units}; {static}; {dynamic}")
    assert said == "2 provinces, 1–3; 2 provinces, 1–3 (n = 6); 2 provinces, 2–3 (n = 4)"


def test_variables_are_in_words_with_their_symbols():
    said = captions.filled("{interest}; {variables}; {lagged}")
    interest, variables, lagged = said.split("; ")
    assert interest == "industrial agglomeration (indus)"
    assert variables.startswith(f"new quality productive forces (produ), {interest}, ")
    assert variables.endswith("transport (trans)")
    assert lagged.startswith("5.1 new quality productive forces (produ), 5.2 ")


CAPTIONS = gallery.captions()


@pytest.mark.parametrize("caption", CAPTIONS.values(), ids=list(CAPTIONS))
def test_a_caption_is_sentences_without_a_gap(caption):
    assert "{" not in caption
    assert caption == "" or caption.endswith(".")
