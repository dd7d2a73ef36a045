"""The paper's variables know no units and no order of cells, and a panel not how it is written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.panels.panel import load_panel
from data.panels.provinces import PROVINCES, REGION_OF
from data.ye2024.indices import entropy_weights, location_quotient, misallocation, normalise

factors = st.floats(1e-6, 1e6)
seeds = st.integers(0, 10_000)
SIGN = np.array([1.0, -1.0, 1.0])


@given(seeds, st.tuples(*[factors] * 3), st.tuples(*[st.floats(-10, 10)] * 3))
def test_entropy_weights_know_neither_units_nor_origins_nor_order(seed, by, shift):
    rng = np.random.default_rng(seed)
    x = rng.lognormal(size=(60, 3))
    order = rng.permutation(60)
    z, moved = normalise(x, SIGN), normalise((np.array(by) * (x + np.array(shift)))[order], SIGN)
    np.testing.assert_allclose(moved, z[order], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(entropy_weights(moved), entropy_weights(z), rtol=1e-6)


@given(seeds, factors, factors)
def test_quotients_and_misallocation_know_no_units(seed, one, other):
    rng = np.random.default_rng(seed)
    part, whole = rng.lognormal(size=(2, 9, 4))
    elasticity = rng.uniform(0.2, 0.8, 9)
    quotient = [
        location_quotient(p, w, p.sum(axis=0), w.sum(axis=0))
        for p, w in ((part, whole), (one * part, other * whole))
    ]
    np.testing.assert_allclose(quotient[1], quotient[0], rtol=1e-9)
    found = misallocation(one * whole, other * part, elasticity)
    np.testing.assert_allclose(found, misallocation(whole, part, elasticity), rtol=1e-8, atol=1e-12)


# --- a user's file --------------------------------------------------------------------------------

PLAIN = str.maketrans({})
FULL_WIDTH = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
SPELLINGS = (
    lambda province: province.name,
    lambda province: province.name.upper(),
    lambda province: f" {province.name} Province",
    lambda province: province.zh,
    lambda province: f"\u3000{province.zh}省",
)
FILES = {
    "encoding": st.sampled_from(["utf-8", "utf-8-sig", "gbk"]),
    "end": st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    "separator": st.sampled_from([",", ";", "\t"]),
    "digits": st.sampled_from([PLAIN, FULL_WIDTH]),
    "year": st.sampled_from(["{}", "{}年", "{}.0", " {} "]),
    "spelling": st.sampled_from(SPELLINGS),
    "headings": st.sampled_from([str.lower, str.upper, str.title]),
}
numbers = st.floats(-1e300, 1e300).map(lambda x: x + 0.0)  # a file's −0 is 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@given(
    st.lists(st.sampled_from(PROVINCES), min_size=2, max_size=5, unique=True),
    st.integers(2, 4),
    st.data(),
    st.fixed_dictionaries(FILES),
    st.randoms(use_true_random=False),
)
def test_a_panel_is_the_same_however_its_file_is_written(
    folder, provinces, years, data, how, chance
):
    listed = sorted(provinces, key=PROVINCES.index)
    rows = [(province, 2010 + year) for province in listed for year in range(years)]
    values = data.draw(st.lists(numbers, min_size=len(rows), max_size=len(rows)))
    lines = [
        {
            "province": how["spelling"](province),
            "year": how["year"].format(year).translate(how["digits"]),
            "indus": repr(value).translate(how["digits"]),
        }
        for (province, year), value in zip(rows, values, strict=True)
    ]
    chance.shuffle(lines)
    columns = list(lines[0])
    chance.shuffle(columns)
    table = [[how["headings"](name) for name in columns]]
    table += [[line[name] for name in columns] for line in lines]
    text = how["end"].join(how["separator"].join(cells) for cells in table)
    path = folder / "mine.csv"
    path.write_bytes(text.encode(how["encoding"]))
    expected = pd.DataFrame(
        {
            "province": [province.name for province, _ in rows],
            "year": [year for _, year in rows],
            "region": [REGION_OF[province.name] for province, _ in rows],
            "indus": values,
        }
    )
    pd.testing.assert_frame_equal(load_panel(str(path), ["indus"]).frame, expected)
