"""The flat twin's posterior is two-way fixed effects' sampling distribution."""

import numpy as np
import pytest

from analysis.engines import Settings
from analysis.sample import Job, fit
from analysis.specifications import select
from models import twfe
from models.design import design
from tests.equality import compare_exact
from tests.fits import recollected, thinned

(BASELINE,) = select(["3.2"])


@pytest.mark.slow
@pytest.mark.parametrize("share_missing", [0.0, 0.1], ids=["balanced", "unbalanced"])
def test_posterior_of_slopes_and_constant_is_twfes(share_missing):
    panel = recollected()
    panel = thinned(panel, share_missing) if share_missing else panel
    tree = fit(Job(panel, BASELINE, "flat"), Settings(draws=3_500))
    known = twfe.fit(design(panel.frame, BASELINE))
    sd = known.se * np.sqrt(known.df / (known.df - 2))  # of Student's t

    posterior = tree["posterior"]
    assert (*posterior["term"].to_numpy(), "const") == known.terms
    # In an unbalanced panel the posterior's constant averages over other rows than Stata's.
    names, size = (("slope",), -1) if share_missing else (("slope", "const"), None)
    draws = {n: np.atleast_3d(posterior[n].transpose("chain", "draw", ...)) for n in names}
    found = compare_exact(draws, known.coef[:size], sd[:size])
    assert found.holds, found
    assert tree.attrs["gate"] == "pass"
