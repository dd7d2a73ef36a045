"""Gram blocks are those of the rows, and what they cannot tell is refused."""

import numpy as np
import pytest

from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.within_between import standardise
from models.large_panels import gram_blocks, sufficient_statistics
from tests.helpers.chunked import CASES, assert_same_gram, both, chunks, panel


@pytest.mark.parametrize("case", CASES)
def test_gram_matrices_are_those_of_the_rows(case):
    found, parts = both(*case)
    assert found.parts.regressors == parts.regressors
    assert found.parts.centre == pytest.approx(parts.centre, rel=1e-12)
    assert found.parts.scale == pytest.approx(parts.scale, rel=1e-12)
    rows = parts.design
    base = np.hstack([parts.within, parts.in_year, parts.y[:, None]])
    for region, gram in enumerate(found.gram):
        own = base[rows.region == region]
        assert_same_gram(gram, own.T @ own, len(own))
        assert found.rows[region] == len(own)
    units = np.column_stack(
        [
            parts.in_province.T @ base,
            np.ones(len(rows.provinces)),
            standardise(parts.province_part),
        ]
    )
    per_unit = parts.in_province.sum(axis=0)
    for group, region in enumerate(found.group_region):
        own = units[(rows.region_of_province == region) & (per_unit == found.group_rows[group])]
        assert found.group_units[group] == len(own)
        assert_same_gram(found.units[group], own.T @ own, len(own) * found.group_rows[group])
    assert found.group_units.sum() == len(units)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.assign(urb=f["year"] * 1.0), r"urb does not vary"),
        (lambda f: f.assign(urb=2 * f["indus"] - f["year"]), r"urb is a linear combination"),
        (lambda f: f[(f["region"] == "west") == (f["year"] > 2015)], r"falls apart"),
    ],
)
def test_what_is_not_identified_is_refused(spoil, words):
    (record,) = select(["3.2"])
    gathered = sufficient_statistics.gram(chunks(spoil(panel(0.0))), record)
    with pytest.raises(UserError, match=words):
        gram_blocks.blocks(gathered)
