"""The paper's variables know no units and no order of cells."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data.indices import entropy_weights, location_quotient, misallocation, normalise

factors = st.floats(1e-6, 1e6)
seeds = st.integers(0, 10_000)
SIGN = np.array([1.0, -1.0, 1.0])


@given(seeds, st.tuples(*[factors] * 3), st.tuples(*[st.floats(-10, 10)] * 3))
def test_entropy_weights_know_neither_units_nor_origins_nor_order(seed, by, shift):
    rng = np.random.default_rng(seed)
    x = rng.lognormal(size=(60, 3))
    order = rng.permutation(60)
    z, moved = normalise(x, SIGN), normalise((np.array(by) * (x + np.array(shift)))[order], SIGN)
    np.testing.assert_allclose(moved, z[order], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(entropy_weights(moved), entropy_weights(z), rtol=1e-6)


@given(seeds, factors, factors)
def test_quotients_and_misallocation_know_no_units(seed, one, other):
    rng = np.random.default_rng(seed)
    part, whole = rng.lognormal(size=(2, 9, 4))
    elasticity = rng.uniform(0.2, 0.8, 9)
    quotient = [
        location_quotient(p, w, p.sum(axis=0), w.sum(axis=0))
        for p, w in ((part, whole), (one * part, other * whole))
    ]
    np.testing.assert_allclose(quotient[1], quotient[0], rtol=1e-9)
    found = misallocation(one * whole, other * part, elasticity)
    np.testing.assert_allclose(found, misallocation(whole, part, elasticity), rtol=1e-8, atol=1e-12)
