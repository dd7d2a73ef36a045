"""NetCDF files of results/ come back as they were written, or not at all."""

import numpy as np
import pytest
import xarray as xr

from analysis.shared.outputs import read_netcdf, write_netcdf
from data.shared.errors import UserError


@pytest.fixture(scope="module")
def tree():
    rng = np.random.default_rng(1)
    group = xr.Dataset(
        {
            "estimate": (("choice", "term"), rng.normal(size=(40, 3))),
            "rank": (("choice",), rng.integers(0, 9, 40).astype(np.int16)),
            "trusted": (("choice",), rng.random(40) > 0.5),
            "df": 30,
        },
        {"choice": [f"option {i}" for i in range(40)], "term": ["indus", "σ", "fin"]},
    )
    found = xr.DataTree.from_dict({"/least_squares/3.2": group, "/": xr.Dataset({"one": 1.5})})
    found.attrs = {"seed": 1, "title": "Slopes"}
    return found


def test_a_tree_comes_back_as_it_was(tree, tmp_path):
    path = tmp_path / "multiverse.nc"
    write_netcdf(tree, path)
    assert read_netcdf(path).identical(tree)
    assert [each.name for each in tmp_path.iterdir()] == ["multiverse.nc"]


def test_a_flipped_bit_is_told_or_changes_nothing(tree, tmp_path):
    path = tmp_path / "multiverse.nc"
    write_netcdf(tree, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(2)
    told = []
    for place in rng.choice(len(whole), 120, replace=False):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        try:
            found = read_netcdf(path)
        except UserError as error:
            told.append(str(error))
        else:
            assert found.identical(tree)
    assert len(told) > 10
    assert all("move it away and run `python -m analysis multiverse`" in each for each in told)


def test_what_was_changed_by_hand_is_refused_with_both_hashes(tree, tmp_path):
    path = tmp_path / "multiverse.nc"
    write_netcdf(tree, path)
    with xr.open_datatree(path, engine="netcdf4") as opened:
        changed = opened.load()
    changed["/least_squares/3.2"]["estimate"][0, 0] += 1e-9
    changed.to_netcdf(path, engine="netcdf4")
    with pytest.raises(UserError, match=r"was changed .*\(sha256 of its content [0-9a-f]{16}…"):
        read_netcdf(path)
    xr.DataTree(tree["/least_squares/3.2"].to_dataset()).to_netcdf(path, engine="netcdf4")
    with pytest.raises(UserError, match="does not say the sha256"):
        read_netcdf(path)
    path.write_bytes(path.read_bytes()[:3_000])
    with pytest.raises(UserError, match="cannot be read as NetCDF"):
        read_netcdf(path)
