"""The committed draws, and the model that makes them from the official series."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr

from data.panels.catalogue import FOLDER, IMPUTED, PANELS, imputed_draws, kind_of, panel_names
from data.panels.panel import load_named, load_panel
from data.shared.errors import UserError
from data.ye2024 import anchors, recollect, selection
from data.ye2024.definitions import COLUMNS, DIRECTORY, SUMS
from data.ye2024.imputation import files, model
from data.ye2024.official import NAMES
from data.ye2024.second import beside

needs_series = pytest.mark.skipif(
    not (beside(DIRECTORY) / "industrial_va_anchors.csv").exists(),
    reason="draws from the raw official series, which are not committed",
)

OFFICIAL = [kind.name for kind in PANELS if kind.evidence]


@pytest.fixture(scope="module")
def draws():
    return xr.load_dataset(files.PATH)


def grid(name, variable):
    frame = load_panel(name, COLUMNS).frame.set_index(["province", "year"])
    return frame[variable].unstack().loc[list(NAMES)].to_numpy()


# --- the committed file -------------------------------------------------------------------------


def test_forty_draws_of_every_official_panel_take_less_than_two_megabytes(draws):
    assert draws.sizes == {"panel": 3, "draw": 40, "province": 31, "year": 13}
    assert draws["panel"].to_numpy().tolist() == OFFICIAL
    assert files.PATH.stat().st_size < 2_000_000
    for name in model.VARIABLES:
        assert draws[name].notnull().all()
        assert (draws[name].std("draw") > 0).any()


@pytest.mark.parametrize("panel", OFFICIAL)
def test_the_panels_own_cells_lie_among_the_draws(draws, panel):
    for name in ("produ_inno", "produ_digit", "indus", "env"):
        drawn = draws[name].sel(panel=panel).transpose("draw", "province", "year").to_numpy()
        low, high = drawn.min(axis=0), drawn.max(axis=0)
        margin = 0.25 * (high - low) + 2 * 10.0 ** -files.DECIMALS[name]
        own = grid(panel, name)
        assert ((low - margin <= own) & (own <= high + margin)).mean() > 0.98, name


def test_draws_of_the_index_are_the_same_completed_series_in_each_panel(draws):
    one, other = (draws["produ_digit"].sel(panel=name) for name in OFFICIAL[:2])
    assert one.equals(other.assign_coords(panel=one["panel"]))


# --- as panels ----------------------------------------------------------------------------------


def test_a_draw_is_a_panel_of_its_own_with_exact_sums():
    panel = load_panel("official-imputed-07", ["produ", "indus"])
    other = load_panel("official-imputed-08", ["produ", "indus"])
    base = load_named("official", COLUMNS)
    assert panel.sha256 != other.sha256
    assert panel.balanced
    assert not panel.frame["indus"].equals(other.frame["indus"])
    for name in ("fin", "stru", "urb", "trans", "M_all", "density"):
        assert panel.frame[name].equals(base.frame[name])
    parts = panel.frame[list(SUMS["produ"])].sum(axis=1)
    np.testing.assert_allclose(panel.frame["produ"], parts, atol=1e-12)
    assert kind_of(panel.name).name == "imputed"
    assert "all draws together" in panel.label


def test_official_imputed_stands_for_all_draws():
    names = panel_names(["official:imputed", "official-census4:imputed", "official"])
    assert names[:2] == ["official-imputed-01", "official-imputed-02"]
    assert names[40] == "official-census4-imputed-01"
    assert len(names) == 81
    assert names[-1] == "official"
    assert imputed_draws("official")[-1] == "official-imputed-40"


def test_a_draw_that_there_is_not_is_refused():
    with pytest.raises(UserError, match=r"imputed\.nc has draws 01 to 40"):
        load_panel("official-imputed-41", ["indus"])


def test_draws_of_another_panel_or_with_other_bytes_are_refused(tmp_path):
    for name in ("official.csv", "official.json", IMPUTED, "imputed.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    about = json.loads((tmp_path / "imputed.json").read_text(encoding="utf-8"))
    about["of"]["official"] = "0"
    (tmp_path / "imputed.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(UserError, match=r"drawn for another official\.csv"):
        load_panel("official-imputed-01", ["indus"], tmp_path)
    (tmp_path / IMPUTED).write_bytes((FOLDER / IMPUTED).read_bytes() + b"\n")
    with pytest.raises(UserError, match=r"imputed\.nc has sha256"):
        load_panel("official-imputed-01", ["indus"], tmp_path)


# --- made from the official series --------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return model.Model(recollect.read_ingredients())


@needs_series
def test_the_draws_are_rebuilt_byte_for_byte(tmp_path):
    path = tmp_path / IMPUTED
    files.write(files.build(), path)
    assert path.read_bytes() == files.PATH.read_bytes()
    said = (each.with_suffix(".json").read_text(encoding="utf-8") for each in (path, files.PATH))
    assert len(set(said)) == 1


@needs_series
@pytest.mark.parametrize("panel", OFFICIAL)
def test_without_errors_the_construction_gives_the_panel_itself(made, panel):
    completed = made.complete(np.zeros((1, made.size)))
    log_ratio, _ = anchors.estimate(made.ingredients.shares.log_ratio())
    completed = completed._replace(log_ratio=log_ratio.to_numpy()[None])
    found = made.variables(completed, selection.made_of(panel))
    for name, values in found.items():
        np.testing.assert_allclose(values[0], grid(panel, name), rtol=1e-6, err_msg=name)


@needs_series
def test_a_single_draw_is_reproduced_by_its_index(made, draws):
    alone = files.normals(made, 3)[2:]
    found = made.variables(made.complete(alone), selection.made_of("official"))
    kept = draws.sel(panel="official", draw=3)
    for name, values in found.items():
        step = 10.0 ** -files.DECIMALS[name]
        np.testing.assert_allclose(values[0], kept[name].to_numpy(), atol=0.51 * step)


@needs_series
def test_tibets_proxies_move_together_over_years_and_other_provinces_are_not_touched(made):
    z = np.random.default_rng(3).standard_normal((300, made.size))
    energy = made.complete(z).series["energy_consumption"]
    tibet = np.log(energy[:, model.TIBET])
    assert np.corrcoef(tibet.T)[0, -1] > 0.5
    others = np.arange(31) != model.TIBET
    assert (energy[:, others] == energy[:1, others]).all()
