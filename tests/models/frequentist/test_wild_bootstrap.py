"""The wild cluster bootstrap against another package and against regressions run one by one."""

import numpy as np
import pytest
import statsmodels.api as sm

from models.design import Specification, design
from models.frequentist.twfe import crv1, fit, slope_parts
from models.frequentist.wild_bootstrap import (
    WEIGHTS,
    bootstrap_scores,
    sign_patterns,
    t_statistics,
    wild_bootstrap,
)
from tests.helpers import random_panels
from tests.helpers.random_panels import SPECIFICATION

GRUNFELD = Specification("0.1", "invest", ("value", "capital"), (), "Grunfeld")

WILDBOOTTEST = {
    "balanced": {
        "t": (11.21542337760685, 8.095500854755416),
        "larger": (0, 36),
        "quartiles": (
            (1.8583222780379192, 2.5694823760562855, 3.7958537776656223),
            (3.2173691380965552, 3.971981446924697, 5.005080324053153),
        ),
    },
    "unbalanced": {
        "t": (11.096087405623956, 7.912390554443935),
        "larger": (0, 88),
        "quartiles": (
            (1.940821391367038, 2.7076765270864485, 3.968848571640766),
            (3.2011797978618493, 3.9475333681238105, 4.907398925732701),
        ),
    },
}
"""wildboottest 0.3.2 (`WildboottestCL`, bootstrap_type "11", null imposed, all 2,048 Rademacher
patterns, adj=False, cluster_adj=False), least squares on firm and year dummies: the data's t, how
many |t*| are larger by more than 1e-8 (relative), and quartiles of |t*|; value, then capital."""

WILDBOOTTEST_WEBB = (0.001505, 0.02485)
"""The same package's p-values with 199,999 draws of Webb's weights, balanced, adjusted."""


def grunfeld(kind="balanced"):
    """Grunfeld's 11 firms × 20 years as statsmodels ships them; 10 rows less if unbalanced."""
    frame = sm.datasets.grunfeld.load_pandas().data
    firm, year = frame["firm"], frame["year"]
    dropped = (
        ((firm == "IBM") & (year < 1940))
        | ((firm == "Goodyear") & (year > 1950))
        | ((firm == "US Steel") & (year == 1945))
    )
    frame = frame.rename(columns={"firm": "province"}).assign(region="all")
    return design(frame[~dropped] if kind == "unbalanced" else frame, GRUNFELD)


def scores_of(arrays, term):
    parts = slope_parts(arrays.y, arrays.x, arrays.province, arrays.year)
    return bootstrap_scores(parts, term, arrays.province, arrays.year)


@pytest.mark.parametrize("kind", WILDBOOTTEST)
def test_enumeration_against_wildboottest(kind):
    arrays, expected = grunfeld(kind), WILDBOOTTEST[kind]
    result = wild_bootstrap(arrays, weights="rademacher")
    assert (result.enumerated, result.draws) == (True, 2048)
    adjustment = np.sqrt(crv1(len(arrays.y), 11, 2 + 19))
    np.testing.assert_allclose(result.t * adjustment, expected["t"], rtol=1e-9)
    # The two patterns v = 1 and v = −1 repeat the data; wildboottest leaves them out.
    np.testing.assert_allclose(result.p * 2048, np.array(expected["larger"]) + 2, rtol=1e-12)
    for term, quartiles in enumerate(expected["quartiles"]):
        simulated_t = np.abs(t_statistics(scores_of(arrays, term), sign_patterns(11), 1.0))
        np.testing.assert_allclose(
            np.quantile(simulated_t, [0.25, 0.5, 0.75]), quartiles, rtol=1e-9
        )


