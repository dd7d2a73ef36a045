"""Estimates change with the order of rows, labels, units and origins only as they must."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.specifications import select
from models.bayesian.registry import find
from models.design import design
from models.frequentist.gmm import Gmm, GmmSpecification, Iv
from models.frequentist.gmm import fit as fit_gmm
from models.frequentist.twfe import fit
from models.frequentist.wild_bootstrap import wild_bootstrap
from models.inference.elimination import reduce
from tests.helpers.fits import simulated
from tests.helpers.random_panels import SPECIFICATION, panel

RTOL = 1e-7

panels = st.builds(
    panel,
    n_provinces=st.integers(5, 14),
    n_years=st.integers(6, 9),
    share_missing=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 10_000),
)
factors = st.floats(1e-6, 1e6)
signed = st.tuples(factors, st.sampled_from([-1.0, 1.0])).map(lambda both: both[0] * both[1])
moderate = st.tuples(st.floats(1e-3, 1e3), st.sampled_from([-1.0, 1.0])).map(
    lambda both: both[0] * both[1]
)
seeds = st.integers(0, 10_000)
VARIABLES = ("y", "x1", "x2", "x3")
SYSTEM = {
    steps: GmmSpecification(
        "y", "L.y x1", [Gmm("y", (2, 3), collapse=True)], [Iv("x1")], steps=steps, small=True
    )
    for steps in (1, 2)
}


def relabelled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give the provinces each other's names and put the rows in another order."""
    rng = np.random.default_rng(seed)
    names = frame["province"].unique()
    other = dict(zip(names, rng.permutation(names), strict=True))
    renamed = frame.assign(province=frame["province"].map(other))
    return renamed.iloc[rng.permutation(len(frame))]


def rescaled(frame: pd.DataFrame, by: dict[str, float], shift: dict[str, float]) -> pd.DataFrame:
    return frame.assign(**{name: by[name] * frame[name] + shift[name] for name in VARIABLES})


units = st.fixed_dictionaries(dict.fromkeys(VARIABLES, signed))
origins = st.fixed_dictionaries(dict.fromkeys(VARIABLES, st.floats(-10, 10)))


# --- two-way fixed effects ------------------------------------------------------------------------


@given(panels, seeds)
def test_twfe_knows_neither_the_order_of_rows_nor_names(frame, seed):
    before = fit(design(frame, SPECIFICATION)).table()
    after = fit(design(relabelled(frame, seed), SPECIFICATION)).table()
    pd.testing.assert_frame_equal(before, after, rtol=RTOL, atol=1e-9)


