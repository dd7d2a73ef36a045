"""Agreement of posteriors with the published coefficients.

Agreement, by one rule for every row (b, s: published coefficient and standard error; the
interval is the posterior's 95 % equal-tailed one):

============== =========================================================================
`contradicts`  the posterior gives the published sign a probability of 2.5 % or less
`differs`      b lies outside the interval, and the sign is not contradicted
`agrees`       b lies inside the interval, and the published sign has 97.5 % or more
`uncertain`    b lies inside the interval, but so does a slope of the other sign
`not assessed` the fit failed its gate
============== =========================================================================

The column `interpretation` says what agreement is, which depends on the panel: `evidence`; on a
panel that was made to meet the printed numbers `implied`, and for the flat-prior benchmark there
`solver check`; of a variant, which enters no verdict, `variant`.

Region of practical equivalence: a slope is practically zero if one within standard deviation of
the regressor moves the outcome by less than `ROPE` of its own within standard deviations. Within
standard deviations are those of two-way residuals, the variation that identifies a slope. At 0.1,
half of a small effect (Kruschke 2018, *Advances in Methods and Practices in Psychological Science*
1:270–280), the regressor alone explains 1 % of it.

Pooling factor of a term's region slopes b_r about their common mean β, with ε_r = b_r − β:

    λ = 1 − V_r(E(ε_r | y)) / E(V_r(ε_r) | y)

V_r the variance over regions (Gelman & Pardoe 2006, *Technometrics* 48:241–251, section 3): 1 if
the data do not distinguish the regions, 0 if the slopes are identified region by region.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from analysis.posterior import trace
from analysis.posterior.savage_dickey import GROUP, bf10, bf10_of_draws
from analysis.shared.statistics import CERTAIN, Z
from analysis.specifications import PAPER, current, published_column, select
from data.panels.catalogue import kind_of
from data.published import tables
from data.studies import claims
from models.bayesian.registry import find
from models.frequentist.two_way import two_way_parts

COLUMNS = (
    "panel",
    "column",
    "term",
    "model",
    "published",
    "published_se",
    "mean",
    "sd",
    "q025",
    "q975",
    "distance_in_published_se",
    "sd_ratio",
    "overlap",
    "p_same_sign",
    "rope",
    "p_rope",
    "p_printed",
    "bf10",
    "bf10_prior",
    "pooling_factor",
    "gate",
    "fits",
    "agreement",
    "interpretation",
    "fitted_as",
    "fitted_column",
    "ensemble_low",
    "ensemble_high",
    "ensemble_panels",
)
"""The contract of results/comparison.csv; `ensemble` fills the last three.

`fits` is what `analysis.posterior.fits` says of the model; empty where it says nothing."""

ROPE = 0.1
"""Within standard deviations of the outcome for one of the regressor: see above."""


def rows(tree: xr.DataTree, rope: float = ROPE) -> list[dict]:
    """Compare the slopes of one trace with the paper's.

    A model with region slopes is compared with the column it was fitted for by its average
    slope, and, where Table 8 prints the same regression, with that by its region slopes;
    `fitted_column` distinguishes the two.

    Parameters
    ----------
    tree : DataTree
        A trace that meets the contract of `analysis.posterior.trace`.
    rope : float
        See `ROPE`.

    Returns
    -------
    list of dict
        Keys `COLUMNS`: `distance_in_published_se` is (mean − b)/s, `sd_ratio` is sd/s, `overlap`
        the length that both 95 % intervals share over the length that they span together
        (Jaccard), `p_same_sign` the posterior probability of the published sign, `p_printed`
        that of the published 95 % interval, `rope` the half width of the region of practical
        equivalence and `p_rope` the probability of lying in it, `bf10` the Bayes factor against no
        slope under `bf10_prior` (none for very wide priors, and none where it rests on draws that
        do not reach zero).
    """
    attrs, printed, halves = tree.attrs, published_slopes(), _halves(current().path)
    shared = trace.identity(attrs, ("panel", "model", "gate", "fitted_as"))
    shared |= {
        "fits": str(attrs.get(trace.FITS, "")),
        "fitted_column": attrs["column"],
        "interpretation": interpret(attrs),
    }
    return [
        {
            **shared,
            "column": slope.column,
            "term": slope.term,
            **assess(slope.draws, *_cell(printed, slope), gate=attrs["gate"]),
            **slope.beyond_zero(rope, halves.get((slope.column, slope.term), np.nan)),
        }
        for slope in slopes(tree)
        if (slope.column, slope.term) in printed.index or _of_interest(slope)
    ]


@cache
def _halves(study: Path | None) -> dict[tuple[str, str], float]:
    """Return the half widths of ROPEs that a study's claims state, by column and term."""
    return {(claim.column, claim.term): claim.rope for claim in claims.read(study)}


