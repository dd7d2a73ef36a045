from math import log, sqrt

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from data.ye2024 import indices

# The functions below must work on any array library: these are the only names of the array API
# standard that they may ask a namespace for.
STANDARD = (
    *("abs", "arange", "asarray", "clip", "concat", "eye", "inf", "linalg", "log", "max", "mean"),
    *("min", "ones", "reshape", "sort", "sum", "take", "where", "zeros"),
)


class Namespace:
    """A namespace of the standard's names alone."""

    def __getattr__(self, name):
        if name not in STANDARD:
            raise AttributeError(name)
        return getattr(np, name)


class Foreign(np.ndarray):
    """An array whose namespace is not numpy and which numpy does not know as its own."""

    def __array_namespace__(self, api_version=None):
        return Namespace()


def foreign(x):
    return np.asarray(x, float).view(Foreign)


# --- entropy index --------------------------------------------------------------------------


def test_normalise_turns_negative_indicators_round():
    x = np.array([[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]])
    z = indices.normalise(x, np.array([1, -1]))
    np.testing.assert_array_equal(z, [[0, 1], [0.5, 0.5], [1, 0]])


def test_an_indicator_that_does_not_vary_is_zero_whatever_its_sign():
    x = np.array([[2.0, 2.0, 1.0], [2.0, 2.0, 3.0]])
    z = indices.normalise(x, np.array([1, -1, 1]))
    np.testing.assert_array_equal(z, [[0, 0, 0], [0, 0, 1]])


def test_entropy_weights_by_hand():
    # Shares (0, ½, ½): e = ln 2/ln 3. Shares (0, 0, 1): e = 0.
    z = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    spread = 1 - log(2) / log(3)
    expected = [spread / (spread + 1), 1 / (spread + 1)]
    np.testing.assert_allclose(indices.entropy_weights(z), expected, rtol=1e-15)


def test_entropy_weights_by_a_plain_loop():
    z = np.random.default_rng(1).random((40, 3))
    z[5] = 0.0
    spreads = []
    for column in z.T:
        total = sum(column)
        shares = [value / total for value in column]
        entropy = -sum(p * log(p) for p in shares if p > 0) / log(len(column))
        spreads.append(1 - entropy)
    expected = np.array(spreads) / sum(spreads)
    np.testing.assert_allclose(indices.entropy_weights(z), expected, rtol=1e-12)


def test_an_indicator_that_does_not_vary_has_no_weight():
    z = np.column_stack([np.ones(10), np.linspace(0, 1, 10)])
    np.testing.assert_allclose(indices.entropy_weights(z), [0, 1], atol=1e-14)


def test_dimension_scores_add_up_to_the_index():
    z = np.random.default_rng(2).random((30, 5))
    weights = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    scores = indices.dimension_scores(z, weights, ("a", "b", "a", "c", "b"))
    assert list(scores) == ["a", "b", "c"]
    np.testing.assert_allclose(scores["a"], 0.1 * z[:, 0] + 0.3 * z[:, 2])
    np.testing.assert_allclose(sum(scores.values()), z @ weights)


def test_normalise_within_takes_one_group_at_a_time():
    rng = np.random.default_rng(3)
    x, group = rng.random((20, 3)), np.repeat(np.arange(4), 5)
    rng.shuffle(group)
    sign = np.array([1, -1, 1])
    z = indices.normalise_within(x, sign, group, 4)
    for g in range(4):
        np.testing.assert_allclose(z[group == g], indices.normalise(x[group == g], sign))


# --- location quotient, misallocation -------------------------------------------------------


def test_location_quotient_by_hand():
    part, whole = np.array([[1.0], [3.0]]), np.array([[4.0], [4.0]])
    quotient = indices.location_quotient(part, whole, part.sum(axis=0), whole.sum(axis=0))
    np.testing.assert_allclose(quotient, [[0.5], [1.5]])
    published = indices.location_quotient(part, whole, np.array([5.0]), np.array([8.0]))
    np.testing.assert_allclose(published, [[0.4], [1.2]])


def test_misallocation_by_hand():
    output, factor = np.array([[5.0], [5.0]]), np.array([[1.0], [3.0]])
    same = indices.misallocation(output, factor, np.array([0.4, 0.4]))
    np.testing.assert_allclose(same, [[1.0], [1 / 3]])  # ½ over ¼ and over ¾, less one
    # Efficient shares 0.2/0.5 and 0.3/0.5 against ¼ and ¾.
    other = indices.misallocation(output, factor, np.array([0.4, 0.6]))
    np.testing.assert_allclose(other, [[0.6], [0.2]])


