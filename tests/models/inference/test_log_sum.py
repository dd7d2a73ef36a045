"""The logarithm of a sum of exponentials is SciPy's, and no process imports JAX for it."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.special import logsumexp

from analysis.shared.outputs import ROOT
from models.inference.log_sum import log_sum_exp

RARE = (np.inf, -np.inf, np.nan)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_it_is_scipys_to_the_last_bit(axis, keepdims):
    rng = np.random.default_rng(1)
    values = rng.normal(0, 50, (40, 30))
    values[3] = values[3, 0]  # all equal
    values[:, 7] = -np.inf
    assert_array_equal(
        log_sum_exp(values, axis, keepdims=keepdims), logsumexp(values, axis, keepdims=keepdims)
    )


@pytest.mark.parametrize("rare", RARE)
def test_what_is_not_finite_is_as_in_scipy(rare):
    for values in ([0.0, rare, 1.0], [rare, rare]):
        assert_array_equal(log_sum_exp(values), logsumexp(values))


def test_a_fit_imports_no_jax():
    script = (
        "import sys, arviz, numpy\n"
        "from models.inference.independence_sampler import Trust\n"
        "Trust.of(numpy.random.default_rng(1).normal(size=(3, 500)))\n"
        "print('jax._src' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"]
