"""A column's regression in within–between form, standardised (`models.bayesian.effects` goes back).

Each regressor is split into its two-way residual x̃, a province part P and a year part Q
(`models.frequentist.two_way`). With

    y_it = a_i + d_t + Σ_c x̃_itc γ_c + ε_it

the γ are the slopes of x itself, whatever a and d are: P and Q go into the effects, where
Mundlak terms can take them up (Mundlak 1978, *Econometrica* 46:69–85; Wooldridge 2021,
*Two-Way Fixed Effects, the Two-Way Mundlak Regression, and Difference-in-Differences
Estimators*). The x̃ are orthogonal to province and year dummies, which samplers like.

Where year effects are free by region, "year" means a cell of region and year throughout: the
split is then that of each region by itself.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.bayesian.interface import Variables
from models.design import Design
from models.frequentist.twfe import refuse_collinear
from models.frequentist.two_way import two_way_parts

By = Literal["common", "pooled", "region"]
"""The same in all regions, by region about a common centre, or by region and free."""

Path = Literal["exchangeable", "walk"]
"""Year effects exchangeable, or a random walk."""


RESOLUTION = 0.05
"""A year effect, or a difference of slopes, that thirty provinces distinguish from zero (in
standard deviations)."""


@dataclass(frozen=True)
class WithinBetween:
    """Standardised arrays of one regression.

    Attributes
    ----------
    design : Design
        The regression on the paper's scale.
    varying : tuple of str
        Terms whose slope differs by region.
    sigma_groups : tuple of str
        Labels of the residual scales: the regions, or a single one for all.
    free : tuple of str
        Of the varying terms, those whose region slopes have no common mean.
    years : "common", "pooled" or "region"
        How year effects differ by region.
    path : "exchangeable" or "walk"
        How year effects follow each other.
    pooled_sigma : bool
        Whether the regions' residual scales have a common centre.
    regressors : tuple of str
        The m columns with one slope each: "indus:east", … for varying terms, then the
        other terms.
    term_of_regressor : ndarray of int, shape (m,)
        Position in `design.terms`.
    centre, scale : float
        Mean and standard deviation of the outcome.
    term_scale : ndarray, shape (k,)
        Standard deviation of each term.
    within : ndarray, shape (n, m)
        Two-way residuals, in units of the term's standard deviation.
    province_part : ndarray, shape (N, m)
    year_part : ndarray, shape (C, m)
        On the paper's scale. C is the number of year cells: the T years if year effects are
        common, else every region's years, region by region.
    """

    design: Design
    varying: tuple[str, ...]
    sigma_groups: tuple[str, ...]
    free: tuple[str, ...]
    years: By
    path: Path
    pooled_sigma: bool
    regressors: tuple[str, ...]
    term_of_regressor: NDArray[np.int64]
    centre: float
    scale: float
    term_scale: NDArray[np.float64]
    within: NDArray[np.float64]
    province_part: NDArray[np.float64]
    year_part: NDArray[np.float64]

    @property
    def y(self) -> NDArray[np.float64]:
        """Standardised outcome, shape (n,)."""
        return (self.design.y - self.centre) / self.scale

    @property
    def in_province(self) -> NDArray[np.float64]:
        """Province dummies, shape (n, N)."""
        return np.eye(len(self.design.provinces))[self.design.province]

    @property
    def in_year(self) -> NDArray[np.float64]:
        """Year dummies, shape (n, T)."""
        return np.eye(len(self.design.years))[self.design.year]

    @property
    def region_of_cell(self) -> NDArray[np.int64]:
        """Position of a year cell's region, shape (C,); 0 where year effects are common."""
        regions = 1 if self.years == "common" else len(self.design.regions)
        return np.repeat(np.arange(regions), len(self.design.years))

    @property
    def year_of_cell(self) -> NDArray[np.int64]:
        """Position of a year cell's year, shape (C,)."""
        return np.arange(len(self.region_of_cell)) % len(self.design.years)

    @property
    def cell(self) -> NDArray[np.int64]:
        """Row's year cell, shape (n,)."""
        offset = 0 if self.years == "common" else self.design.region * len(self.design.years)
        return offset + self.design.year

    @property
    def pooled(self) -> tuple[str, ...]:
        """Varying terms whose region slopes have a common mean."""
        return tuple(term for term in self.varying if term not in self.free)

    @property
    def coefficients(self) -> tuple[str, ...]:
        """What has a slope of its own: terms, or each region's regressor of free terms."""
        return tuple(
            name
            for term in self.design.terms
            for name in (
                [f"{term}:{region}" for region in self.design.regions]
                if term in self.free
                else [term]
            )
        )

    @property
    def coefficients_to_regressors(self) -> NDArray[np.float64]:
        """Dummies, shape (c, m): which regressors a coefficient belongs to."""
        return np.array(
            [
                [
                    name == regressor or regressor.startswith(f"{name}:")
                    for regressor in self.regressors
                ]
                for name in self.coefficients
            ],
            float,
        )

    @property
    def pooled_to_coefficients(self) -> NDArray[np.float64]:
        """Dummies, shape (pooled, c): the coefficient of each pooled term."""
        names = [[name == term for name in self.coefficients] for term in self.pooled]
        return np.array(names, float)

    @property
    def slope_resolution(self) -> float | NDArray[np.float64]:
        """Approximate standard error of regions' slopes (`models.bayesian.noncentering`)."""
        return RESOLUTION

    @property
    def year_axes(self) -> NDArray[np.float64]:
        """What year effects depend on: axes of the regressors' year parts, shape (C, axes)."""
        return principal_axes(self.year_part)

    @property
    def row_share(self) -> NDArray[np.float64]:
        """Share of the rows in which a regressor's slope holds, shape (m,): weights of averages."""
        share = np.bincount(self.design.region) / len(self.design.region)
        by_region = np.tile(share, len(self.varying))
        return np.concatenate([by_region, np.ones(len(self.regressors) - len(by_region))])

    @property
    def averages(self) -> NDArray[np.float64]:
        """Shape (m, k): a term's slope is this average of its regressors' slopes."""
        return (self.terms_to_regressors * self.row_share).T

    @property
    def terms_to_regressors(self) -> NDArray[np.float64]:
        """Dummies, shape (k, m): which regressors a term's slope belongs to."""
        return np.eye(len(self.design.terms))[:, self.term_of_regressor]

    @property
    def region_columns(self) -> list[NDArray[np.float64]]:
        """For each varying term, dummies of shape (regions, m): its regressor in each region."""
        n = len(self.design.regions)
        columns = np.eye(len(self.regressors))
        return [columns[i * n : (i + 1) * n] for i in range(len(self.varying))]

    @property
    def groups_to_regions(self) -> NDArray[np.float64]:
        """Dummies, shape (groups, regions): which residual scale a region has."""
        n = len(self.design.regions)
        return np.eye(n) if len(self.sigma_groups) == n else np.ones((1, n))

    @property
    def coords(self) -> dict[str, tuple]:
        """Coordinates of a PyMC model of this regression."""
        design = self.design
        return {
            "term": design.terms,
            "coefficient": self.coefficients,
            "regressor": self.regressors,
            "axis": tuple(range(1, self.year_axes.shape[1] + 1)),
            "varying": self.varying,
            "pooled": self.pooled,
            "one": ("all",),
            "year_group": design.regions if self.years == "region" else ("all",),
            "step": design.years[1:],
            "contrast": design.years[1:],
            "sigma_group": self.sigma_groups,
            "region": design.regions,
            "region_contrast": design.regions[1:],
            "province": design.provinces,
            "year": design.years,
            "obs": tuple(range(len(design.y))),
        }

    def keep(self, rows: NDArray[np.bool_]) -> "WithinBetween":
        """Return some of the rows, shape (n,), standardised and split as all of them are.

        A province without rows keeps its effect, about its Mundlak line.
        """
        return replace(self, design=self.design.keep(rows), within=self.within[rows])

    @property
    def observed(self) -> Variables:
        """What the likelihood is of, on the paper's scale."""
        return {"y": (("obs",), self.design.y)}


