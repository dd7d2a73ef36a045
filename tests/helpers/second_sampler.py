"""Whether a second sampler agrees, with fewer effective draws than the rule of equality asks for.

The rule's 10,000 would take NUTS in all variables the better part of an hour, and chains of another
processor go another way: no seed has them everywhere. Differences are still measured in units of
Monte Carlo error, which is wider with fewer draws. So is the bound of 1 % on a systematic error of
the standard deviations, by three Monte Carlo errors as they show between chains. A reference that
fails the health gate would prove nothing, so it fails the test.
"""

from collections.abc import Mapping

import arviz as az
import numpy as np
import xarray as xr

from analysis.posterior.equality import MOST_SD_ERROR, compare


def agree(ours: Mapping[str, np.ndarray], chains: Mapping[str, np.ndarray]) -> None:
    """Assert that independent draws and chains of a second sampler are of one posterior.

    Parameters
    ----------
    ours, chains : mapping
        Shapes (chain, draw, …), by variable; as many chains of both.
    """
    reference = xr.Dataset(
        {
            name: (("chain", "draw", *(f"{name}_{axis}" for axis in range(v.ndim - 2))), v)
            for name, v in chains.items()
        }
    )
    rhat = max(float(values.max()) for values in az.rhat(reference).data_vars.values())
    ess = min(float(values.min()) for values in az.ess(reference).data_vars.values())
    assert rhat <= 1.01
    assert ess >= 400

    ours = {name: ours[name] for name in chains}
    found = compare(ours, chains)
    count = reference.sizes["chain"]
    by_chain = [
        compare(*({name: v[[chain]] for name, v in draws.items()} for draws in (ours, chains)))
        for chain in range(count)
    ]
    noise = np.std([one.sd_error for one in by_chain], ddof=1) / np.sqrt(count)
    print(found, noise, rhat, ess)
    assert max(found.z_mean, found.z_sd) < found.limit, found
    assert abs(found.sd_error) <= MOST_SD_ERROR + 3 * noise, (found, noise)
