"""False findings of the ledger: data sets without a slope in any column, by its bounds alone.

Outcomes of every static column of all provinces are drawn without slopes by a generator of
`analysis.simulation.generators`, with the same random numbers for all columns and panels, so that
a province's paths go together over columns. Posteriors of `growth` on the mixture's panels give
the probability of a positive slope, over all rows and by region. A finding is a probability of
97.5 % or more, or 2.5 % or less. What reverses findings is not run: fewer would be left.

Dynamic columns are left out, and so is a parabola's turn: without a slope it has none.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.shared.batches import Batch, of_data_sets
from analysis.shared.parallel import spread
from analysis.shared.statistics import CERTAIN, share
from analysis.simulation import generators
from analysis.simulation.intervals import balanced
from analysis.simulation.size_methods import weights
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.bayesian import growth
from models.bayesian.growth_parts import province_slopes
from models.design import Specification
from models.inference import batched

GENERATOR = "swap"

DRAWS = 500

BATCH = 25
"""Data sets in one task."""

ALL, LEDGER = "all", "ledger"
"""In place of a region: the slope over all rows; and the row of all slopes together."""

COLUMNS = (
    *("column", "region", "generator", "data_sets", "findings"),
    *("rate", "rate_low", "rate_high", "mean_findings"),
)
"""The contract of results/long/false_findings.csv: `findings` are data sets with one, `rate` their
share with its 95 % interval (Wilson). The last row is of the ledger: data sets with any finding,
and how many a data set has on average."""


@threadpool_limits.wrap(limits=1)
def probabilities(batch: Batch, seed: int) -> pd.DataFrame:
    """Return the probability of a positive slope of the first term of interest.

    Returns
    -------
    DataFrame
        Columns `panel, column, region, data_set, p_positive`.

    Raises
    ------
    UserError
        If the column is dynamic or of one region, or the panel has gaps.
    """
    panel, record, numbers = batch
    if record.dynamic or record.region:
        raise UserError(
            f"Column {record.column} is not a static regression of all provinces: choose one that "
            "is, such as 3.2."
        )
    design = balanced(panel, record)
    # The same stream for all columns and panels: their paths go together.
    drawn = generators.GENERATORS[GENERATOR](
        design,
        len(record.interest),
        len(numbers),
        np.random.default_rng([seed, numbers.start]),
    )
    parts = growth.split(design, record.interest)
    density, rng = growth.density(parts), np.random.default_rng([seed, numbers.start, 1])
    standard = (drawn.T - parts.base.centre) / parts.scale
    weight = weights(design)[:-1]
    shape = (-1, len(record.interest), len(design.regions))
    by_data_set = []
    for fit in batched.fit_many(density, standard, DRAWS, rng):
        free = fit.density.draw(fit.point, rng)
        free["slope_offset"] = free["slope_offset"].reshape(shape)
        by_data_set.append((province_slopes(parts, free) @ weight.T > 0).mean(axis=0))
    frame = pd.DataFrame(by_data_set, columns=[ALL, *design.regions], index=list(numbers))
    frame = frame.rename_axis("data_set").reset_index().melt("data_set", var_name="region")
    head = {"panel": panel.name, "column": record.column}
    return frame.rename(columns={"value": "p_positive"}).assign(**head)


def run(
    panels: Sequence[Panel],
    records: Sequence[Specification],
    size: int,
    seed: int = 1,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield `probabilities` of one batch after the other, in any order."""
    listed = of_data_sets(panels, records, size, BATCH)
    yield from spread(partial(probabilities, seed=seed), listed, workers, cluster)


def summary(by_data_set: pd.DataFrame, of_regions: str) -> pd.DataFrame:
    """Count false findings, columns `COLUMNS`.

    Parameters
    ----------
    by_data_set : DataFrame
        Of `probabilities`.
    of_regions : str
        The column whose region slopes are claimed something of.
    """
    claimed = by_data_set[(by_data_set["region"] == ALL) | (by_data_set["column"] == of_regions)]
    mixture = claimed.groupby(["column", "region", "data_set"], sort=False)["p_positive"].mean()
    sure = ((mixture >= CERTAIN) | (mixture <= 1 - CERTAIN)).unstack("data_set")
    size = sure.shape[1]
    by_slope = [
        (*at, int(findings.sum()), float(findings.mean())) for at, findings in sure.iterrows()
    ]
    ledger = ("", LEDGER, int(sure.any().sum()), float(sure.sum().mean()))
    rows = []
    for column, region, count, mean in [*by_slope, ledger]:
        rate = dict(zip(("rate", "rate_low", "rate_high"), share(count, size), strict=True))
        about = {"column": column, "region": region, "generator": GENERATOR, "data_sets": size}
        rows.append(about | rate | {"findings": count, "mean_findings": mean})
    return pd.DataFrame(rows)[list(COLUMNS)]


def sentence(table: pd.DataFrame) -> str:
    """Say how many findings the ledger makes where there is no slope."""
    ledger = table[table["region"] == LEDGER].iloc[0]
    each, mean = table[table["region"] != LEDGER]["rate"], ledger["mean_findings"]
    return (
        f"Without a slope anywhere, {ledger['rate']:.0%} [{ledger['rate_low']:.0%}, "
        f"{ledger['rate_high']:.0%}] of {ledger['data_sets']} data sets have at least one finding "
        f"of the mixture among {len(each)} slopes, of either sign. Errors are other provinces' "
        f"paths (generator *{ledger['generator']}*). A data set has {mean:.2f} on average: "
        f"{mean / len(each):.1%} of its slopes, where {2 - 2 * CERTAIN:.0%} is nominal. By slope "
        f"the share lies between {each.min():.0%} and {each.max():.0%}. Signs are symmetric here, "
        "so about half of all findings are expected to have the printed one."
    )