@given(panels, units, origins)
def test_twfe_follows_units_and_origins(frame, by, shift):
    moved = rescaled(frame, by, {name: by[name] * shift[name] for name in VARIABLES})
    before, after = (fit(design(each, SPECIFICATION)) for each in (frame, moved))
    ratio = np.array([by["y"] / by[term] for term in SPECIFICATION.terms])
    np.testing.assert_allclose(after.coef[:-1], ratio * before.coef[:-1], rtol=1e-6, atol=0)
    for name in ("se", "se_cluster"):
        expected = np.abs(ratio) * getattr(before, name)[:-1]
        np.testing.assert_allclose(getattr(after, name)[:-1], expected, rtol=1e-6)
    np.testing.assert_allclose(after.p[:-1], before.p[:-1], rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(after.sigma_e, abs(by["y"]) * before.sigma_e, rtol=1e-6)
    np.testing.assert_allclose(after.r2_within, before.r2_within, rtol=1e-6)
    moves = shift["y"] - sum(
        b * shift[term] for b, term in zip(before.coef, SPECIFICATION.terms, strict=False)
    )
    size = abs(before.coef[-1]) + sum(
        abs(b) * (abs(shift[term]) + frame[term].abs().max())
        for b, term in zip(before.coef, SPECIFICATION.terms, strict=False)
    )
    np.testing.assert_allclose(
        after.coef[-1] / by["y"], before.coef[-1] + moves, rtol=1e-6, atol=1e-6 * size
    )


# --- the wild bootstrap ---------------------------------------------------------------------------


@given(panels, units, origins)
def test_wild_p_values_know_neither_units_nor_origins(frame, by, shift):
    moved = rescaled(frame, by, {name: by[name] * shift[name] for name in VARIABLES})
    before, after = (
        wild_bootstrap(design(each, SPECIFICATION), draws=199) for each in (frame, moved)
    )
    sign = np.array([np.sign(by["y"] * by[term]) for term in SPECIFICATION.terms])
    np.testing.assert_allclose(after.t, sign * before.t, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(after.p, before.p)


@given(st.integers(0, 10_000), seeds)
def test_enumerated_p_values_know_neither_the_order_of_rows_nor_names(seed, other):
    frame = panel(n_provinces=8, n_years=6, seed=seed)
    found = [
        wild_bootstrap(design(each, SPECIFICATION), draws=256, weights="rademacher")
        for each in (frame, relabelled(frame, other))
    ]
    assert found[0].enumerated
    np.testing.assert_array_equal(found[0].p, found[1].p)


# --- GMM ------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), seeds, st.sampled_from([1, 2]))
def test_gmm_knows_neither_the_order_of_rows_nor_names(seed, other, steps):
    frame = panel(n_provinces=25, n_years=7, seed=seed)
    before, after = (
        fit_gmm(each, SYSTEM[steps], "province", "year")
        for each in (frame, relabelled(frame, other))
    )
    np.testing.assert_allclose(after.coef, before.coef, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(after.se, before.se, rtol=1e-6)
    np.testing.assert_allclose(after.sargan.statistic, before.sargan.statistic, rtol=1e-5)


@given(st.integers(0, 10_000), moderate, moderate, st.sampled_from([1, 2]))
def test_gmm_follows_units(seed, of_y, of_x, steps):
    frame = panel(n_provinces=25, n_years=7, seed=seed)
    moved = frame.assign(y=of_y * frame["y"], x1=of_x * frame["x1"])
    before, after = (fit_gmm(each, SYSTEM[steps], "province", "year") for each in (frame, moved))
    ratio = np.array([1.0, of_y / of_x, of_y])
    np.testing.assert_allclose(after.coef, ratio * before.coef, rtol=1e-6, atol=1e-9 * abs(of_y))
    np.testing.assert_allclose(after.se, np.abs(ratio) * before.se, rtol=1e-6)


# --- the density of the hierarchical model --------------------------------------------------------


def log_densities(frame: pd.DataFrame, name: str, points: int, seed: int) -> np.ndarray:
    (record,) = select(["3.2"])
    model = find(name)
    parts = model.split(design(frame, record), record)
    density = model.module.density(parts, model.module.PRIORS)
    log_scale = np.random.default_rng(seed).normal(-0.5, 0.5, size=(points, density.size))
    return reduce(density).log_density(log_scale)


@pytest.mark.parametrize("name", ["flat", "mundlak", "region_sigma", "hierarchical"])
@given(seed=seeds, by=st.tuples(factors, factors), shift=st.tuples(*[st.floats(-10, 10)] * 2))
def test_the_standardised_density_knows_neither_order_nor_units_nor_origins(name, seed, by, shift):
    """What is sampled is standardised: another unit of a variable is the same density.

    Where slopes differ by region, Mundlak's terms are means of a regressor in one region and 0
    in the others, which are priors about the regressor's own origin: it stays.
    """
    frame = simulated(5, 2014).frame
    moved = frame.assign(
        indus=by[0] * (frame["indus"] + (0 if find(name).varying else shift[0])),
        produ=by[1] * (frame["produ"] + shift[1]),
    ).iloc[np.random.default_rng(seed).permutation(len(frame))]
    # A scale's elements follow the regions in their order of appearance.
    appearance = list(frame["region"].unique())
    moved = moved.sort_values("region", key=lambda labels: labels.map(appearance.index))
    before, after = (log_densities(each, name, 5, seed) for each in (frame, moved))
    np.testing.assert_allclose(np.diff(after), np.diff(before), rtol=1e-6, atol=1e-6)
