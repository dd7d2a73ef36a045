"""Slopes of a model of growth under other scales of its priors.

Lines, slopes by province and errors near a unit root compete for the same variation. So one prior
scale after the other is moved, the others held, and the slope is shown with P(φ_r > 0.99).

Two variants stand beside them (`models.bayesian.growth_robust`): Student t errors, and a first
regressor that is known as well as its imputations agree.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.shared.digits import with_interval
from data.panels.catalogue import imputed_draws
from data.panels.panel import Panel, load_panel
from data.shared.errors import UserError
from models.bayesian import growth_robust
from models.bayesian.growth import NEAR_UNIT_ROOT
from models.bayesian.growth_parts import Growth, province_slopes
from models.bayesian.growth_scaled_density import ScaledDensity
from models.bayesian.registry import Model, find
from models.design import Specification, design
from models.inference import batched
from models.priors import Priors

SWEPT = {
    "tau_slope_province_std": (0.1, 0.25, 0.5, 1.0),
    "tau_slope_std": (0.1, 0.5, 1.0, 2.5),
    "tau_trend_std": (0.1, 0.25, 0.5, 1.0, 2.5),
    "tau_sigma": (0.25, 1.0, 2.0),
}
"""Prior scales of ω, τ, τ_trend and the spread of log σ, each of a half-normal."""

NU, ERROR = "nu", "error"
"""Of Student t errors and of the regressor's."""

VARIANTS = {NU: (4.0, 20.0), ERROR: (1.0, 2.0)}
"""Prior mean of the degrees of freedom; factor of the standard deviation of imputations."""

DRAWS, CHAINS = 1_000, 2

ALL, FIT = "all", ("panel", "column", "model")

COLUMNS = (
    *("panel", "column", "model", "scale", "prior", "own", "region"),
    *("mean", "q025", "q975", "p_positive", "near_unit_root"),
)
"""The contract of results/long/scale_sweep.csv.

`prior` is the prior's scale on the standardised outcome, or what `VARIANTS` says; `own` whether it
is the model's own;
`region` is "all" for the slope over all rows; `near_unit_root` is P(φ_r > 0.99), of "all" the
largest.
"""


def table(panel: Panel, record: Specification, name: str, seed: int) -> pd.DataFrame:
    """Fit a model under each prior scale.

    Raises
    ------
    UserError
        If the model is none of growth, or cannot be fitted to the column.
    """
    model = find(name)
    if model.source != "models.bayesian.growth" or not model.fits(record):
        raise UserError(
            f"The model {name} is no model of growth, or cannot be fitted to column "
            f"{record.column}: choose growth, or growth_region for a region's column."
        )
    parts = model.split(design(panel.frame, record), record)
    priors = model.module.PRIORS
    head = {"panel": panel.name, "column": record.column, "model": name}
    names = [scale for scale, _ in model.module.density(parts).scales]
    lines = []
    for scale, values in SWEPT.items():
        for value in values if scale in names else ():
            changed = priors.with_scales(f"{scale} {value}", **{scale: value})
            rng = np.random.default_rng([seed, *map(ord, scale), round(100 * value)])
            for row in _rows(parts, _draws(model, parts, changed, rng)):
                is_own = value == priors[scale].scale
                lines.append(head | {"scale": scale, "prior": value, "own": is_own} | row)
    if parts.lines == "random" and parts.scales == "region" and parts.design.balanced:
        for scale, value, row in _variants(panel, record, parts, seed):
            lines.append(head | {"scale": scale, "prior": value, "own": False} | row)
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _variants(
    panel: Panel, record: Specification, parts: Growth, seed: int
) -> Iterator[tuple[str, float, dict]]:
    error = imputation_error(panel, record)
    for scale, values in VARIANTS.items():
        for value in values if scale == NU or error is not None else ():
            rng = np.random.default_rng([seed, *map(ord, scale), round(100 * value)])
            without_error = scale == NU or error is None
            rows = growth_robust.arranged(parts, None if without_error else value * error)
            nu = value if scale == NU else None
            with threadpool_limits(1):
                drawn = growth_robust.draws(rows, rng, mean_nu=nu)
            for row in _rows(parts, drawn):
                yield scale, value, row