def within_between(
    design: Design,
    varying: tuple[str, ...] = (),
    sigma_groups: tuple[str, ...] = ("all",),
    *,
    free: tuple[str, ...] = (),
    years: By = "common",
    path: Path = "exchangeable",
    pooled_sigma: bool = False,
) -> WithinBetween:
    """Standardise a regression and split its regressors.

    Parameters
    ----------
    design : Design
        n rows, k terms, N provinces, T years.
    varying : tuple of str
        Terms that get one column per region, x · 1[region].
    sigma_groups : tuple of str
        Labels of the residual scales: the regions, or a single one for all.
    free, years, path, pooled_sigma
        As the attributes of `WithinBetween`.

    Raises
    ------
    UserError
        If a regressor is collinear with the dummies or with regressors before it.
    """
    refuse_collinear(design)
    names, positions, columns = [], [], []
    for term in sorted(design.terms, key=lambda term: term not in varying):
        position = design.terms.index(term)
        x = design.x[:, position]
        split = enumerate(design.regions) if term in varying else ()
        parts = [(f"{term}:{name}", x * (design.region == r)) for r, name in split] or [(term, x)]
        for name, part in parts:
            names.append(name)
            positions.append(position)
            columns.append(part)
    province_part, year_part, within = _parts(np.column_stack(columns), design, years)
    term_scale = design.x.std(axis=0)
    return WithinBetween(
        design=design,
        varying=varying,
        sigma_groups=sigma_groups,
        free=free,
        years=years,
        path=path,
        pooled_sigma=pooled_sigma,
        regressors=tuple(names),
        term_of_regressor=np.array(positions),
        centre=float(design.y.mean()),
        scale=float(design.y.std()),
        term_scale=term_scale,
        within=within / term_scale[positions],
        province_part=province_part,
        year_part=year_part,
    )


