"""Sufficient statistics are gathered a chunk at a time, whatever the chunks."""

import numpy as np
import pandas as pd
import pytest

from analysis.specifications import select
from data.shared.errors import UserError
from models.large_panels import gram_blocks, sufficient_statistics
from tests.helpers.chunked import assert_same_gram, chunks, panel


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
    left, right = (gram_blocks.blocks(each) for each in (one, other))
    for region, found in enumerate(right.gram[regions]):
        assert_same_gram(found, left.gram[region], left.rows[region])


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
