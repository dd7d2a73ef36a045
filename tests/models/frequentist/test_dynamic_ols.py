"""Least squares with a lag: printed numbers, brute force, and the bias that simulation shows."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.benchmark.gmm import ABDATA
from models.bayesian import dynamic
from models.design import LAG, Design, Specification, design
from models.frequentist import dynamic_ols
from tests.helpers.random_panels import SPECIFICATION, panel


@pytest.mark.skipif(
    not ABDATA.exists(),
    reason="reads Arellano and Bond's panel, fetched from elsewhere: no clone has it",
)
def test_pooled_and_within_are_those_that_roodman_prints():
    """*How to do xtabond2* (2009, *Stata Journal* 9:86–136), section 2.2."""
    frame = pd.read_csv(ABDATA).sort_values(["id", "year"]).rename(columns={"id": "province"})
    lags = {f"{name}L{i}": (name, i) for name in ("n", "w", "k", "ys") for i in (1, 2)}
    for name, (variable, lag) in lags.items():
        frame[name] = frame.groupby("province")[variable].shift(lag)
    terms = ("nL1", "nL2", "w", "wL1", "k", "kL1", "kL2", "ys", "ysL1", "ysL2")
    rows = frame.dropna(subset=["n", *terms]).assign(region="all")
    arrays = design(rows, Specification("0.1", "n", ("nL1",), terms[1:], "Roodman"))
    pooled = dynamic_ols.pooled(arrays).coef
    within = dynamic_ols.within(arrays).coef
    assert round(pooled[0], 6) == 1.044643
    assert round(within[0], 7) == 0.7329476


def arrays(share_missing: float = 0.0) -> Design:
    return dynamic.lagged(design(panel(share_missing=share_missing), SPECIFICATION))[0]


def dummies(rows: Design) -> np.ndarray:
    return np.hstack(
        [np.eye(len(rows.provinces))[rows.province], np.eye(len(rows.years))[rows.year]]
    )


def test_pooled_standard_errors_are_the_sandwich():
    rows = arrays(0.2)
    years = np.eye(len(rows.years))[rows.year]
    x = np.hstack([rows.x, years])
    found = dynamic_ols.pooled(rows)
    coef, *_ = np.linalg.lstsq(x, rows.y)
    assert_allclose(found.coef, coef[: rows.x.shape[1]], rtol=1e-8)
    error = rows.y - x @ coef
    meat = np.zeros((x.shape[1],) * 2)
    for province in range(len(rows.provinces)):
        own = rows.province == province
        score = x[own].T @ error[own]
        meat += np.outer(score, score)
    bread = np.linalg.inv(x.T @ x)
    n, k, groups = *x.shape, len(rows.provinces)
    # Stata's regress, vce(cluster): its constant is one of the year dummies here.
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    se = np.sqrt(factor * np.diag(bread @ meat @ bread))
    assert_allclose(found.se, se[: rows.x.shape[1]], rtol=1e-8)


def test_the_jackknife_is_twice_the_whole_less_the_mean_of_the_halves():
    rows = arrays()

    def within(kept: np.ndarray) -> np.ndarray:
        x = np.hstack([rows.x, dummies(rows)])[kept]
        return np.linalg.lstsq(x, rows.y[kept])[0][: rows.x.shape[1]]

    early = rows.year < 6
    expected = 2 * within(rows.year >= 0) - (within(early) + within(~early)) / 2
    assert_allclose(dynamic_ols.half_panel_jackknife(rows).coef, expected, rtol=1e-7)


@pytest.mark.parametrize("rho", [0.2, 0.8, 1.0, 1.05])
def test_kiviets_expansion_is_the_bias_that_simulation_shows(rho):
    """Errors of a size other than 1, so that a power of their variance that is missing shows."""
    rng = np.random.default_rng(3)
    n, t, data_sets, sigma = 31, 12, 800, 0.3
    x = rng.normal(size=(n, t + 1)).cumsum(axis=1) * 0.3
    effect = 0.1 * rng.normal(size=n)
    bias, expected = [], []
    for number in range(data_sets):
        noise = sigma * rng.normal(size=(n, t + 1))
        y = np.empty((n, t + 1))
        y[:, 0] = effect + noise[:, 0]
        for year in range(1, t + 1):
            y[:, year] = rho * y[:, year - 1] + effect + 0.5 * x[:, year] + noise[:, year]
        w = np.stack([x[:, 1:], y[:, :-1]], axis=-1)
        net = w - w.mean(axis=1, keepdims=True)
        net_y = y[:, 1:] - y[:, 1:].mean(axis=1, keepdims=True)
        bias.append(np.linalg.lstsq(net.reshape(-1, 2), net_y.ravel())[0] - [0.5, rho])
        if number < 100:
            expected.append(dynamic_ols.kiviet_bias(w, 1, rho, sigma**2))
    error = np.std(bias, axis=0) / np.sqrt(data_sets)
    bias, expected = np.mean(bias, axis=0), np.mean(expected, axis=0)
    assert np.abs(bias[1]) > 8 * error[1]
    assert_allclose(bias[1], expected[1], rtol=0.06, atol=2 * error[1])
    assert_allclose(bias[0], expected[0], rtol=0.06, atol=2 * error[0])


def test_kiviets_correction_takes_the_bias_off_at_the_given_slopes():
    rows = arrays()
    start = np.array([0.5, -2.0, 0.0, 0.4])
    assert rows.terms[-1] == LAG
    shape = (len(rows.provinces), len(rows.years))
    columns = np.column_stack([rows.y, rows.x]).reshape(*shape, -1)
    cube = columns - columns.mean(axis=0)
    net = cube - cube.mean(axis=1, keepdims=True)
    error = net[..., 0] - net[..., 1:] @ start
    df = len(rows.y) - shape[0] - (shape[1] - 1) - len(start)
    bias = dynamic_ols.kiviet_bias(cube[..., 1:], 3, 0.4, (error**2).sum() / df)
    within = dynamic_ols.within(rows)
    found = dynamic_ols.kiviet(rows, start)
    assert_allclose(found.coef, within.coef - bias, rtol=1e-9)
    assert bias[3] < -0.01
    assert_allclose(found.se, within.se)
