"""The simulation study: batches depend on themselves alone, are kept and put together."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from analysis.shared import parallel
from analysis.simulation.dynamic_study import ranking
from analysis.simulation.dynamic_study import study as dynamic_study
from analysis.simulation.dynamic_study.cells import CELLS
from analysis.specifications import select
from data.shared.errors import UserError
from models.design import LAG
from tests.helpers.fits import official, simulated, thinned

(COLUMN,) = select(["5.1"])


@pytest.fixture(scope="module")
def study() -> dynamic_study.Study:
    return dynamic_study.study(official("5.1"), COLUMN)


def test_a_data_set_depends_on_its_number_alone(study):
    cell = CELLS[1]
    _, both = dynamic_study.run_batch(study, dynamic_study.Batch(cell, range(3, 5)))
    _, second = dynamic_study.run_batch(study, dynamic_study.Batch(cell, range(4, 5)))
    assert_allclose(both["estimates"][1], second["estimates"][0], rtol=1e-12)
    assert both["estimates"].shape == (2, len(dynamic_study.NAMES), 2, 3)
    assert not np.allclose(both["estimates"][0], both["estimates"][1])
    estimate, low, high = np.moveaxis(both["estimates"], -1, 0)
    assert (low < estimate).all()
    assert (estimate < high).all()
    assert np.isnan(both["by_nuts"]).all()


def test_a_study_goes_on_where_it_was_and_can_be_read(study, tmp_path, monkeypatch):
    cells = CELLS[:1]
    batches = dynamic_study.batches(cells, 20)
    for batch in batches:
        rng = np.random.default_rng(batch.numbers.start)
        estimates = rng.normal(size=(10, len(dynamic_study.NAMES), 2, 3)).cumsum(axis=-1)
        arrays = {"estimates": estimates, "independent": np.ones(10, bool)}
        arrays["effective"] = np.full(10, 500.0)
        np.savez(tmp_path / batch.name, **arrays, by_nuts=estimates[:, -1])
    asked = []
    monkeypatch.setattr(parallel, "spread", lambda task, listed, *_: asked.extend(listed) or ())
    done = dict(dynamic_study.run(study, cells, 20, tmp_path))
    assert list(done) == batches
    assert done[batches[0]]["independent"].all()
    assert not asked
    (tmp_path / batches[1].name).unlink()
    assert len(list(dynamic_study.run(study, cells, 20, tmp_path))) == 1
    assert asked == [batches[1]]


def test_one_cell_from_end_to_end(study, tmp_path):
    cells = CELLS[:1]
    folder = dynamic_study.folder_of(study, tmp_path)
    small = 2
    done = {}
    for batch, arrays in dynamic_study.run(study, cells, small, folder, workers=1):
        assert (folder / batch.name).is_file()
        done[batch] = arrays
    dataset = dynamic_study.collect(study, cells, done)
    assert dataset["truth"].sel(term=LAG).item() == 0.5
    dynamic_study.write(dataset, tmp_path / dynamic_study.FILE, folder)
    assert not folder.exists()
    with xr.open_dataset(tmp_path / dynamic_study.FILE) as read:
        found = ranking.summary(read.load())
    assert tuple(found.columns) == ranking.COLUMNS
    assert len(found) == len(dynamic_study.NAMES) * 2
    assert "NUTS on 1 data sets" in ranking.words_on_nuts(dataset)
    own = dataset.sel(estimator=dynamic_study.MODEL)
    sd = (own["high"] - own["low"]).to_numpy()[0, 0] / 4
    nuts, ours = dataset["nuts"][0, 0, :, 0].to_numpy(), own["estimate"].to_numpy()[0, 0]
    assert (np.abs(nuts - ours) < 0.5 * sd).all()


def test_static_columns_and_panels_with_gaps_are_refused():
    with pytest.raises(UserError, match="no lagged outcome"):
        dynamic_study.study(official(), select(["3.2"])[0])
    with pytest.raises(UserError, match="has gaps"):
        dynamic_study.study(thinned(simulated(), 0.1), COLUMN)
