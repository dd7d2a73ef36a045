"""Sufficient statistics gathered a chunk at a time give the rows' Gram matrices."""

import numpy as np
import pandas as pd
import pytest

from analysis.specifications import select
from data.errors import UserError
from models.bayesian.within_between import standardise
from models.large_panels import sufficient_statistics
from tests.helpers.chunked import CASES, both, chunks, panel


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
        _close(gram, own.T @ own, len(own))
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
        _close(found.units[group], own.T @ own, len(own) * found.group_rows[group])
    assert found.group_units.sum() == len(units)


def _close(found, expected, rows):
    """Compare in units of the columns' lengths; a length of zero counts as that of noise."""
    length = np.sqrt(np.maximum(np.diag(expected), rows))
    assert np.abs((found - expected) / np.outer(length, length)).max() < 1e-10


def test_statistics_do_not_depend_on_chunks_nor_on_the_order_of_rows():
    (record,) = select(["3.2"])
    frame = panel(0.15)
    mixed = frame.sample(frac=1, random_state=5)
    one, other = (sufficient_statistics.gram(rows, record) for rows in ([frame], chunks(mixed, 20)))
    assert one.rows == other.rows == len(frame)
    assert one.years == other.years
    order = [list(other.provinces).index(province) for province in one.provinces]
    regions = [other.regions.index(region) for region in one.regions]
    assert (one.seen == other.seen[order]).all()
    left, right = (sufficient_statistics.blocks(each) for each in (one, other))
    for region, found in enumerate(right.gram[regions]):
        _close(found, left.gram[region], left.rows[region])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: pd.concat([f, f.iloc[[30]]]), r"Hebei is there twice in 2014"),
        (lambda f: pd.concat([f.iloc[[30, 30]], f.iloc[:20]]), r"Hebei is there twice in 2014"),
        (lambda f: f.assign(region=["west", *f["region"][1:]]), r"Beijing lies in two regions"),
        (lambda f: f.iloc[:0], r"has no rows"),
        (
            lambda f: f.assign(fin=[*f["fin"][:9], np.nan, *f["fin"][10:]]),
            r"fin .* Beijing in 2019",
        ),
    ],
)
def test_what_cannot_be_added_up_is_refused(spoil, words):
    (record,) = select(["3.2"])
    frame = panel(0.0)
    with pytest.raises(UserError, match=words):
        sufficient_statistics.gram(chunks(spoil(frame)), record)


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
        sufficient_statistics.blocks(gathered)
