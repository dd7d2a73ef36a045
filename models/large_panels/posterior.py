"""The posterior of `bayesian.hierarchical` from sums: no matrix of the size of rows or units.

It is `models.inference.elimination` of `models.bayesian.hierarchical.density` with the units'
effects eliminated, put together from `models.large_panels.gram_blocks.Blocks`. Of the
units' effects themselves there are no draws.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.bayesian import hierarchical
from models.inference.collapsed import OutOfRangeError
from models.inference.elimination import Reduced
from models.inference.independence_sampler import Drawn, draw_scales
from models.large_panels.gram_blocks import Blocks
from models.priors import LOG_2PI, Priors

Array = NDArray[np.float64]

UNITS = "province_std"


def density(reduced: Blocks, priors: Priors = hierarchical.PRIORS) -> Reduced:
    """Return the posterior of `models.bayesian.hierarchical.density` without the units' effects.

    In deviations from the prior means, of a unit's effect from its Mundlak line l_i = (1, p_i),
    the line moves to the rows: with e_i the sums of a unit's rows and n_i their number, the
    remaining locations meet

        G + Σ_i (e_i l_i' + l_i e_i' + n_i l_i l_i'),   e_i + n_i l_i of a unit's own effect.

    Parameters
    ----------
    reduced : Blocks
    priors : Priors

    Returns
    -------
    Reduced
        Its draws are of all variables but `UNITS`.
    """
    full = hierarchical.density(reduced.parts, priors)
    remaining = [block for block in full.locations if block.name != UNITS]
    (unit,) = (block for block in full.locations if block.name == UNITS)
    locations = np.concatenate(
        [np.arange(len(full.fixed))[full.location_slices[b.name]] for b in remaining]
    )
    line = np.zeros((1 + reduced.parts.within.shape[1], len(locations)))
    ends = np.cumsum([block.size for block in remaining]).tolist()
    slices = {b.name: slice(end - b.size, end) for b, end in zip(remaining, ends, strict=True)}
    line[0, slices["const_std"]] = 1
    line[1:, slices["between_province"]] = np.eye(len(line) - 1)

    deviation = full.deviation[np.ix_(locations, locations)]
    back = np.linalg.inv(deviation)

    # From base columns (within, year dummies, y) to the locations' effects and y. The rows of
    # `parts` are one for each year, then one for each regressor in the first year.
    effect = np.hstack([block.effect for block in remaining]) @ back
    years = len(reduced.parts.design.years)
    base = np.vstack([effect[years:] - effect[0], effect[:years]])
    columns = np.zeros((len(base) + 1, len(locations) + 1))
    columns[:-1, :-1], columns[-1, -1] = base, 1
    line = np.pad(line @ back, ((0, 0), (0, 1)))
    d = len(columns)
    matrices = [columns.T @ gram @ columns for gram in reduced.gram]
    of_units = []
    for region, n, sums in zip(
        reduced.group_region, reduced.group_rows, reduced.units, strict=True
    ):
        of_rows = columns.T @ sums[:d, :d] @ columns
        mixed = columns.T @ sums[:d, d:] @ line
        lines = line.T @ sums[d:, d:] @ line
        matrices[region] = matrices[region] + mixed + mixed.T + n * lines
        of_units.append(of_rows + n * (mixed + mixed.T) + n**2 * lines)

    residual = full.scale_slices[full.scales[-1].name]
    group = reduced.parts.groups_to_regions.argmax(axis=0)
    tau = full.scale_slices[unit.scale].start
    units = int(reduced.group_units.sum())
    member = full.member[:, locations]
    count = full.count.copy()
    count[tau] += units - unit.size
    count[residual] = np.bincount(group, reduced.rows, count[residual].size)
    fixed = full.fixed[locations]
    free = member.any(axis=0)
    prior = np.vstack([member, np.where(free, 0, fixed**-2)])

    terms = [(matrix, residual.start + group[r], full.size, 0) for r, matrix in enumerate(matrices)]
    terms += [
        (np.diag(np.append(precision, 0.0)), element, full.size, 0)
        for element, precision in enumerate(prior)
        if precision.any()
    ]
    scale = residual.start + group[reduced.group_region]
    terms += [(-m, e, e, 1 + g) for g, (m, e) in enumerate(zip(of_units, scale, strict=True))]
    pivots = np.zeros((1 + len(scale), full.size + 1))
    pivots[0, -1] = 1
    pivots[1:, tau] = 1
    pivots[np.arange(1, len(pivots)), scale] = reduced.group_rows
    summed = replace(
        full,
        locations=tuple(remaining),
        location_slices=slices,
        deviation=deviation,
        fixed=fixed,
        member=member,
        count=count,
        constant=float(-np.log(fixed).sum() - reduced.rows.sum() * LOG_2PI / 2),
        # Everything of rows is in the matrices below.
        **{name: np.empty(0) for name in ("gram", "gram_lower", "gram_fixed", "xy", "yy")},
    )
    values, left, right, pivot = zip(*terms, strict=True)
    return Reduced(
        density=summed,
        kept=np.arange(len(locations)),
        eliminated=np.empty(0, int),
        back=back,
        matrices=np.array([matrix.ravel() for matrix in values]),
        left=np.array(left),
        right=np.array(right),
        group=np.array(pivot),
        pivots=pivots,
        members=np.append(0.0, reduced.group_units),
        cross=np.empty((count[residual].size, 0, len(locations) + 1)),
        group_of=np.empty(0, int),
        residual=residual,
    )


@dataclass(frozen=True, eq=False)
class ByDifferences:
    """A reduced density for `models.inference.transforms`, its gradient by finite differences.

    The gradient only finds where the search for a proposal begins.
    """

    reduced: Reduced

    def __getattr__(self, name: str):
        return getattr(self.reduced.density, name)

    def logp_and_gradient(self, log_scale: Array, step: float = 1e-5) -> tuple[float, Array]:
        """Evaluate the log density and its gradient, shape (S,)."""
        steps = step * np.eye(len(log_scale))
        points = np.vstack([log_scale, log_scale + steps, log_scale - steps])
        centre, up, down = np.split(self.reduced.log_density(points), [1, 1 + len(steps)])
        if not np.isfinite(points).all() or not np.isfinite([*centre, *up, *down]).all():
            raise OutOfRangeError("too far out for double precision")
        return float(centre[0]), (up - down) / (2 * step)


def draw(reduced: Reduced, size: int, rng: np.random.Generator) -> tuple[dict[str, Array], Drawn]:
    """Draw all variables but `UNITS`; return them, and the scales' draws with diagnostics.

    Parameters
    ----------
    reduced : Reduced
        From `density`.
    size : int
    rng : Generator
    """
    drawn = draw_scales(ByDifferences(reduced), size, rng, reduced)
    return reduced.draw(drawn.log_scale, rng), drawn
