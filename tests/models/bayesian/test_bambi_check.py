"""Bambi's model is the PyMC model of the same formula: by density, and draw by draw."""

from functools import cache
from types import SimpleNamespace

import bambi as bmb
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from threadpoolctl import threadpool_limits

from analysis.posterior.engines import CollapsedEngine
from analysis.posterior.equality import compare
from analysis.posterior.jobs import Settings
from analysis.specifications import STATIC, select
from models.bayesian import bambi_check
from models.design import design
from models.priors import REGULARISED
from tests.helpers.fits import official, simulated
from tests.helpers.second_sampler import agree

SOME = ("3.1", "3.3")
"""Columns of `make test`; `make trust` has them all."""


@cache
def parts(column: str) -> bambi_check.FormulaData:
    (record,) = select([column])
    return bambi_check.split(design(official(column).frame, record), record.interest)


@cache
def by_formula(column: str) -> bmb.Model:
    return bambi_check.by_formula(parts(column))


def test_the_formula_says_what_the_model_is():
    assert bambi_check.formula(parts("3.1")) == (
        "y ~ 1 + within_indus + p_indus + q_indus + (1 | province) + (1 | year) "
        "+ (0 + within_indus | region)",
        "sigma ~ 0 + region",
    )


@pytest.mark.parametrize("column", SOME)
def test_every_free_variable_reaches_the_likelihood(column):
    assert bambi_check.unreached(by_formula(column).backend.model) == []
    assert bambi_check.unreached(bambi_check.build(parts(column))) == []


def test_a_dropped_hyperprior_is_found():
    """bambinos/bambi#1003: a non-centred group term forgets the prior of its mean."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"y": rng.normal(size=12), "x": rng.normal(size=12)})
    data["g"] = pd.Categorical(list("abc") * 4)
    mean = bmb.Prior("Normal", mu=0, sigma=1)
    group = bmb.Prior("Normal", mu=mean, sigma=bmb.Prior("HalfNormal", sigma=1))
    model = bmb.Model("y ~ 1 + (0 + x | g)", data, priors={"x|g": group}, noncentered=True)
    model.build()
    assert bambi_check.unreached(model.backend.model) == ["x|g_mu"]


def log_densities(model: pm.Model):
    """Return a function from values of the variables to the log density of each and of y."""
    factors = model.logp(model.basic_RVs, sum=False, jacobian=False)
    outputs = [factor.sum() for factor in factors]
    function = model.compile_fn(outputs, mode="FAST_COMPILE")

    def evaluate(values: dict[str, np.ndarray]) -> dict[str, float]:
        inputs = {}
        for variable in model.free_RVs:
            value = np.asarray(values[variable.name])
            plain = model.rvs_to_transforms[variable] is None  # the others here are of scales
            inputs[model.rvs_to_values[variable].name] = value if plain else np.log(value)
        found = map(float, function(inputs))
        return dict(zip((variable.name for variable in model.basic_RVs), found, strict=True))

    return evaluate


@pytest.mark.parametrize(
    "column",
    [
        record.column
        if record.column in SOME
        else pytest.param(record.column, marks=pytest.mark.trust)
        for record in STATIC
        if not record.region
    ],
)
def test_both_models_have_the_same_density(column):
    formula_data = parts(column)
    formula = by_formula(column).backend.model
    ours = bambi_check.build(formula_data)
    of_ours, of_theirs = log_densities(ours), log_densities(formula)
    sizes = {dim: len(labels) for dim, labels in ours.coords.items()}
    for seed in range(3):
        drawn = bambi_check.density(formula_data).draw_prior(1, np.random.default_rng(seed))
        flat = {name: values[0] for name, values in drawn.items()}
        shaped = {
            name: values.reshape([sizes[dim] for dim in ours.named_vars_to_dims[name]])
            for name, values in flat.items()
        }
        theirs = {}
        for kind, name in (
            ("within", "slope_std"),
            ("p", "between_province"),
            ("q", "between_year"),
        ):
            theirs |= {
                f"{kind}_{t}": v for t, v in zip(formula_data.design.terms, flat[name], strict=True)
            }
        order = [formula_data.design.regions.index(r) for r in formula.coords["region__factor_dim"]]
        theirs["Intercept"] = flat["const_std"][0]
        for name in ("province", "year"):
            labels = [str(label) for label in getattr(formula_data.design, f"{name}s")]
            at = [labels.index(label) for label in formula.coords[f"{name}__factor_dim"]]
            theirs[f"1|{name}_sigma"] = flat[f"tau_{name}_std"][0]
            theirs[f"1|{name}_offset"] = flat[f"{name}_offset"][at]
        for position, term in enumerate(formula_data.varying):
            theirs[f"within_{term}|region_sigma"] = flat["tau_slope_std"][position]
            theirs[f"within_{term}|region_offset"] = shaped["slope_offset"][position][order]
        theirs["sigma_region"] = np.log(flat["sigma_std"])[order]
        found = of_ours(shaped)
        jacobian = np.log(flat["sigma_std"]).sum()  # Bambi's variable is log σ
        expected = sum(found.values()) + jacobian
        assert sum(of_theirs(theirs).values()) == pytest.approx(expected, rel=1e-7)
        for name, value in bambi_check.density(formula_data).log_prior(flat).items():
            assert found[name] == pytest.approx(float(value), rel=1e-6, abs=1e-6), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "whole", "draws", "adaptation", "accept"),
    [
        pytest.param("3.1", False, 2_000, "diag", 0.9, id="few provinces"),
        pytest.param("3.1", True, 60_000, "low_rank", 0.95, id="3.1", marks=pytest.mark.trust),
        pytest.param("3.2", True, 60_000, "low_rank", 0.99, id="3.2", marks=pytest.mark.trust),
    ],
)
def test_bambis_draws_are_of_the_same_posterior(column, whole, draws, adaptation, accept):
    """By the rule of `posterior.equality` on all rows; by fewer draws on some of them.

    NUTS in all variables moves faster the less the data say, and where they tell the scales of
    effects from zero: the few provinces, four of each region to 2015, are simulated ones. On the
    whole panel the rule's effective draws take minutes, with a mass matrix that knows directions,
    and with controls small steps, without which chains leap over where scales of effects are near
    zero.
    """
    (record,) = select([column])
    rows = (official(column) if whole else simulated()).frame
    few = rows.groupby("region")["province"].transform(lambda names: pd.factorize(names)[0] < 4)
    few = few.astype(bool) & (rows["year"] <= 2015)
    formula_data = bambi_check.split(design(rows if whole else rows[few], record), record.interest)
    with threadpool_limits(limits=1):
        fitted = bambi_check.by_formula(formula_data).fit(
            draws=draws,
            tune=1_000,
            chains=4,
            cores=1,
            random_seed=5,
            inference_method="nutpie",
            nuts={"target_accept": accept, "adaptation": adaptation},
            progressbar=False,
            quiet=True,
            compute_convergence_checks=False,
        )
        engine = CollapsedEngine(
            SimpleNamespace(module=bambi_check), formula_data, REGULARISED, None
        )
        settings = Settings(draws=8_000 if whole else 3_500, seed=6).by(CollapsedEngine.name)
        right, _ = engine.sample(settings, np.random.default_rng(6))
    left = bambi_check.from_bambi(formula_data, fitted["posterior"].to_dataset())
    if not whole:
        agree(right, left)
        return
    found = compare(left, {name: right[name] for name in left})
    print(found)
    assert found.holds, found
