"""Each prior scale is moved alone, and the model's own is among the values."""

import pytest

from analysis.robustness import scale_sweep
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian import growth, growth_robust
from tests.helpers.fits import official


def test_each_scale_of_the_model_is_swept_and_its_own_value_gives_its_own_slope(monkeypatch):
    few = {"tau_trend_std": (0.1, 0.5), "tau_slope_std": (0.5,), "tau_sigma": (1.0,)}
    monkeypatch.setattr(scale_sweep, "SWEPT", few)
    monkeypatch.setattr(scale_sweep, "DRAWS", 200)
    monkeypatch.setattr(scale_sweep, "VARIANTS", {})
    (record,) = select(["8.2"])
    found = scale_sweep.table(official("8.2"), record, "growth_region", 1)
    assert tuple(found.columns) == scale_sweep.COLUMNS
    # One region has neither τ nor, with one scale a region, a spread of scales.
    assert set(found["scale"]) == {"tau_trend_std"}
    assert found.groupby("prior")["own"].all().to_dict() == {0.1: False, 0.5: True}
    assert set(found["region"]) == {"all", "central"}
    assert (found["q025"] < found["mean"]).all()
    assert found["near_unit_root"].between(0, 1).all()
    of_region = found[found["region"] == "central"]["near_unit_root"]
    shown = scale_sweep.shown(found)
    assert shown["P(φ > 0.99) central"].tolist() == of_region.tolist()
    (own,) = scale_sweep.near_unit_root(found).to_dict("records")
    assert own["P(φ > 0.99) central"] == f"{of_region.iloc[1]:.3f}"


def test_every_swept_scale_has_its_own_value_among_those_tried():
    for scale, values in scale_sweep.SWEPT.items():
        assert growth.PRIORS[scale].scale in values


def test_models_of_another_kind_are_refused():
    (record,) = select(["3.2"])
    for name in ("hierarchical", "growth_region"):
        with pytest.raises(UserError, match="no model of growth"):
            scale_sweep.table(official(), record, name, 1)


def test_the_variants_are_student_t_errors_and_a_regressor_as_imputations_have_it(monkeypatch):
    monkeypatch.setattr(scale_sweep, "SWEPT", {})
    monkeypatch.setattr(growth_robust.draws, "__defaults__", (40, 20, None))
    (record,) = select(["8.2"])
    found = scale_sweep.table(official("8.2"), record, "growth_region", 1)
    assert not found["own"].any()
    assert found.groupby("scale", sort=False)["prior"].unique().map(list).to_dict() == {
        name: list(values) for name, values in scale_sweep.VARIANTS.items()
    }
    (told,) = scale_sweep.variants(found).drop(columns=list(scale_sweep.FIT)).to_dict("records")
    assert next(iter(told)) == "Student t errors, mean of ν 4"
    assert all("[" in slope for slope in told.values())
    assert len(told) == 4
    error = scale_sweep.imputation_error(official("8.2"), record)
    assert (error >= 0).all()
    assert 0 < error.mean() < 0.2 * official("8.2").frame["indus"].std()
