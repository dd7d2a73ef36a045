"""Wild cluster bootstrap p-values of two-way fixed-effects slopes, clusters being provinces."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.design import Design
from models.frequentist.twfe import (
    FEWEST_CLUSTERS,
    SlopeParts,
    crv1,
    refuse_collinear,
    refuse_degenerate,
    slope_parts,
)
from models.frequentist.two_way import two_way_parts

WEIGHTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.sqrt([1.5, 1.0, 0.5, 0.5, 1.0, 1.5]) * [-1, -1, -1, 1, 1, 1],
}
"""Equally likely values of a cluster's weight: mean 0, variance 1."""

FEW_CLUSTERS = 11
"""Below this many clusters Webb's weights are the default.

Webb (2014, QED Working Paper 1315) finds that two-point weights "perform poorly with fewer than
eleven clusters": ± leaves 2^(G−1) different |t|, 128 of them for 8 provinces, so p is known only
up to steps of 1/128; six points leave about 6^G/2.
"""

TIE = 1e-9
"""Relative gap below which two |t| count as equal (v and −v give the same one)."""


@dataclass(frozen=True)
class WildBootstrap:
    """Bootstrap tests of each slope being zero.

    Attributes
    ----------
    terms : tuple of str
    t : ndarray, shape (k,)
        Cluster-robust t statistics of the data.
    p : ndarray, shape (k,)
        Symmetric two-sided p-values; NaN like `t` with fewer than `twfe.FEWEST_CLUSTERS`
        provinces, whose clustered variance is rounding error.
    weights : str
        "rademacher" or "webb".
    draws : int
        Weight vectors used.
    enumerated : bool
        Whether they are all 2^G sign patterns, so that p has no simulation error.
    """

    terms: tuple[str, ...]
    t: NDArray[np.float64]
    p: NDArray[np.float64]
    weights: str
    draws: int
    enumerated: bool

    def table(self) -> pd.DataFrame:
        """Tabulate: index `term`, columns `t_cluster p_wild`."""
        index = pd.Index(self.terms, name="term")
        return pd.DataFrame({"t_cluster": self.t, "p_wild": self.p}, index=index)


def wild_bootstrap(
    design: Design, draws: int = 9_999, seed: int = 0, weights: str | None = None
) -> WildBootstrap:
    """Test each slope by the restricted wild cluster bootstrap (WCR, CRV1 t statistic).

    The method is that of Cameron, Gelbach & Miller (2008, *Review of Economics and Statistics*
    90(3), 414–427), worked out on cluster scores instead of samples as in Roodman, MacKinnon,
    Nielsen & Webb (2019, *Stata Journal* 19(1), 4–60); `bootstrap_scores` has the formula.

    The p-value is the share of draws whose |t| is at least the data's. The data are one of the
    2^G sign patterns when these are enumerated and are added as one more draw otherwise,
    (1 + count)/(1 + draws), so p is never zero. The packages wildboottest and fwildclusterboot
    count strictly larger |t| only: under enumeration their p lacks the two patterns, v and −v,
    that repeat the data.

    Parameters
    ----------
    design : Design
    draws : int
        Random weight vectors; all 2^G sign patterns instead when they are no more than this.
    seed : int
        Of the random weights, which all slopes share.
    weights : {"rademacher", "webb"}, optional
        By default "webb" below `FEW_CLUSTERS` provinces, "rademacher" from there.

    Raises
    ------
    UserError
        If a regressor is collinear, if the outcome has no variation of its own or is fitted
        perfectly, or if the panel falls apart into blocks that share no year.
    """
    refuse_collinear(design)
    parts = slope_parts(design.y, design.x, design.province, design.year)
    refuse_degenerate(design.y, parts)
    n_clusters = len(design.provinces)
    kind = weights or ("webb" if n_clusters < FEW_CLUSTERS else "rademacher")
    enumerated = kind == "rademacher" and 2**n_clusters <= draws
    drawn = (
        sign_patterns(n_clusters)
        if enumerated
        else np.random.default_rng(seed).choice(WEIGHTS[kind], size=(draws, n_clusters))
    )
    n_regressors = len(design.terms) + len(design.years) - 1
    correction = crv1(len(design.y), n_clusters, n_regressors)
    t, p = [], []
    for term in range(len(design.terms)):
        scores = bootstrap_scores(parts, term, design.province, design.year)
        data = t_statistics(scores, np.ones((1, n_clusters)), correction)[0]
        simulated = t_statistics(scores, drawn, correction)
        # v and −v give one |t| up to rounding, so ties are counted with a tolerance.
        extreme = np.sum(np.abs(simulated) >= abs(data) * (1 - TIE))
        t.append(data)
        p.append(extreme / len(drawn) if enumerated else (1 + extreme) / (1 + len(drawn)))
    tests = np.array([t, p]) if n_clusters >= FEWEST_CLUSTERS else np.full((2, len(t)), np.nan)
    return WildBootstrap(design.terms, *tests, kind, len(drawn), enumerated)


def bootstrap_scores(
    parts: SlopeParts, term: int, province: NDArray[np.int64], year: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Reduce the bootstrap of one slope to a vector and a matrix over clusters.

    With a the slope's influence, b = a'y, and ũ the residual under b = 0, ũ = û + a b/(a'a), a
    bootstrap sample with weights v has slope Σ_g v_g a_g'ũ_g, and its residual is M(v ⊙ ũ), M
    the projection off dummies and regressors; both are linear in v.

    Returns
    -------
    numerator : ndarray, shape (G,)
        a_g'ũ_g: the bootstrap slope is numerator'v.
    score : ndarray, shape (G, G)
        a_g'[M ũ_(h)]_g, where ũ_(h) keeps cluster h only: the scores are score @ v.
    """
    influence = parts.influence[:, term]
    restricted = parts.residual + influence * parts.slopes[term] / (influence @ influence)
    in_province = np.eye(province.max() + 1)[province]
    by_cluster = in_province * restricted[:, None]
    residual = two_way_parts(by_cluster, province, year)[2]
    residual = residual - parts.influence @ (parts.within.T @ residual)
    weighted = in_province * influence[:, None]
    return influence @ by_cluster, weighted.T @ residual


def t_statistics(
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    weights: NDArray[np.float64],
    correction: float,
) -> NDArray[np.float64]:
    """Return CRV1 t statistics, shape (draws,), for weights of shape (draws, G).

    `correction` is CRV1's small-sample factor; weights of 1 give the data's own statistic.
    """
    numerator, score = scores
    variance = correction * np.sum((weights @ score.T) ** 2, axis=1)
    return weights @ numerator / np.sqrt(variance)


def sign_patterns(n_clusters: int) -> NDArray[np.float64]:
    """Return all vectors of ±1, shape (2^G, G)."""
    bits = np.arange(2**n_clusters)[:, None] >> np.arange(n_clusters) & 1
    return 1.0 - 2.0 * bits
