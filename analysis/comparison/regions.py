"""Region slopes of a trace: values, differences, order and spread.

Published numbers are added where Table 8 prints the same regression: its differences are of
independent samples, so their standard errors add in squares.
"""

import json
from itertools import combinations, permutations, product

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analysis.comparison.coefficients import ROPE, pooling_factors, published_slopes, slopes
from analysis.posterior.trace import identity
from analysis.specifications import published_column, select

KEYS = ("panel", "column", "model", "gate", "fits")
"""Attributes of a trace at the start of every row."""

SUMMARY = ("mean", "sd", "q025", "q975")

SLOPE_COLUMNS = (
    *KEYS,
    "term",
    "region",
    *SUMMARY,
    "p_positive",
    "rope",
    "p_rope",
    "bf10",
    "bf10_prior",
    "pooling_factor",
)

DIFFERENCE_COLUMNS = (
    *KEYS,
    "term",
    "first",
    "second",
    *SUMMARY,
    "p_positive",
    "published",
    "published_se",
)

ORDER_COLUMNS = (*KEYS, "term", "order", "probability")

SCALE_COLUMNS = (
    *KEYS,
    "scale",
    "element",
    *(f"{kind}_{what}" for kind in ("prior", "posterior") for what in ("q025", "q50", "q975")),
    "sd_ratio",
    "overlap",
    "pooling_factor",
)

BINS = 20
"""Of equal prior probability, over which the overlap of prior and posterior is summed."""


FEW = 4
"""Regions of which all 24 orders are listed, those that no draw has with probability 0."""


def region_slopes(tree: xr.DataTree, rope: float = ROPE) -> list[dict]:
    """Return a row for each slope of a region, keys `SLOPE_COLUMNS`."""
    return [
        {
            **_keys(tree),
            "term": slope.term,
            "region": slope.region,
            **summary(slope.draws),
            **slope.beyond_zero(rope),
        }
        for slope in slopes(tree)
        if slope.region
    ]


def differences(tree: xr.DataTree) -> list[dict]:
    """Return a row for each term and pair of regions, keys `DIFFERENCE_COLUMNS`: first − second."""
    (record,) = select([tree.attrs["column"]])
    printed, rows = published_slopes(), []
    for term, by_region in _by_region(tree).items():
        for first, second in combinations(by_region, 2):
            row = {**_keys(tree), "term": term, "first": first, "second": second}
            row |= summary(by_region[first] - by_region[second])
            cells = [(published_column(record, region), term) for region in (first, second)]
            if all(key in printed.index for key in cells):
                first_printed, second_printed = (printed.loc[key] for key in cells)
                row["published"] = first_printed["coef"] - second_printed["coef"]
                row["published_se"] = np.hypot(first_printed["se"], second_printed["se"])
            rows.append(row)
    return rows


def orders(tree: xr.DataTree) -> list[dict]:
    """Return the probability of the orders of the regions' slopes, keys `ORDER_COLUMNS`.

    Of up to `FEW` regions every order, of more those that occur among the draws (their number
    grows as a factorial), the most probable first.
    """
    rows = []
    for term, by_region in _by_region(tree).items():
        names = list(by_region)
        falling = np.argsort(-np.stack(list(by_region.values())), axis=0).reshape(len(names), -1)
        if len(names) <= FEW:
            listed = list(permutations(range(len(names))))
            shares = [(falling == np.array(order)[:, None]).all(axis=0).mean() for order in listed]
        else:
            occurring, counts = np.unique(falling, axis=1, return_counts=True)
            most_first = np.argsort(-counts, kind="stable")
            listed, shares = occurring.T[most_first], counts[most_first] / falling.shape[1]
        for order, share in zip(listed, shares, strict=True):
            text = " > ".join(names[i] for i in order)
            rows.append({**_keys(tree), "term": term, "order": text, "probability": share})
    return rows


def scales(tree: xr.DataTree) -> list[dict]:
    """Set prior and posterior of each scale parameter side by side, keys `SCALE_COLUMNS`.

    On the standardised scale, as the priors are stated. `sd_ratio` is the posterior's standard
    deviation over the prior's, `overlap` the probability that both densities share: 1 if the
    data are uninformative.
    """
    if "prior" not in tree.children:
        return []
    posterior, prior = (tree[group].to_dataset() for group in ("posterior", "prior"))
    factors = pooling_factors(posterior)
    lines = json.loads(tree.attrs["priors"])["table"]
    rows = []
    for name in (line["name"] for line in lines if _is_scale(line) and line["name"] in posterior):
        _, _, *dims = posterior[name].dims
        for labels in product(*(posterior[dim].to_numpy().tolist() for dim in dims)):
            selection = dict(zip(dims, labels, strict=True))
            element = " ".join(map(str, labels))
            before, after = (draws[name].sel(selection).to_numpy() for draws in (prior, posterior))
            rows.append(
                {
                    **_keys(tree),
                    "scale": name,
                    "element": element,
                    **_quantiles("prior", before),
                    **_quantiles("posterior", after),
                    "sd_ratio": after.std() / before.std(),
                    "overlap": overlap(before, after),
                    "pooling_factor": factors.get(element, np.nan),
                }
            )
    return rows


def overlap(prior: NDArray[np.float64], posterior: NDArray[np.float64]) -> float:
    """Return ∫ min(prior, posterior), both as histograms over `BINS` prior quantiles."""
    inner = np.quantile(prior, np.arange(1, BINS) / BINS)
    share = np.bincount(np.searchsorted(inner, posterior.ravel()), minlength=BINS) / posterior.size
    return float(np.minimum(share, 1 / BINS).sum())


def summary(draws: NDArray[np.float64]) -> dict[str, float]:
    """Return mean, standard deviation, 95 % equal-tailed interval and probability of > 0."""
    q025, q975 = np.quantile(draws, [0.025, 0.975])
    return {
        "mean": draws.mean(),
        "sd": draws.std(ddof=1),
        "q025": q025,
        "q975": q975,
        "p_positive": float(np.mean(draws > 0)),
    }


def _is_scale(line: dict) -> bool:
    uniform = line["distribution"] == "Uniform" and line["unit"]
    below_zero = uniform and line["centre"] < line["scale"]
    return line["distribution"] not in ("Normal", "StudentT", "ZeroSumNormal") and not below_zero


def _quantiles(kind: str, draws: NDArray[np.float64]) -> dict[str, float]:
    names = (f"{kind}_{quantile}" for quantile in ("q025", "q50", "q975"))
    return dict(zip(names, np.quantile(draws, [0.025, 0.5, 0.975]), strict=True))


def _keys(tree: xr.DataTree) -> dict[str, str]:
    return identity(tree.attrs, KEYS)


def _by_region(tree: xr.DataTree) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return draws of the region slopes by term and region, none if there are none."""
    draws: dict[str, dict[str, NDArray[np.float64]]] = {}
    for slope in slopes(tree):
        if slope.region:
            draws.setdefault(slope.term, {})[slope.region] = slope.draws
    return draws