def _cell(printed: pd.DataFrame, slope: "Slope") -> tuple[float, float]:
    """Return a slope's published coefficient and error, NaN where they are not printed."""
    cell = (slope.column, slope.term)
    return tuple(printed.loc[cell]) if cell in printed.index else (np.nan, np.nan)


def _of_interest(slope: "Slope") -> bool:
    """Whether a slope that is not printed is compared, too: of other studies, those of interest."""
    if current() is PAPER or not slope.column:
        return False
    return slope.term in select([slope.column])[0].interest


def of_interest(paths: Iterable[Path]) -> pd.DataFrame:
    """Set the slopes of interest of traces, of all their rows, beside the published ones.

    Returns
    -------
    DataFrame
        A row per trace and term of interest, columns `panel, column, model, term, mean, sd, q025,
        q975, published, published_se, gate, fits`.
    """
    slopes_of_interest = []
    for path in paths:
        tree = trace.read(path, without=trace.POINTWISE)
        attrs, slope = tree.attrs, tree["posterior"]["slope"]
        (record,) = select([attrs["column"]])
        terms = set(slope["term"].to_numpy())  # a variant may leave one out
        for term in (term for term in record.interest if term in terms):
            draws = slope.sel(term=term).to_numpy()
            q025, q975 = np.quantile(draws, [0.025, 0.975])
            row = trace.identity(attrs) | {"term": term}
            row |= {"mean": draws.mean(), "sd": draws.std(ddof=1), "q025": q025, "q975": q975}
            printed = published_slopes().reindex([(record.column, term)]).iloc[0]
            row |= {"published": printed["coef"], "published_se": printed["se"]}
            slopes_of_interest.append(
                row | {"gate": attrs["gate"], "fits": str(attrs.get(trace.FITS, ""))}
            )
    return pd.DataFrame(slopes_of_interest)


def interpret(attrs: dict) -> str:
    """Return the interpretation of agreement with the paper: see the head of this file."""
    if trace.VARIANT in attrs:
        return "variant"
    if kind_of(attrs["panel"]).evidence:
        return "evidence"
    return "implied" if find(attrs["model"]).prior_groups else "solver check"


@dataclass(frozen=True, eq=False)
class Slope:
    """One slope of a trace.

    Attributes
    ----------
    term : str
    region : str
        Empty for the slope of all rows.
    column : str
        The published column that estimates it; empty if none does.
    draws : ndarray, shape (chain, draw)
        On the paper's scale.
    unit : float
        Slope that moves the outcome by one within standard deviation for one of the regressor.
    bf10 : float
    bf10_prior : str
    pooling_factor : float
    """

    term: str
    region: str
    column: str
    draws: NDArray[np.float64]
    unit: float
    bf10: float
    bf10_prior: str
    pooling_factor: float

    def beyond_zero(self, rope: float, half: float = np.nan) -> dict:
        """Return ROPE and Bayes factor of the slope against zero, as in `COLUMNS`.

        `half` is the ROPE's half width as a study's claim states it, if it does.
        """
        reach = rope * self.unit if np.isnan(half) else half
        return {
            "rope": reach,
            "p_rope": float(np.mean(np.abs(self.draws) < reach)),
            "bf10": self.bf10,
            "bf10_prior": self.bf10_prior,
            "pooling_factor": self.pooling_factor,
        }


def slopes(tree: xr.DataTree) -> list[Slope]:
    """List the slopes of a trace: of all rows by term, then by term and region."""
    posterior = tree["posterior"].to_dataset()
    (record,) = select([tree.attrs["column"]])
    units, factors = within_units(tree), pooling_factors(posterior)
    stated = stated_prior(tree)
    listed = []
    for name, dim in (("slope", "term"), ("slope_region", "varying")):
        if name not in posterior:
            continue
        for term in posterior[dim].to_numpy().tolist():
            for region in posterior["region"].to_numpy().tolist() if dim == "varying" else [""]:
                selection = {dim: term, "region": region} if region else {dim: term}
                factor = bayes_factor(tree, name, selection)
                listed.append(
                    Slope(
                        term=term,
                        region=region,
                        column=published_column(record, region),
                        draws=posterior[name].sel(selection).to_numpy(),
                        unit=units[term],
                        bf10=factor,
                        bf10_prior="" if np.isnan(factor) else stated,
                        pooling_factor=factors.get(term, np.nan),
                    )
                )
    return listed