def test_webb_weights_against_wildboottest():
    draws = 199_999
    p = wild_bootstrap(grunfeld(), draws=draws, weights="webb").p
    expected = np.array(WILDBOOTTEST_WEBB)
    simulation_error = np.sqrt(2 * expected * (1 - expected) / draws)
    assert (np.abs(p - expected) < 4 * simulation_error).all()


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("term", range(3))
def test_each_draw_against_a_regression_of_its_own(term, weights):
    """Restricted fit, resampled outcome, regression and CRV1 t, all by least squares."""
    frame = random_panels.panel(n_provinces=7, n_years=6, share_missing=0.2)
    arrays = design(frame, SPECIFICATION)
    drawn = np.random.default_rng(5).choice(WEIGHTS[weights], size=(25, 7))
    dummies = np.hstack([np.eye(7)[arrays.province], np.eye(6)[arrays.year][:, 1:]])
    regressors = np.hstack([arrays.x, dummies])
    restricted = np.delete(regressors, term, axis=1)
    fitted = restricted @ np.linalg.lstsq(restricted, arrays.y)[0]
    inverse = np.linalg.pinv(regressors)
    correction = crv1(len(arrays.y), 7, 3 + 5)
    expected = []
    for v in drawn:
        y = fitted + v[arrays.province] * (arrays.y - fitted)
        slope = inverse @ y
        moments = inverse[term] * (y - regressors @ slope)
        scores = np.bincount(arrays.province, weights=moments)
        expected.append(slope[term] / np.sqrt(correction * scores @ scores))
    result = t_statistics(scores_of(arrays, term), drawn, correction)
    np.testing.assert_allclose(result, expected, rtol=1e-8)


def test_the_t_statistics_are_the_clustered_ones():
    arrays = design(random_panels.panel(share_missing=0.15), SPECIFICATION)
    result = wild_bootstrap(arrays, draws=9)
    expected = fit(arrays).table()["t_cluster"].drop("const")
    np.testing.assert_allclose(result.t, expected, rtol=1e-9)
    assert list(result.table().index) == list(expected.index)


@pytest.mark.parametrize(
    ("n_provinces", "weights", "enumerated", "draws"),
    [
        (8, "webb", False, 9_999),
        (10, "webb", False, 9_999),
        (11, "rademacher", True, 2_048),
        (13, "rademacher", True, 8_192),
        (14, "rademacher", False, 9_999),
    ],
)
def test_default_weights_suit_the_number_of_clusters(n_provinces, weights, enumerated, draws):
    arrays = design(random_panels.panel(n_provinces=n_provinces, n_years=5), SPECIFICATION)
    result = wild_bootstrap(arrays)
    assert (result.weights, result.enumerated, result.draws) == (weights, enumerated, draws)


def test_weights_have_mean_zero_and_variance_one():
    for values in WEIGHTS.values():
        np.testing.assert_allclose([values.mean(), (values**2).mean()], [0, 1], atol=1e-15)
    np.testing.assert_allclose(WEIGHTS["webb"] ** 2, [1.5, 1, 0.5, 0.5, 1, 1.5])
    assert len(np.unique(sign_patterns(5), axis=0)) == 32


def test_the_same_seed_gives_the_same_p_values():
    arrays = design(random_panels.panel(), SPECIFICATION)
    first, again, other = (wild_bootstrap(arrays, seed=seed).p for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_allclose(first, other, atol=0.03)


def test_p_is_never_zero():
    arrays = design(random_panels.panel(), SPECIFICATION)
    strong = arrays.with_outcome(arrays.y + 1000 * arrays.x[:, 0])
    assert wild_bootstrap(strong, draws=999).p[0] == 1 / 1000
    few = design(random_panels.panel(n_provinces=5, n_years=6), SPECIFICATION)
    strong = few.with_outcome(few.y + 1000 * few.x[:, 0])
    assert wild_bootstrap(strong, weights="rademacher").p[0] == 2 / 32


@pytest.mark.slow
@pytest.mark.parametrize("n_provinces", [8, 12])
def test_a_true_null_is_rejected_about_as_often_as_claimed(n_provinces):
    """x3 has no effect; provinces differ threefold in noise, as the paper's regions do."""
    p = [
        wild_bootstrap(
            design(random_panels.panel(n_provinces=n_provinces, seed=seed), SPECIFICATION),
            draws=4_999,
        ).p[2]
        for seed in range(300)
    ]
    # 300 replications: a standard error of 0.013 at the 5 % level.
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08
