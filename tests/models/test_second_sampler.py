"""PyMC's own NUTS, in all variables, finds the flat twin's posterior that is drawn exactly.

Fewer effective draws than the equality rule's 10,000, which would take it minutes: differences
are still measured in units of Monte Carlo error, which is wider for it. A reference that fails the
health gate would prove nothing, so it fails the test.
"""

import arviz as az
import pymc as pm
import pytest

from analysis.engines import Settings
from analysis.equality import compare
from analysis.sample import Job, fit
from analysis.specifications import select
from models.priors import FLAT
from models.registry import find
from tests.fits import Fit, recollected


@pytest.mark.slow
def test_pymcs_sampler_finds_the_flat_twins_posterior():
    (record,) = select(["8.2"])
    case = Fit(recollected("8.2"), record, find("flat"), FLAT)
    tree = pm.sample(
        1_500,
        tune=700,
        chains=4,
        cores=2,
        mp_ctx="spawn",  # forking a process in which JAX has threads may lock up
        random_seed=3,
        target_accept=0.9,
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

    posterior = fit(Job(case.panel, record, "flat"), Settings(draws=5_000))["posterior"]
    found = compare(
        {name: posterior[name].to_numpy() for name in names},
        {name: reference[name].to_numpy() for name in names},
    )
    assert max(found.z_mean, found.z_sd) < found.limit, found
    assert abs(found.sd_error) <= 0.01, found
