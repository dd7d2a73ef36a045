"""Whether a model fits: predictive checks of dependence and scale, beside the health gate.

Written on 30 November 2026, before any replicate of these was drawn on a panel. Two-way
fixed-effects residuals of the data are compared with those of replicated data by

    autocorrelation   of a province's residuals in successive years
    lines             share of their sum of squares that a line in time for each province holds
    first component   share that the first principal component over years holds
    residual sd       root mean square, of each region

Replicates that count draw every province's trend, slope, scale and errors anew, given the model's
hyperparameters, and keep the provinces' means: they say what other provinces of the same law would
have looked like (the mixed replicates of Gelman, Meng & Stern 1996, *Statistica Sinica* 6:733–760).
Replicates with the fitted trends and slopes, which are nearer to the data, are shown beside them.

A model fails if, for any statistic, the share of replicates beyond the data's on one side is below
`TAIL`: 5 % over both sides, all statistics, and all fits of the main model (15 static columns on
four panels). Extremes and bounds of the outcome are shown by `check` and do not count.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.posterior.predictive_statistics import STATISTICS, Rows
from analysis.posterior.trace import FITS
from models.bayesian.interface import Parts, Renewed, Variables
from models.bayesian.registry import Model

Array = NDArray[np.float64]

NUMBERS = "fits_numbers"
"""Attribute of a trace beside `FITS`: the shares of replicates, by kind and statistic, as JSON."""

FITTED_MODELS, OF_A_FIT = 60, 6
TAIL = 0.05 / (2 * FITTED_MODELS * OF_A_FIT)

LEAST_REPLICATES = 20_000
"""Of new provinces at least, so that `TAIL` is told from nothing; of the fitted, one a draw."""

NEW, FITTED = "new provinces", "fitted provinces"

_OF_PANELS = {each.name: each.compute for each in STATISTICS}


def statistics(residual: Array, rows: Rows) -> dict[str, Array]:
    """Return the statistics of two-way residuals, shape (panels, n), each (panels,)."""
    by_name = {"autocorrelation": _OF_PANELS["autocorrelation"](residual, residual, rows)[""]}
    total = (residual**2).sum(axis=1)
    n = rows.province.max() + 1
    member = np.eye(n)[rows.province]
    calendar = np.array(rows.years, float)[rows.year]
    since = calendar - (member / member.sum(axis=0) @ (member.T @ calendar))
    # Each province's own linear trend takes this share of all squares.
    along = residual @ (member * since[:, None])
    length = since**2 @ member
    # A province's only row has no line, and its residual is zero.
    by_name["lines"] = (along[:, length > 0] ** 2 / length[length > 0]).sum(axis=1) / total
    matrix = np.zeros((len(residual), n, len(rows.years)))
    matrix[:, rows.province, rows.year] = residual
    # Squared singular values of provinces by years: the largest is the first common factor's.
    values = np.linalg.eigvalsh(matrix.mT @ matrix)
    by_name["first component"] = values[:, -1] / values.sum(axis=1)
    by_region = _OF_PANELS["residual_sd"](residual, residual, rows)
    return by_name | {f"residual sd {name}": v for name, v in by_region.items()}


def shares(observed: Array, replicates: Iterator[Array], rows: Rows) -> dict[str, float]:
    """Return the share of replicates in which each statistic is at least the data's.

    Parameters
    ----------
    observed : ndarray, shape (n,)
    replicates : iterator of ndarray, shape (draws, n)
    rows : Rows
    """
    actual = {k: v[0] for k, v in statistics(rows.residuals(observed[None]), rows).items()}
    above, size = dict.fromkeys(actual, 0.0), 0
    for drawn in replicates:
        for name, values in statistics(rows.residuals(drawn), rows).items():
            above[name] += float((values > actual[name]).sum() + (values == actual[name]).sum() / 2)
        size += len(drawn)
    return {name: count / size for name, count in above.items()}


def verdict(of_new: Mapping[str, float]) -> str:
    """Return "pass" or "fail", from the shares of replicates of new provinces."""
    return "fail" if any(min(p, 1 - p) < TAIL for p in of_new.values()) else "pass"


def attributes(
    model: Model, parts: Parts, free: Variables, rng: np.random.Generator
) -> dict[str, str]:
    """Return the attributes of a trace: `FITS` is empty where the model draws nothing anew.

    Parameters
    ----------
    model : Model
    parts : Parts
    free : Variables
        Draws of the free variables, shapes (chain, draw, *dims).
    rng : Generator
    """
    module = model.module
    if not isinstance(module, Renewed):
        return {FITS: "", NUMBERS: "{}"}
    drawn = {name: values.reshape(-1, *values.shape[2:]) for name, (_, values) in free.items()}
    rows = _rows(parts)
    times = -(-LEAST_REPLICATES // len(next(iter(drawn.values()))))

    def new_provinces() -> Iterator[Array]:
        for _ in range(times):
            yield module.replicates(parts, module.renewed(parts, drawn, rng), rng)

    observed = parts.observed["y"][1]
    by_kind = {
        NEW: shares(observed, new_provinces(), rows),
        FITTED: shares(observed, iter([module.replicates(parts, drawn, rng)]), rows),
    }
    return {FITS: verdict(by_kind[NEW]), NUMBERS: json.dumps(by_kind)}


def _rows(parts: Parts) -> Rows:
    design = parts.design
    bounds = (-np.inf, np.inf)
    return Rows(design.province, design.year, design.region, design.years, design.regions,
                design.x, bounds)  # fmt: skip


def table(attrs: Mapping[str, Any]) -> pd.DataFrame:
    """Return what a trace says: kind, statistic, share of replicates above, and whether it counts.

    Parameters
    ----------
    attrs : mapping
        Attributes of the trace's root.
    """
    by_kind = json.loads(str(attrs.get(NUMBERS, "{}")))
    listed = [(kind, name, p) for kind, values in by_kind.items() for name, p in values.items()]
    frame = pd.DataFrame(listed, columns=["provinces", "statistic", "p"])
    tail = np.minimum(frame["p"], 1 - frame["p"])
    return frame.assign(beyond=(frame["provinces"] == NEW) & (tail < TAIL))