def _parts(
    x: NDArray[np.float64], design: Design, years: By
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return province part, year part by cell and residual of the columns of `x`."""
    n_regions, n_years = len(design.regions), len(design.years)
    if years != "region":
        province_part, year_part, within = two_way_parts(x, design.province, design.year)
        copies = 1 if years == "common" else n_regions
        return province_part, np.tile(year_part, (copies, 1)), within
    province_part = np.zeros((len(design.provinces), x.shape[1]))
    year_part = np.zeros((n_regions, n_years, x.shape[1]))
    within = np.empty_like(x)
    for region in range(n_regions):
        rows = design.region == region
        provinces, province = np.unique(design.province[rows], return_inverse=True)
        observed_years, year = np.unique(design.year[rows], return_inverse=True)
        province_part[provinces], year_part[region, observed_years], within[rows] = two_way_parts(
            x[rows], province, year
        )
    return province_part, year_part.reshape(n_regions * n_years, -1), within


def standardise(part: Any) -> Any:
    """Centre columns and divide by their standard deviation; a constant column becomes zero.

    Of any array namespace; differentiable.
    """
    xp = part.__array_namespace__()
    centred = part - xp.mean(part, axis=0)
    spread = xp.std(centred, axis=0)
    flat = spread <= 1e-12 * xp.max(xp.abs(part), axis=0)
    return xp.where(flat, 0.0, centred / xp.where(flat, 1.0, spread))


def principal_axes(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return standardised columns as uncorrelated ones, as many as their rank.

    A rotation, under which independent normal priors of one scale are the same prior: for columns
    that are nearly collinear, as year parts of regressors with a trend are, and whose single
    slopes NUTS could hardly move. Directions in which no column varies have no effect, and none
    is returned.
    """
    standard = standardise(part)
    _, size, rotation = np.linalg.svd(standard, full_matrices=False)
    rotation = rotation[size > 1e-10 * size.max()]
    largest = np.abs(rotation).argmax(axis=1)
    signs = np.sign(rotation[np.arange(len(rotation)), largest])  # the same on every machine
    return standard @ (rotation * signs[:, None]).T
