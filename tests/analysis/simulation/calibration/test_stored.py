"""Ranks are kept whole, by the code that made them."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.shared.outputs import write_netcdf
from analysis.simulation.calibration import draw, stored
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.stored import Kept, Origin
from data.shared.errors import UserError
from tests.helpers.ranks import drawn, too_narrow


def test_ranks_are_read_back_as_they_were_and_drawn(tmp_path):
    first, second = CASES[0].name, CASES[1].name
    origins = {case.name: Origin.of(case, "0", seed) for seed, case in enumerate(CASES[:2])}
    found = {
        first: Kept(drawn(60, too_narrow), origins[first]),
        second: Kept(drawn(40), origins[second]),
    }
    about = {"column": "3.2", "panel": "official"}
    path = tmp_path / "calibration.nc"
    write_netcdf(stored.table(found, **about), path)
    again = stored.kept(path, **about)
    for name, (own, origin) in found.items():
        ranks = again[name].ranks
        assert ranks.of.keys() == own.of.keys()
        assert all(np.array_equal(ranks.of[each], own.of[each]) for each in own.of)
        assert np.array_equal(ranks.effective, own.effective)
        assert again[name].origin == origin
    assert stored.kept(path, **about | {"column": "3.1"}) == {}
    earlier = stored.table({first: found[first]}, **about).drop_vars(["seed", "panel_sha256"])
    write_netcdf(
        earlier.assign_attrs(seed=0, panel_sha256="0"), tmp_path / "earlier" / "calibration.nc"
    )
    assert (
        stored.kept(tmp_path / "earlier" / "calibration.nc", **about)[first].origin
        == origins[first]
    )
    assert Origin.of(replace(CASES[0], data_sets=1), "0", 0) != origins[first]
    figure = draw.draw(draw.curves(path))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [first, second]
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["60", "40"]
    colours = [[line.get_color() for line in axes.get_lines()] for axes in figure.axes]
    assert [len(set(each)) for each in colours] == [2, 1]
    path.write_bytes(b"no NetCDF")
    with pytest.raises(UserError, match="move it away and run"):
        stored.kept(path, **about)