def test_misallocation_is_zero_where_shares_are_efficient_and_knows_no_units():
    rng = np.random.default_rng(4)
    output, elasticity = rng.uniform(1, 9, (6, 4)), rng.uniform(0.2, 0.8, 6)
    efficient = output * elasticity[:, None]
    np.testing.assert_allclose(indices.misallocation(output, efficient, elasticity), 0, atol=1e-14)
    factor = rng.uniform(1, 9, (6, 4))
    once = indices.misallocation(output, factor, elasticity)
    rescaled = indices.misallocation(7 * output, 1e3 * factor, elasticity / 2)
    np.testing.assert_allclose(rescaled, once)


@pytest.fixture
def production():
    rng = np.random.default_rng(5)
    n, years = 7, 9
    labour = rng.uniform(10, 20, (n, years))
    capital = labour * np.exp(rng.normal(1, 0.5, (n, years)) + 0.1 * np.arange(years))
    slope = rng.uniform(0.2, 0.8, (n, 1))
    noise = rng.normal(0, 0.05, (n, years))
    output = labour * (capital / labour) ** slope * np.exp(0.05 * np.arange(years) + noise)
    long = pd.DataFrame(
        {
            "province": np.repeat([f"p{i}" for i in range(n)], years),
            "year": np.tile(np.arange(years), n),
            "y": np.log(output / labour).ravel(),
            "x": np.log(capital / labour).ravel(),
        }
    )
    return output, capital, labour, long


def test_elasticities_are_least_squares_with_dummies(production):
    output, capital, labour, long = production
    fit = smf.ols("y ~ 0 + C(province) + C(year) + C(province):x", long).fit()
    slopes = fit.params[fit.params.index.str.endswith(":x")]
    np.testing.assert_allclose(
        indices.elasticities(output, capital, labour), slopes.to_numpy(), rtol=1e-10
    )


def test_common_elasticity_is_least_squares_with_dummies(production):
    output, capital, labour, long = production
    fit = smf.ols("y ~ C(province) + C(year) + x", long).fit()
    np.testing.assert_allclose(
        indices.common_elasticity(output, capital, labour), fit.params["x"], rtol=1e-10
    )


# --- winsorising ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "percent", "expected"),
    [
        (403, 1, 5),  # 4.03: the 5th value
        (403, 99, 399),  # 398.97: the 399th
        (200, 1, 2.5),  # exactly 2: between the 2nd and the 3rd
        (200, 99, 198.5),
        (5, 50, 3),
    ],
)
def test_percentiles_are_those_of_stata(n, percent, expected):
    values = np.random.default_rng(6).permutation(np.arange(1.0, n + 1))
    assert indices.percentile(values, percent) == expected


def test_winsorise_moves_only_what_lies_beyond():
    x = np.random.default_rng(7).permutation(np.arange(1.0, 404)).reshape(31, 13)
    cut = indices.winsorise(x)
    assert (cut.min(), cut.max()) == (5, 399)
    inside = (x >= 5) & (x <= 399)
    np.testing.assert_array_equal(cut[inside], x[inside])
    assert (~inside).sum() == 8


# --- namespaces -----------------------------------------------------------------------------


def test_every_function_asks_for_nothing_but_the_standard(production):
    output, capital, labour, _ = production
    rng = np.random.default_rng(8)
    x, sign, group = rng.random((12, 3)), np.array([1, -1, 1]), np.tile(np.arange(3), 4)
    z, beta = indices.normalise(x, sign), np.linspace(0.3, 0.6, len(output))
    cases = [
        (indices.normalise, (x, sign)),
        (lambda x, sign: indices.normalise_within(x, sign, group, 3), (x, sign)),
        (indices.entropy_weights, (z,)),
        (lambda z, w: indices.dimension_scores(z, w, ("a", "b", "a"))["a"], (z, sign)),
        (indices.location_quotient, (output, capital, output.sum(axis=0), capital.sum(axis=0))),
        (indices.elasticities, (output, capital, labour)),
        (indices.common_elasticity, (output, capital, labour)),
        (indices.misallocation, (output, capital, beta)),
        (indices.winsorise, (output,)),
    ]
    for function, arguments in cases:
        result = function(*map(foreign, arguments))
        np.testing.assert_allclose(np.asarray(result), function(*arguments), rtol=1e-13)


def test_entropy_weights_have_a_derivative_where_a_share_is_zero():
    # Only that no infinity arises on the branch not taken, which would spoil a gradient.
    with np.errstate(all="raise"):
        weights = indices.entropy_weights(np.array([[0.0, 0.2], [1.0, sqrt(2)]]))
    assert np.isfinite(weights).all()
