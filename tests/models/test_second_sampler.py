"""PyMC's own NUTS, in all variables, finds the posteriors that this project's engines draw.

Fewer effective draws than the equality rule's 10,000, which would take it the better part of an
hour: differences are still measured in units of Monte Carlo error, which is wider for it. So is
the bound of 1 % on a systematic error of the standard deviations, by three Monte Carlo errors as
they show between chains. A reference that fails the health gate would prove nothing, so it fails
the test.
"""

import arviz as az
import numpy as np
import pymc as pm
import pytest
from threadpoolctl import threadpool_limits

from analysis.posterior.equality import MOST_SD_ERROR, compare
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import select
from models.bayesian.registry import find
from tests.helpers.fits import Fit, few, official


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
    reference = tree["posterior"].to_dataset()[names]
    for name in names:
        assert float(az.rhat(reference)[name].max()) <= 1.01
        assert float(az.ess(reference)[name].min()) >= 400

    posterior = fit(Job(case.panel, record, find(model)), settings)["posterior"]
    ours, theirs = (
        {name: draws[name].to_numpy() for name in names} for draws in (posterior, reference)
    )
    found = compare(ours, theirs)
    by_chain = [
        compare(*({name: v[[chain]] for name, v in draws.items()} for draws in (ours, theirs)))
        for chain in range(4)
    ]
    noise = np.std([each.sd_error for each in by_chain], ddof=1) / np.sqrt(len(by_chain))
    print(found, noise)
    assert max(found.z_mean, found.z_sd) < found.limit, found
    assert abs(found.sd_error) <= MOST_SD_ERROR + 3 * noise, (found, noise)
