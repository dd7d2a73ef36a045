"""The split of a regression, and the way back to the paper's scale."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.bayesian.effects import standard_mean
from models.bayesian.within_between import principal_axes, standardise
from tests.helpers.fits import INDEPENDENT, Fit, fit_of

FITS = [
    (column, name, share) for column, share in (("3.2", 0.1), ("3.3", 0.0)) for name in INDEPENDENT
]


@pytest.fixture(params=FITS, ids=lambda case: "-".join(map(str, case)))
def fitted(request) -> Fit:
    return fit_of(*request.param)


def reported(fitted: Fit):
    """Return effects and what the model reports, at four draws in two chains."""
    rng = np.random.default_rng(0)
    density = fitted.density
    log_scale = np.stack([density.initial(rng) for _ in range(4)]).reshape(2, 2, -1)
    flat = density.draw(log_scale, rng)
    model, parts = fitted.definition, fitted.parts
    shaped = {
        name: v.reshape(2, 2, *(len(model.coords[d]) for d in model.named_vars_to_dims[name]))
        for name, v in flat.items()
    }
    effects = fitted.model.module.effects(parts, shaped)
    return effects, {
        name: value for name, (_, value) in fitted.model.module.report(parts, shaped).items()
    }


def test_what_is_reported_makes_up_the_mean(fitted):
    effects, values = reported(fitted)
    parts, arrays = fitted.parts, fitted.parts.design
    mean = parts.centre + parts.scale * standard_mean(parts, effects)
    slope = np.repeat(values["slope"][..., None, :], len(arrays.y), axis=-2)
    for i, term in enumerate(parts.varying):
        by_region = values["slope_region"][..., i, :]
        slope[..., arrays.terms.index(term)] = by_region[..., arrays.region]
    by_year = values["year_effect"]
    by_row = (arrays.year,) if parts.years == "common" else (arrays.region, arrays.year)
    built = (
        values["province_effect"][..., arrays.province]
        + by_year[(..., *by_row)]
        + (slope * arrays.x).sum(axis=-1)
    )
    assert_allclose(built, mean, rtol=1e-9, atol=1e-9)
    assert_allclose(by_year[..., 0], 0, atol=1e-12)
    assert_allclose(
        values["const"], values["province_effect"][..., arrays.province].mean(-1), rtol=1e-9
    )


def test_slope_of_a_varying_term_is_the_row_weighted_average(fitted):
    _, values = reported(fitted)
    parts, arrays = fitted.parts, fitted.parts.design
    rows = np.bincount(arrays.region, minlength=len(arrays.regions))
    for i, term in enumerate(parts.varying):
        average = np.average(values["slope_region"][..., i, :], axis=-1, weights=rows)
        assert_allclose(values["slope"][..., arrays.terms.index(term)], average)


def test_parts_add_up_to_the_regressors(fitted):
    parts, arrays = fitted.parts, fitted.parts.design
    within = parts.within * parts.term_scale[parts.term_of_regressor]
    whole = parts.province_part[arrays.province] + parts.year_part[parts.cell] + within
    for regressor, position, column in zip(
        parts.regressors, parts.term_of_regressor, whole.T, strict=True
    ):
        x = arrays.x[:, position]
        if ":" in regressor:
            x = x * (arrays.region == arrays.regions.index(regressor.split(":")[1]))
        assert_allclose(column, x, atol=1e-9)
    assert_allclose(parts.in_province.T @ within, 0, atol=1e-9)
    in_cell = np.eye(len(parts.year_part))[parts.cell] if parts.years == "region" else parts.in_year
    assert_allclose(in_cell.T @ within, 0, atol=1e-9)
    assert parts.y.mean() == pytest.approx(0, abs=1e-12)
    assert parts.y.std() == pytest.approx(1)


def test_a_constant_column_standardises_to_zero():
    columns = np.column_stack([np.full(5, 0.1), np.arange(5.0)])
    found = standardise(columns)
    assert_allclose(found[:, 0], 0)
    assert found[:, 1].std() == pytest.approx(1)


def test_principal_axes_span_the_columns_with_the_same_prior():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(13, 4)) + 5 * np.arange(13.0)[:, None]
    columns = np.column_stack([columns, columns[:, 0] + columns[:, 1]])
    axes, standard = principal_axes(columns), standardise(columns)
    assert axes.shape == (13, 4)
    assert_allclose(axes @ axes.T, standard @ standard.T, atol=1e-9)  # the effect's covariance
    assert_allclose(axes.T @ axes, np.diag((axes**2).sum(axis=0)), atol=1e-9)