def imputation_error(panel: Panel, record: Specification) -> NDArray[np.float64] | None:
    """Return the standard deviation of the first term over the panel's imputations, by row.

    None if there are none, or the first term is no column of the panel.
    """
    term = record.interest[0]
    draws = imputed_draws(panel.name)
    if not draws or term not in panel.frame:
        return None
    variables = set(record.variables)
    drawn = [design(load_panel(name, variables).frame, record).x[:, 0] for name in draws]
    return np.std(drawn, axis=0, ddof=1)


@threadpool_limits.wrap(limits=1)
def _draws(
    model: Model, parts: Growth, priors: Priors, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    density = model.module.density(parts, priors)
    if isinstance(density, ScaledDensity):
        chains = [density.chain(DRAWS // CHAINS, rng) for _ in range(CHAINS)]
        return {name: np.concatenate([chain[name] for chain in chains]) for name in chains[0]}
    (fit,) = batched.fit_many(density, parts.y[None], DRAWS, rng)
    return density.draw(fit.point, rng)


def _rows(parts: Growth, drawn: dict[str, NDArray[np.float64]]) -> Iterator[dict]:
    regression, near = parts.design, (drawn["phi"] > NEAR_UNIT_ROOT).mean(axis=0)
    if "slope_offset" in drawn:
        drawn["slope_offset"] = drawn["slope_offset"].reshape(
            len(drawn["phi"]), -1, parts.n_regions
        )
    slopes = province_slopes(parts, drawn) * parts.scale / parts.base.term_scale[0]
    of_rows = slopes[:, regression.province]
    for at, region in enumerate((ALL, *regression.regions)):
        rows = regression.region == at - 1 if at else np.ones(len(regression.region), dtype=bool)
        slope = of_rows[:, rows].mean(axis=1)
        low, high = np.quantile(slope, [0.025, 0.975])
        yield {
            "region": region,
            "mean": slope.mean(),
            "q025": low,
            "q975": high,
            "p_positive": (slope > 0).mean(),
            "near_unit_root": near[at - 1] if at else near.max(),
        }


def shown(swept: pd.DataFrame) -> pd.DataFrame:
    """Return the slopes over all rows for a reader, with P(φ_r > 0.99) of each region."""
    rows = swept[swept["region"] == ALL].drop(columns=["region", "own", "near_unit_root"])
    return rows.merge(_by_region(swept, [*FIT, "scale", "prior"]), how="left")


def near_unit_root(swept: pd.DataFrame) -> pd.DataFrame:
    """Return P(φ_r > 0.99) of each region under the model's own priors, a row for each fit.

    Each swept scale has a fit under its own prior: the mean over these.
    """
    wide = _by_region(swept[swept["own"]], list(FIT))
    numbers = wide.select_dtypes("number").columns
    return wide.assign(**{name: wide[name].map("{:.3f}".format) for name in numbers})


def variants(swept: pd.DataFrame) -> pd.DataFrame:
    """Return the slope over all rows with its 95 % interval, by variant: a row for each fit."""
    over_all = swept[(swept["region"] == ALL) & (swept["own"] | swept["scale"].isin(VARIANTS))]
    labels = {NU: "Student t errors, mean of ν {:g}", ERROR: "{:g} × imputation error of the term"}
    names = [
        labels[v.scale].format(v.prior) if v.scale in labels else "as it is"
        for v in over_all.itertuples()
    ]
    slopes = [with_interval(v.mean, v.q025, v.q975) for v in over_all.itertuples()]
    rows = over_all.assign(variant=names, slope=slopes).drop_duplicates([*FIT, "variant"])
    wide = rows.pivot(index=list(FIT), columns="variant", values="slope")
    wide = wide.reindex(list(dict.fromkeys(map(tuple, rows[list(FIT)].to_numpy()))))
    return wide[list(dict.fromkeys(names))].rename_axis(columns=None).reset_index().fillna("")


def _by_region(swept: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return P(φ_r > 0.99), a column for each region."""
    of_regions = swept[swept["region"] != ALL]
    order = list(dict.fromkeys(of_regions["region"]))
    groups = of_regions.groupby([*keys, "region"], sort=False)["near_unit_root"]
    wide = groups.mean().unstack("region")[order]
    return wide.rename(columns="P(φ > 0.99) {}".format).rename_axis(columns=None).reset_index()
