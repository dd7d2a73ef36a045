"""What better data changed, as the data's README says it."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.reporting import edition_block
from analysis.ye2024.editions import COLUMNS
from data.panels.catalogue import EDITION, FOLDER


def before():
    about = json.loads((FOLDER / EDITION).with_suffix(".json").read_text(encoding="utf-8"))
    return about["implied"]


def test_moves_by_series_make_up_the_first_editions_distance():
    moves = list(before()["rms_sd"].values())
    assert np.sqrt(np.mean(np.square(moves))) == pytest.approx(
        before()["distance_rms_sd"], abs=1e-6
    )


@pytest.mark.parametrize(("factor", "said"), [(0.9, "lies nearer to"), (1.1, "lies no nearer to")])
def test_distances_of_both_editions_stand_side_by_side(factor, said):
    moves = before()["rms_sd"]
    rows = [("series", name, factor * move) for name, move in moves.items()]
    table = pd.DataFrame([*rows, ("year", "2010", 9.0)], columns=["level", "name", "rms"])
    text = edition_block.distances(table)
    assert said in text
    assert f"{13 if factor < 1 else 0} of 13 series moved less" in text
    lines = text.splitlines()
    assert lines[-1].startswith(f"| all | 0.333 | {factor * 0.333388:.3f} |")
    fin = next(line for line in lines if line.startswith("| fin |"))  # its spread has not changed
    assert fin.split(" | ")[2] == fin.rstrip(" |").split(" | ")[3]


def test_claims_of_the_headline_stand_beside_their_first_edition():
    row = dict.fromkeys(COLUMNS, 0.1) | {"panel": "official", "term": "indus"}
    row |= {"column": "3.2", "claim": "H1"}
    row |= {"gate_first": "pass", "gate_today": "pass", "probability_today": np.nan}
    rows = [row, row | {"claim": "size"}, row | {"column": "4.1"}]
    table = pd.DataFrame(rows)
    lines = edition_block.editions(table).splitlines()
    assert len(lines) == 3  # of 4.1 the file speaks
    assert lines[2].startswith("| H1, size | 3.2 | `official` |")
    assert " | 0.100 | " in lines[2]
    assert lines[2].endswith(" |  |")
