"""The equality test passes what is equal and bites on what is not."""

import numpy as np
import pytest

from analysis.posterior.equality import bonferroni, compare, compare_exact

ELEMENTS = 43


def draws(seed: int, size: int = 4_000) -> np.ndarray:
    """Return 4 chains of independent draws, element j with mean j and standard deviation j + 1."""
    scale = np.arange(ELEMENTS) + 1.0
    return np.random.default_rng(seed).normal(scale - 1, scale, (4, size, ELEMENTS))


def test_limits_are_those_of_the_design():
    assert bonferroni(86) == pytest.approx(3.9, abs=0.05)
    assert bonferroni(10_000) == pytest.approx(4.9, abs=0.05)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_samples_of_one_distribution_are_equal(seed):
    found = compare({"a": draws(seed)}, {"a": draws(seed + 100)})
    assert found.holds, found
    assert found.limit == bonferroni(2 * ELEMENTS)
    scale = np.arange(ELEMENTS) + 1.0
    assert compare_exact({"a": draws(seed)}, scale - 1, scale).holds


def shifted(sample):
    """Move one mean of many by 7 MCSE of the difference."""
    return sample + (np.arange(ELEMENTS) == 20) * 7 * 21 * np.sqrt(2 / 16_000)


def wider_everywhere(sample):
    """Widen all by 3 %, each too little to be seen alone at this size."""
    centre = np.arange(ELEMENTS)
    return centre + (sample - centre) * 1.03


def wider_once(sample):
    """Widen one element by 10 %."""
    centre = np.arange(ELEMENTS)
    return centre + (sample - centre) * np.where(centre == 5, 1.1, 1)


SPOIL = {
    "one shifted mean": (shifted, "z_mean"),
    "one standard deviation": (wider_once, "z_sd"),
    "all standard deviations": (wider_everywhere, "sd_error"),
    "too few draws": (lambda sample: sample[:, :2_000], "ess"),
    "sticky chains": (lambda sample: np.repeat(sample[:, ::4], 4, axis=1), "ess"),
    "not a number": (lambda sample: np.where(sample == sample[0, 0, 0], np.nan, sample), "ess"),
}


@pytest.mark.parametrize("case", SPOIL)
def test_what_differs_is_found_for_its_reason(case):
    spoil, reason = SPOIL[case]
    found = compare({"a": spoil(draws(1))}, {"a": draws(101)})
    assert not found.holds
    broken = {
        "z_mean": not found.z_mean < found.limit,
        "z_sd": not found.z_sd < found.limit,
        "sd_error": not abs(found.sd_error) <= 0.01,
        "ess": not found.ess >= 10_000,
    }
    assert broken[reason], found


def test_variables_are_matched_by_name_and_must_be_the_same():
    a, b = draws(1)[..., :3], draws(2)[..., 3:5]
    again = {"b": draws(102)[..., 3:5], "a": draws(101)[..., :3]}
    assert compare({"a": a, "b": b}, again).holds
    with pytest.raises(AssertionError):
        compare({"a": a}, {"b": a})
