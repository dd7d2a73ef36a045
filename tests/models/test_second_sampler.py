"""PyMC's own NUTS, in all variables, finds the posteriors that this project's engines draw."""

import pymc as pm
import pytest
from threadpoolctl import threadpool_limits

from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import select
from models.bayesian.registry import find
from tests.helpers.fits import Fit, few, official
from tests.helpers.second_sampler import agree


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "model", "settings", "draws"),
    [
        pytest.param("8.2", "flat", Settings(draws=5_000), 1_000, id="flat"),
        pytest.param(
            *("3.2", "student_t", Settings(draws=4_000), 6_000),
            id="student_t",
            marks=pytest.mark.trust,
        ),
        pytest.param(
            *("3.2", "growth", Settings(draws=4_000), 3_000),
            id="growth",
            marks=pytest.mark.trust,
        ),
        pytest.param(
            *("3.2", "measurement", Settings(draws=4_000), 1_500),
            id="measurement",
            marks=pytest.mark.trust,
        ),
    ],
)
def test_pymcs_sampler_finds_the_posterior(column, model, settings, draws):
    (record,) = select([column])
    panel = official(column) if record.region else few(official(column))
    case = Fit(panel, record, find(model), find(model).module.PRIORS)
    with threadpool_limits(limits=1):
        tree = pm.sample(
            draws,
            tune=500 if record.region else 1_000,
            chains=4,
            cores=1 if record.region else 2,  # a core more is a process that compiles it again
            mp_ctx="spawn",  # forking a process in which JAX has threads may lock up
            random_seed=3,
            target_accept=0.9 if record.region else 0.98,
            nuts_sampler="pymc",
            model=case.definition,
            progressbar=False,
            quiet=True,
            compute_convergence_checks=False,
        )
    names = [variable.name for variable in case.definition.free_RVs]
    posterior = fit(Job(case.panel, record, find(model)), settings)["posterior"]
    ours = {name: posterior[name].to_numpy() for name in names}
    agree(ours, {name: tree["posterior"][name].to_numpy() for name in names})
