"""Made-up results of a simulation study of the dynamic panel."""

import numpy as np
import pandas as pd

from models.design import LAG


def judged(**cells: tuple[float, float, bool]) -> pd.DataFrame:
    """Return rows of one estimator: its score, false-positive rate and whether it holds."""
    rows = []
    for cell, (score, alarms, holds) in cells.items():
        base = {"cell": cell, "rho": 1.05 if cell == "above" else 0.8, "holds": holds}
        base |= {"score": score, "data_sets": 100, "estimated": 100}
        base |= {"above_one_low": alarms, "above_one": alarms + 0.01}
        rows += [base | {"term": LAG}, base | {"term": "indus", "above_one_low": np.nan}]
    return pd.DataFrame(rows)
