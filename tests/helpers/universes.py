"""A multiverse made up: slopes that are sums of what their options do, so that shares are known."""

import numpy as np
import xarray as xr

from analysis.robustness.multiverse.fraction import SUMMARIES
from models.frequentist.twfe_batch import CLUSTERINGS

SIZES = {"agglomeration": 5, "sample": 4, "effects": 3}
REACH = {"conventional": 0.04, "province": 0.08, "two_way": 0.1}
CRITICAL = 2.0


def effects() -> dict[str, np.ndarray]:
    """Return what each option of each choice adds to a slope."""
    rng = np.random.default_rng(2)
    return {name: rng.normal(scale=0.05, size=size) for name, size in SIZES.items()}


def tree() -> xr.DataTree:
    """Return least squares of 3.2, its posteriors, and GMM of 5.1 with one hole.

    Normalised by year all slopes are −1; two of the others are one regression.
    """
    made = effects()
    estimate = sum(np.ix_(*made.values())) + 0.02
    regression = np.append(np.arange(estimate.size - 1), 0).reshape(estimate.shape)
    estimate = np.stack([estimate, np.full_like(estimate, -1.0)], -1)
    regression = np.stack([regression, regression + estimate.size], -1)
    dims = (*SIZES, "normalisation", "term")
    se = np.stack([np.full(estimate.shape, REACH[name] / CRITICAL) for name in CLUSTERINGS], -1)
    grid = xr.Dataset(
        {
            "estimate": (dims, estimate[..., None].astype(np.float32)),
            "se": ((*dims, "clustering"), se[..., None, :]),
            "critical": (("sample", "clustering"), np.full((SIZES["sample"], 3), CRITICAL)),
            "regression": (dims[:-1], regression),
        },
        {name: [f"{name} {i}" for i in range(size)] for name, size in SIZES.items()}
        | {"normalisation": ["pooled", "by_year"]}
        | {"term": ["indus"], "clustering": list(CLUSTERINGS)},
    )
    main = [[0.1, 0.0, 0.2, 0.99, 1], [0.1, -0.1, 0.2, 0.8, 1],
            [-0.1, -0.2, 0.1, 0.2, 1], [9, 9, 9, 1.0, 0]]  # fmt: skip
    sure = [[0.2, 0.1, 0.3, 1.0, 1]] * 3 + [[-0.2, -0.3, -0.1, 0.0, 1]]
    posterior = summaries(sure + main, "indus").assign_coords(
        errors=("universe", ["independent"] * 4 + ["growth"] * 4),
        sample=("universe", [f"sample {i}" for i in (0, 1, 2, 2)] * 2),
    )
    lag = [[1.0, 0.9, 1.1, np.nan, np.nan]] * 3 + [[np.nan] * 5]
    slope = [[0.1, 0.05, 0.15, np.nan, np.nan], [0.1, -0.05, 0.2, np.nan, np.nan],
             [-0.2, -0.3, -0.1, np.nan, np.nan], [np.nan] * 5]  # fmt: skip
    gmm = xr.concat([summaries(lag, "L.y"), summaries(slope, "indus")], "term")
    none = [np.nan, np.nan]
    tests = [
        [0.1, 0.01, 0.2, *none, 0.05],
        [0.1, 0.01, 0.2, *none, 0.06],
        [-0.1, -0.2, -0.01, *none, 0.001],
        [0.1, 0.01, 0.2, *none, np.nan],
    ]
    groups = {"/least_squares/3.2": grid, "/posterior/3.2": posterior, "/gmm/5.1": gmm}
    groups["/wild_bootstrap/3.2"] = summaries(tests, "indus")
    return xr.DataTree.from_dict(groups)


def summaries(rows: list[list[float]], term: str) -> xr.Dataset:
    full = [row + [np.nan] * (len(SUMMARIES) - len(row)) for row in rows]
    values = np.array(full)[:, None]
    return xr.Dataset(
        {name: (("universe", "term"), values[..., i]) for i, name in enumerate(SUMMARIES)},
        {"term": [term], "sample": ("universe", ["all"] * len(rows))},
    )
