"""Power-scaling sensitivity of a trace's quantities to prior and likelihood.

Power-scaling (Kallioinen et al. 2024, *Statistics and Computing* 34:57): how far a quantity
moves when prior or likelihood are raised to a power near 1. Only lines of the prior table are
scaled, all that a trace has in `log_prior`: distributions of effects are part of the model.
"""

from collections.abc import Iterator

import arviz as az
import numpy as np
import xarray as xr

from analysis.robustness.sensitivity.tables import QUANTITIES
from analysis.specifications import AVERAGE

SENSITIVE = 0.05
"""Power-scaling sensitivity from which a quantity counts as moved (Kallioinen et al. 2024)."""


def power_scaling(tree: xr.DataTree) -> Iterator[dict]:
    """Yield the rows of `power`: a quantity under each scaled prior, and all of them.

    Parameters
    ----------
    tree : DataTree
        A trace.
    """
    # A flat prior stays what it is when it is scaled; ArviZ raises an error.
    log_prior = tree["log_prior"].data_vars
    priors = [name for name, values in log_prior.items() if np.ptp(values.to_numpy()) > 0]
    watched = [name for name in QUANTITIES if name in tree["posterior"].data_vars]
    likelihood = az.psense(tree, var_names=watched, group="likelihood", group_var_names=["y"])
    for scaled, names in {"all": priors, **{name: [name] for name in priors}}.items():
        prior = az.psense(tree, var_names=watched, group="prior", group_var_names=names)
        for name in watched:
            for labels, moved in _labelled(prior[name]):
                by_data = float(likelihood[name].sel(labels))
                yield {
                    "quantity": name.removesuffix("_region"),
                    "term": labels.get("term", labels.get("varying", "")),
                    "region": labels.get("region", AVERAGE if name == "slope" else ""),
                    "scaled": scaled,
                    "prior": moved,
                    "likelihood": by_data,
                    "diagnosis": diagnosis(moved, by_data),
                }


def _labelled(values: xr.DataArray) -> Iterator[tuple[dict[str, str], float]]:
    for index in np.ndindex(values.shape):
        at = dict(zip(values.dims, index, strict=True))
        labels = {dim: values[dim].to_numpy()[i].item() for dim, i in at.items()}
        yield labels, float(values.to_numpy()[index])


def diagnosis(prior: float, likelihood: float) -> str:
    """Diagnose two power-scaling sensitivities together (Kallioinen et al. 2024)."""
    if prior < SENSITIVE:
        return "prior does not matter"
    return "prior and data pull" if likelihood >= SENSITIVE else "prior outweighs data"
