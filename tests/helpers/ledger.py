"""Tables of results on which the verdicts of both editions of the ledger's rule are known."""

import numpy as np
import pandas as pd

from analysis.claims import first_rule
from analysis.claims.evidence import SOURCES
from analysis.claims.records import EVIDENCE, IMPLIED
from analysis.ye2024.claims import CLAIMS
from models.bayesian import registry
from tests.helpers import results

BY_ID = {claim.id: claim for claim in CLAIMS}


def tables(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return tables in which every claim of 3.2 and the east is supported; `changes` in theirs."""
    panels = (*EVIDENCE, *IMPLIED)
    made = {
        "replication": pd.concat([results.replication(panel) for panel in panels]),
        "comparison": pd.concat([results.comparison(panel) for panel in panels]),
    }
    comparison = made["comparison"]
    made["comparison"] = comparison.assign(fitted_as=np.nan, p_same_sign=0.99, q025=0.01)
    # Looked at, and nothing turns: signs are as printed.
    models = list(dict.fromkeys((first_rule.MODEL, registry.MAIN)))
    fits = {"panel": panels, "column": ["3.2"], "model": models, "term": ["indus"]}
    own = pd.MultiIndex.from_product(fits.values(), names=fits).to_frame(index=False)
    calm = {"q025": 0.01, "q975": 0.2, "mean": 0.1, "sd": 0.01}
    made["sensitivity_priors"] = pd.concat(
        own.assign(quantity="slope", region=region, priors="wide", gate="pass", **calm)
        for region in results.REGIONS_OF_SLOPES
    )
    made["sensitivity_influence"] = pd.concat(
        own.assign(region=region, province="Shanghai", **calm) for region in ("average", "east")
    )
    made["multiverse"] = pd.DataFrame(
        {"column": ["3.2", "8.1"], "term": "indus", "share_same_sign": 0.99}
    )
    return {name: pd.DataFrame() for name in SOURCES} | made | changes
