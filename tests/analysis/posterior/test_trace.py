"""The contract of a trace: what it lacks is found, and no broken file is taken or left."""

import json
import warnings

import arviz as az
import numpy as np
import pytest
import xarray as xr

from analysis.posterior import trace
from analysis.shared.hashing import CONTENT, content
from analysis.shared.statistics import DOUBTS, doubt
from data.shared.errors import UserError
from tests.helpers.traces import ATTRIBUTES

ALL = (*trace.GROUPS, *trace.PRIOR_GROUPS)


def tree(groups=ALL, **attributes) -> xr.DataTree:
    """Return a trace that meets the contract, if nothing else is asked."""
    y = np.random.default_rng(0).normal(size=(2, 5, 3))
    group = xr.Dataset({"y": (("chain", "draw", "obs"), y)})
    made = xr.DataTree.from_dict({f"/{name}": group for name in groups})
    made.attrs = ATTRIBUTES | attributes
    return made


def without(name: str) -> xr.DataTree:
    made = tree()
    del made.attrs[name]
    return made


def test_the_contract_lists_what_the_design_asks():
    assert set(ALL) == {
        "posterior",
        "sample_stats",
        "prior",
        "prior_predictive",
        "posterior_predictive",
        "log_likelihood",
        "log_prior",
        "observed_data",
        "constant_data",
    }
    asked = ["column", "panel", "panel_sha256", "model", "engine", "priors", "seed", "gate"]
    assert set(asked) <= set(trace.ATTRIBUTES)


def test_a_whole_trace_is_written_and_read_back(tmp_path):
    path = trace.trace_path(tmp_path, "official", "3.2", "flat")
    assert path == tmp_path / "official" / "3.2-flat.nc"
    assert trace.breaches(tree()) == []
    trace.write(tree(), path)
    read = trace.read(path)
    hashes = {CONTENT: json.dumps(content(tree()))}
    assert read.attrs == ATTRIBUTES | hashes
    assert set(read.children) == set(ALL)
    assert np.array_equal(read["posterior"]["y"], tree()["posterior"]["y"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone = az.from_netcdf(path)
    assert alone.attrs == ATTRIBUTES | hashes
    assert trace.trace_paths(tmp_path) == [path]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ALL)
def test_a_missing_group_is_found(tmp_path, name):
    lacking = tree([group for group in ALL if group != name])
    assert trace.breaches(lacking) == [f"group {name}"]
    with pytest.raises(ValueError, match=f"group {name}"):
        trace.write(lacking, tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", trace.ATTRIBUTES)
def test_a_missing_attribute_is_found(tmp_path, name):
    assert f"attribute {name}" in trace.breaches(without(name))
    lacking = tmp_path / "a.nc"
    without(name).to_netcdf(lacking, engine="netcdf4")
    with pytest.raises(UserError, match=f"a.nc lacks attribute {name}"):
        trace.read(lacking)


def test_attributes_on_the_posterior_do_not_count():
    made = without("panel")
    made["posterior"].attrs["panel"] = "official"
    assert trace.breaches(made) == ["attribute panel"]


def test_a_gate_is_pass_or_fail():
    assert trace.breaches(tree(gate="fail")) == []
    assert trace.breaches(tree(gate="yes")) == ['attribute gate, "pass" or "fail"']


def test_a_trace_without_prior_groups_must_say_so():
    assert trace.breaches(tree(trace.GROUPS)) == ["group prior", "group prior_predictive"]
    assert trace.breaches(tree(trace.GROUPS, **{trace.NO_PRIOR: "too wide"})) == []


def spoiled(content: bytes, kind: str) -> bytes:
    return {
        "empty": b"",
        "text": b"not a trace\n" * 100,
        "first half": content[: len(content) // 2],
        "last bytes missing": content[:-100],
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "text", "first half", "last bytes missing"])
def test_a_broken_file_is_one_sentence(tmp_path, kind):
    path = tmp_path / "3.2-flat.nc"
    trace.write(tree(), path)
    path.write_bytes(spoiled(path.read_bytes(), kind))
    with pytest.raises(UserError, match=r"3\.2-flat\.nc cannot be read as a trace") as error:
        trace.read(path)
    assert "python -m analysis sample" in str(error.value)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="cannot be read as a trace, since it is not there: run"):
        trace.read(tmp_path / "3.2-flat.nc")
    with pytest.raises(UserError, match="run `python -m analysis sample` first"):
        trace.trace_paths(tmp_path)


def test_the_hash_of_a_group_is_of_values_labels_and_attributes():
    def changed(**changes) -> dict[str, str]:
        made = tree()
        group = xr.Dataset({"y": ("obs", [1.0, 2.0])}, {"obs": ["a", "b"]}, {"free": "y"})
        made["posterior"] = xr.DataTree(group.assign(changes))
        return content(made)

    plain = changed()
    assert changed(obs=np.array(["a", "b"], object)) == plain
    others = [
        changed(y=("obs", [1.0, 2.0 + 1e-15])),
        changed(y=("obs", np.float32([1, 2]))),
        changed(y=("obs", [1.0, 2.0], {"units": "1"})),
        changed(obs=["a", "c"]),
        changed(z=1),
    ]
    for other in others:
        assert {name for name in plain if plain[name] != other[name]} == {"posterior"}


def test_an_interrupt_leaves_the_old_trace_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "p" / "3.2-flat.nc"
    trace.write(tree(seed=1), path)
    before = path.read_bytes()

    def half(self, target, **_):
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.DataTree, "to_netcdf", half)
    with pytest.raises(KeyboardInterrupt):
        trace.write(tree(seed=2), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_encoded_and_stored_it_is_the_file_that_is_written(tmp_path):
    trace.write(tree(), tmp_path / "written.nc")
    trace.store(trace.encode(tree()), tmp_path / "p" / "stored.nc")
    assert (tmp_path / "p" / "stored.nc").read_bytes() == (tmp_path / "written.nc").read_bytes()


def test_temporary_files_are_not_listed(tmp_path):
    path = trace.trace_path(tmp_path, "p", "3.2", "flat")
    trace.write(tree(), path)
    (path.parent / ".3.2-flat-x.nc").write_bytes(b"half")
    assert trace.trace_paths(tmp_path) == [path]


def test_a_fits_verdict_stands_beside_its_gate_and_is_empty_where_there_is_none():
    attrs = {"panel": "official", "column": "3.2", "model": "growth", "gate": "pass"}
    names = ("model", "gate", "fits")
    assert trace.identity(attrs | {"fits": "fail"}, names)["fits"] == "fail"
    assert trace.identity(attrs, names)["fits"] == ""
    assert doubt("pass", "pass") == doubt("pass") == ""
    assert (doubt("fail", "fail"), doubt("pass", "fail")) == DOUBTS
