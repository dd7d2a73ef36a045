"""Ranks are kept whole, by the code that made them."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.shared.outputs import write_netcdf
from analysis.simulation.calibration import draw, stored
from analysis.simulation.calibration.cases import CASES
from data.errors import UserError
from tests.helpers.ranks import drawn, too_narrow


def test_ranks_are_read_back_as_they_were_and_drawn(tmp_path, monkeypatch):
    first, second = CASES[0].name, CASES[1].name
    found = {first: drawn(60, too_narrow), second: drawn(40)}
    about = {"column": "3.2", "panel_sha256": "0", "seed": 1}
    path = tmp_path / "calibration.nc"
    write_netcdf(stored.table(found, **about), path)
    again = stored.kept(path, **about)
    for name, own in found.items():
        assert again[name].of.keys() == own.of.keys()
        assert all(np.array_equal(again[name].of[each], own.of[each]) for each in own.of)
        assert np.array_equal(again[name].effective, own.effective)
    assert stored.kept(path, **about | {"seed": 2}) == {}
    changed = [replace(CASES[0], data_sets=1), *CASES[1:]]
    with monkeypatch.context() as patch:
        patch.setattr(stored, "CASES", changed)
        assert list(stored.kept(path, **about)) == [second]
    figure = draw.draw(draw.curves(path))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [first, second]
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["60", "40"]
    colours = [[line.get_color() for line in axes.get_lines()] for axes in figure.axes]
    assert [len(set(each)) for each in colours] == [2, 1]
    path.write_bytes(b"no NetCDF")
    with pytest.raises(UserError, match="move it away and run"):
        stored.kept(path, **about)