def within_units(tree: xr.DataTree) -> dict[str, float]:
    """Return, by term, the outcome's within standard deviation over the regressor's."""
    data = tree["constant_data"]
    codes = (np.unique(data[f"row_{dim}"], return_inverse=True)[1] for dim in ("province", "year"))
    columns = np.column_stack([tree["observed_data"]["y"], data["x"].transpose("obs", "term")])
    sd = two_way_parts(columns, *codes)[2].std(axis=0)
    return dict(zip(data["term"].to_numpy().tolist(), sd[0] / sd[1:], strict=True))


def pooling_factors(posterior: xr.Dataset) -> dict[str, float]:
    """Return the pooling factor of each term's region slopes: see the head of this file."""
    if "slope_common" not in posterior:
        return {}
    centre = posterior["slope_common"]
    slope = posterior["slope_region"].sel(varying=centre["pooled"].to_numpy())
    deviation = slope.transpose(..., "varying", "region").to_numpy() - centre.to_numpy()[..., None]
    between = deviation.mean(axis=(0, 1)).var(axis=-1)
    factors = 1 - between / deviation.var(axis=-1).mean(axis=(0, 1))
    return dict(zip(centre["pooled"].to_numpy().tolist(), factors.tolist(), strict=True))


def bayes_factor(tree: xr.DataTree, name: str, selection: dict[str, str]) -> float:
    """Return the Bayes factor of one slope against zero; NaN under very wide priors."""
    if "prior" not in tree.children:
        return np.nan
    if GROUP in tree.children:
        suffix = "_region" if "region" in selection else ""
        stored = tree[GROUP].to_dataset().sel(selection)
        return bf10(stored[f"prior{suffix}"], stored[f"posterior{suffix}"])
    if name not in tree["prior"]:
        return np.nan
    return bf10_of_draws(*(tree[group][name].sel(selection) for group in ("prior", "posterior")))


def stated_prior(tree: xr.DataTree) -> str:
    """Return the prior of slopes' Bayes factors in words, on the standardised scale."""
    table = json.loads(tree.attrs["priors"])["table"]
    return "; ".join(
        f"{line['name']} ~ {line['distribution']}({line['centre']:g}, {line['scale']:g})"
        for line in table
        if line["name"] in ("slope_std", "tau_slope_std") and line["name"] in tree["posterior"]
    )


def assess(draws: ArrayLike, coefficient: float, se: float, gate: str) -> dict:
    """Compare draws of one slope with a published coefficient and its standard error.

    Parameters
    ----------
    draws : array
        Posterior draws on the paper's scale, of any shape.
    coefficient, se : float
        As published.
    gate : str
        "pass" or "fail", the fit's health gate.
    """
    draws = np.asarray(draws)
    q025, q975 = np.quantile(draws, [0.025, 0.975])
    low, high = coefficient - Z * se, coefficient + Z * se
    shared = max(0.0, min(q975, high) - max(q025, low))
    printed = not np.isnan(coefficient)
    same_sign = float(np.mean(np.sign(draws) == np.sign(coefficient))) if printed else np.nan
    return {
        "published": coefficient,
        "published_se": se,
        "mean": draws.mean(),
        "sd": draws.std(ddof=1),
        "q025": q025,
        "q975": q975,
        "distance_in_published_se": (draws.mean() - coefficient) / se,
        "sd_ratio": draws.std(ddof=1) / se,
        "overlap": shared / (max(q975, high) - min(q025, low)) if se > 0 else np.nan,
        "p_same_sign": same_sign,
        "p_printed": float(np.mean((draws >= low) & (draws <= high))) if se > 0 else np.nan,
        "agreement": agreement(q025 <= coefficient <= q975, same_sign, gate) if printed else "",
    }


def agreement(inside: bool, same_sign: float, gate: str) -> str:
    """Apply the rule at the head of this file."""
    if gate != "pass":
        return "not assessed"
    if same_sign <= 1 - CERTAIN:
        return "contradicts"
    if not inside:
        return "differs"
    return "agrees" if same_sign >= CERTAIN else "uncertain"


def published_slopes() -> pd.DataFrame:
    """Return published `coef` and `se` of the current study as numbers, by (column, term).

    A standard error that is not printed follows from the t value, if that is.
    """
    return _slopes(current().path)


@cache
def _slopes(study: Path | None) -> pd.DataFrame:
    numbers = tables.of_study(study)
    numbers = numbers[numbers["statistic"].isin(["coef", "se", "t"])]
    wide = numbers.pivot(index=["column", "term"], columns="statistic", values="printed")
    wide = wide.reindex(columns=["coef", "se", "t"]).astype(float)
    wide["se"] = wide["se"].fillna((wide["coef"] / wide["t"]).abs())
    return wide.loc[wide["coef"].notna(), ["coef", "se"]].sort_index()
