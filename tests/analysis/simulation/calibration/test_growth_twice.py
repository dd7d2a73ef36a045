"""Growth given the panel's outcome and a new one: the dense normal density of both, and ranks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import helmert

from analysis.simulation.calibration import growth_twice
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.judge import is_as_expected, judge
from analysis.simulation.calibration.ranks import collect, ranks
from analysis.specifications import select
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import few, official, simulated

(BASELINE,) = select(["3.2"])


@pytest.fixture(scope="module")
def whole():
    made = design(few(simulated()).frame, BASELINE)
    model = find("growth")
    return model.module.density(model.split(made, BASELINE))


def covariances(whole, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return those of rows' means and errors, and the contrasts within provinces."""
    drawn, at = whole.scale_variables(point), whole.layout
    n, years = len(at.region_of_province), int((at.province == 0).sum())
    sd = [
        np.repeat(drawn[b.scale], b.repeat) if b.scale else np.full(b.columns.shape[1], b.sd)
        for b in whole.blocks
    ]
    columns = np.hstack([b.columns for b in whole.blocks]) * np.concatenate(sd)
    by_row = {name: values[at.region] for name, values in drawn.items() if len(values) == 3}
    own = at.province[:, None] == at.province
    mean = columns @ columns.T
    for name, of in (("tau_trend_std", whole.time), ("tau_slope_province_std", whole.z)):
        mean = mean + own * np.outer(by_row[name] * of, by_row[name] * of)
    lag = np.abs(np.subtract.outer(*[np.tile(np.arange(years), n)] * 2))
    error = own * by_row["phi"][:, None] ** lag / (1 - by_row["phi"][:, None] ** 2)
    error = error * np.outer(by_row["sigma_std"], by_row["sigma_std"])
    return mean, error, np.kron(np.eye(n), helmert(years))


@pytest.mark.parametrize("one_sigma", [False, True])
def test_the_density_is_the_normal_one_of_both_outcomes(whole, one_sigma):
    rng = np.random.default_rng(1)
    new = whole.y + rng.standard_normal(len(whole.y))
    twice = growth_twice.given(whole, new, one_sigma=one_sigma)
    off = []
    for _ in range(3):
        point = twice.initial(rng)
        at = twice.slices["sigma_std"]
        sigma = np.broadcast_to(point[at], 3)
        mean, error, contrast = covariances(
            whole, np.concatenate([point[: at.start], sigma, point[at.stop :]])
        )
        mean, error = (contrast @ values @ contrast.T for values in (mean, error))
        both = np.block([[mean + error, mean], [mean, mean + error]])
        values = np.concatenate([contrast @ whole.y, contrast @ new])
        dense = stats.multivariate_normal(np.zeros(len(both)), both).logpdf(values)
        prior = twice.log_prior_of_points(point[None])[0]
        off.append(twice.log_density(point[None])[0] - prior - dense)
    np.testing.assert_allclose(off, off[0], atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(case.name, marks=pytest.mark.trust if "one slope" in case.name else ())
        for case in [case for case in CASES if case.made_by == "growth"][1:]
    ],
)
def test_growth_passes_and_its_wrong_twins_fail(name):
    """On a panel whose errors are serially correlated: elsewhere no φ is no mistake."""
    (case,) = (case for case in CASES if case.name == name)
    batches = ranks(replace(case, batch=20), official("3.2"), BASELINE, 20, workers=1)
    assert is_as_expected(case, judge(case, collect(batches)))
