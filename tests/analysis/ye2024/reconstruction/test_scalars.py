"""Scalars that the tables leave open: by the ordinary estimators, gradients by differences."""

import numpy as np
import pytest

from analysis.specifications import select
from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.scalars import collapsed, scales_at_mode
from data.panels.panel import load_panel
from data.ye2024.definitions import COLUMNS
from models.bayesian import hierarchical
from models.design import design
from models.frequentist import fgls, twfe

(RECORD,) = select(["3.2"])


@pytest.fixture(scope="module")
def frame():
    return load_panel("implied", COLUMNS).frame


def cells_of(frame):
    return frame[list(run.SERIES)].to_numpy().T


@pytest.mark.slow
def test_values_and_gradients(frame, open_scalars):
    cells = cells_of(frame)
    values, jacobian = open_scalars(cells)
    data = design(frame, RECORD)
    arrays = data.y, data.x, data.province, data.year, data.region
    assert [key[1] for key in open_scalars.keys[:3]] == [f"residual {r}" for r in data.regions]
    np.testing.assert_allclose(values[:3], fgls.residual_sd(*arrays), rtol=1e-9)
    np.testing.assert_allclose(values[3], fgls.slopes(*arrays)[0], rtol=1e-6)
    assert abs(values[3] - twfe.fit(data).coef[0]) > 0.01

    move = cells.std(axis=1, keepdims=True) * np.random.default_rng(1).standard_normal(cells.shape)
    reach = 1e-4
    ahead, behind = (open_scalars(cells + sign * reach * move)[0] for sign in (1, -1))
    slope = (jacobian * move).sum(axis=(1, 2))
    np.testing.assert_allclose((ahead - behind) / (2 * reach), slope, rtol=1e-3)


def test_the_mode_is_one_and_its_curvature_is_that_of_the_density(frame):
    data = design(frame, RECORD)
    mode, curvature = scales_at_mode(data)
    density = collapsed(data)
    top, gradient = density.logp_and_gradient(mode)
    np.testing.assert_allclose(gradient, 0, atol=1e-3)
    assert np.linalg.eigvalsh(curvature).max() < 0
    rng = np.random.default_rng(4)
    for move in 0.05 * rng.standard_normal((5, len(mode))):
        fall = density.logp_and_gradient(mode + move)[0] - top
        assert fall < 0
        assert fall == pytest.approx(move @ curvature @ move / 2, rel=0.2)
    # Region slopes and σ by region: the model of the ladder's last rung.
    parts = hierarchical.split(data, ("indus",), sigma="region")
    np.testing.assert_array_equal(density.gram, hierarchical.density(parts).gram)
