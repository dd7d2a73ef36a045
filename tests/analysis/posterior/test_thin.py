"""A thinned trace is small, says that it is thinned, and opens in ArviZ alone."""

import arviz as az
import numpy as np
import pytest
import xarray as xr

from analysis.posterior import thin
from analysis.shared.products import find
from analysis.specifications import evidence_model, select
from tests.helpers.traces import ATTRIBUTES

DRAWS = 200


@pytest.fixture
def whole() -> xr.DataTree:
    rng = np.random.default_rng(1)
    values = {name: (("chain", "draw"), rng.normal(size=(4, DRAWS))) for name in ("slope", "sigma")}
    rows = xr.Dataset({"y": (("chain", "draw", "obs"), rng.normal(size=(4, DRAWS, 300)))})
    groups = {"posterior": xr.Dataset(values), "log_likelihood": rows}
    groups |= {"sample_stats": xr.Dataset({"lp": values["slope"]})}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = dict(ATTRIBUTES)
    return tree


def test_as_many_draws_are_kept_as_fit(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(thin, "LARGEST", 100_000)
    path = tmp_path / "long" / "a.nc"
    every = thin.write(whole, (), path)
    assert 1 < every < 20
    assert 50_000 < path.stat().st_size <= 100_000
    opened = az.from_netcdf(path)
    assert opened.attrs["thinned"].startswith(f"every {every}. draw")
    assert opened.attrs["panel"] == ATTRIBUTES["panel"]
    kept = whole["posterior"]["slope"][:, ::every]
    np.testing.assert_allclose(opened["posterior"]["slope"], kept, rtol=1e-6)
    assert set(opened.children) == set(whole.children)


def test_a_choice_of_variables_leaves_the_other_groups_out(whole):
    found = thin.thin(whole, 2, ("sigma", "no such variable"))
    assert set(found.children) == {"posterior", "sample_stats"}
    assert list(found["posterior"].data_vars) == ["sigma"]
    assert found["posterior"].sizes["draw"] == DRAWS / 2


def test_what_cannot_be_small_enough_is_not_left(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(thin, "LARGEST", 10)
    with pytest.raises(ValueError, match=r"a\.nc would be larger than 10 bytes"):
        thin.write(whole, (), tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_each_is_a_product_and_of_a_columns_main_model(tmp_path):
    for one in thin.THREE:
        assert find(one.name).long
        assert find(one.name).file.endswith(".nc")
        (record,) = select([one.column])
        assert one.source(tmp_path).stem.endswith(f"-{evidence_model(record)}")
