"""Power-scaling is that of ArviZ, of the prior table alone."""

import arviz as az
import pandas as pd
import pytest

from analysis.posterior.jobs import Job
from analysis.posterior.sample import fit
from analysis.robustness.sensitivity import power_scaling
from models.bayesian.registry import find
from tests.helpers.fits import simulated
from tests.helpers.planted import BASELINE, SHORT


def test_power_scaling_is_arvizs_and_leaves_the_effects_distributions_alone():
    tree = fit(Job(simulated(5, 2014), BASELINE, find("hierarchical")), SHORT)
    rows = pd.DataFrame(power_scaling.power_scaling(tree))
    assert {"all", "slope_std", "tau_slope_std"} <= set(rows["scaled"])
    assert "province_std" not in set(rows["scaled"])
    east = rows[(rows["quantity"] == "slope") & (rows["region"] == "east")].set_index("scaled")
    expected = az.psense(
        tree, var_names=["slope_region"], group="prior", group_var_names=["tau_slope_std"]
    )["slope_region"].sel(varying="indus", region="east")
    assert east.loc["tau_slope_std", "prior"] == float(expected)
    spread = rows[rows["quantity"] == "tau_slope"].set_index("scaled")["prior"]
    assert spread.drop("all").idxmax() == "tau_slope_std"
    tree["log_prior"]["phi"] = 0 * tree["log_prior"]["slope_std"] - 1.0
    assert rows.equals(pd.DataFrame(power_scaling.power_scaling(tree)))


@pytest.mark.parametrize(
    ("prior", "likelihood", "said"),
    [
        (0.01, 0.5, "prior does not matter"),
        (0.2, 0.5, "prior and data pull"),
        (0.2, 0.01, "prior outweighs data"),
    ],
)
def test_the_diagnosis_follows_from_both_sensitivities(prior, likelihood, said):
    assert power_scaling.diagnosis(prior, likelihood) == said
