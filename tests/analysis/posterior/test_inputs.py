"""What models are given beside the panel: each has its reader, and its hash tells of each value."""

from analysis.posterior import inputs
from analysis.posterior.inputs import INPUTS, Input
from data.panels.catalogue import PANELS
from models.bayesian.registry import MODELS, find


def test_every_input_that_a_model_names_is_read():
    named = {name for model in MODELS for name in model.inputs}
    assert named == set(INPUTS)


def test_readings_are_the_measured_regressor_in_each_vintage():
    readings = inputs.readings()
    assert readings.name == "indus"
    assert readings.dims == ("winsorised", "province", "year", "vintage")
    assert set(readings["vintage"].to_numpy()) == {"as_published", "census4", "census5"}
    assert readings.attrs["source"] == "official.nc"


def test_an_implied_panel_goes_with_no_readings():
    measured, main = find("measurement"), find("hierarchical")
    fitting = {kind.name: inputs.fits_panel(measured, kind.name) for kind in PANELS}
    assert [name for name, fits in fitting.items() if not fits] == ["implied"]
    assert all(inputs.fits_panel(main, kind.name) for kind in PANELS)


def test_a_change_of_a_value_or_a_label_changes_the_hash(monkeypatch):
    assert inputs.sha256(find("hierarchical")) == {}
    measured, before = find("measurement"), inputs.readings()
    value, label = before.copy(deep=True), before.copy()
    value[1, 2, 3, 0] += 1e-9
    label = label.assign_coords(vintage=["a", "b", "c"])
    hashes = []
    for readings in (before, before.copy(deep=True), value, label):
        monkeypatch.setitem(INPUTS, "readings", Input(lambda r=readings: r, inputs.official))
        hashes.append(inputs.sha256(measured)["readings"])
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
