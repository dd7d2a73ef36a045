"""The committed panel: every printed number comes out of the ordinary estimators."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.replication import replicate, system_gmm
from analysis.specifications import SPECIFICATIONS, select
from analysis.ye2024.reconstruction import ensemble, run
from analysis.ye2024.reconstruction.targets import contradictions, printed
from data.panels.catalogue import FOLDER, ensemble_members
from data.panels.panel import Panel, load_panel
from data.published import tables
from data.ye2024.definitions import COLUMNS, DESCRIBED, SUMS
from tests.models.frequentist.test_gmm import by_pyxtabond2

NAME = "implied"
TABLE_5 = select(["5.1", "5.2", "5.3", "5.4"])


@pytest.fixture(scope="module")
def panel():
    return load_panel(NAME, COLUMNS)


@pytest.fixture(scope="module")
def replication(panel) -> pd.DataFrame:
    return replicate.replicate(panel, SPECIFICATIONS, draws=99)


def test_all_printed_numbers_match_but_one_of_the_contradictory_pair(panel, replication):
    numbers = replication[replication["matches"].notna() & (replication["statistic"] != "stars")]
    assert len(numbers) == 225
    missed = numbers[~numbers["matches"].astype(bool)]
    (pair,) = contradictions(printed())
    (cell,) = missed[["column", "term", "statistic"]].itertuples(index=False, name=None)
    assert cell in (pair.z, pair.p)
    assert panel.exact_but == (cell,)


def test_all_stars_match(replication):
    stars = replication[(replication["statistic"] == "stars") & replication["published"].notna()]
    assert len(stars) == len(printed().query("statistic == 'coef'"))
    assert stars["matches"].astype(bool).all()


def test_replicate_finds_no_mismatch_and_would(panel, replication):
    assert replicate.mismatches(replication, [panel]).empty
    spoiled = replication.copy()
    at = spoiled.index[(spoiled["column"] == "3.2") & (spoiled["statistic"] == "r2")][0]
    spoiled.loc[at, "matches"] = False
    assert len(replicate.mismatches(spoiled, [panel])) == 1


@pytest.mark.parametrize("record", TABLE_5, ids=lambda record: record.column)
def test_table_5_by_pyxtabond2(panel, record):
    years = {f"year{y}": (panel.frame["year"] == y).astype(float) for y in range(2011, 2022)}
    frame = panel.frame.assign(unit=pd.factorize(panel.frame["province"])[0], **years)
    spec = system_gmm.gmm_specification(record, system_gmm.DEFAULT, tuple(years))
    other = by_pyxtabond2(frame[["unit", "year", *spec.columns]], spec)
    numbers = printed()
    names = [*spec.regressors, "const"]
    for term, own in ((system_gmm.LAG, f"L.{record.outcome}"), ("indus", "indus")):
        for statistic, values in (("coef", other.beta), ("se", other.se)):
            text = numbers.loc[(record.column, term, statistic), "printed"]
            value = np.ravel(values)[names.index(own)]
            assert tables.matches(text, float(value)), (term, statistic)


def test_sums_and_limits_hold(panel):
    frame = panel.frame
    for total, parts in SUMS.items():
        np.testing.assert_allclose(frame[total], frame[list(parts)].sum(axis=1), rtol=0, atol=1e-11)
    for name in COLUMNS:
        low, high = DESCRIBED[name].bounds
        assert frame[name].between(low, high).all(), name


def test_the_sidecar_says_what_it_is():
    about = json.loads((FOLDER / f"{NAME}.json").read_text(encoding="utf-8"))
    start = json.loads((FOLDER / f"{about['start']}.json").read_text(encoding="utf-8"))
    assert about["start_sha256"] == start["sha256"]
    assert "no evidence" in about["label"]
    assert 0 < about["distance_rms_sd"] < 0.5


def test_its_distance_is_what_the_sidecar_says(panel):
    about = json.loads((FOLDER / f"{NAME}.json").read_text(encoding="utf-8"))
    start = load_panel(about["start"], COLUMNS).frame
    free = [name for name in COLUMNS if name not in SUMS]
    moves = (panel.frame[free] - start[free]) / start[free].std()
    assert np.sqrt((moves.to_numpy() ** 2).mean()) == pytest.approx(
        about["distance_rms_sd"], abs=1e-6
    )


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_once")
def test_it_is_found_from_scratch(tmp_path):
    told = []
    settings = run.Settings(approaches=0)
    outcome = run.reconstruct(settings, tmp_path, told.append)
    assert told[0].startswith("meet 0:")
    assert f"{len(outcome.point.values)} of {len(outcome.point.values)} intervals met" in told[-1]
    found = Panel(NAME, outcome.table, "", True, (), outcome.exact_but)
    replication = replicate.replicate(found, SPECIFICATIONS, draws=99)
    assert replicate.mismatches(replication, [found]).empty
    # The committed panel is nearer than the first one that meets the numbers.
    about = json.loads((FOLDER / f"{NAME}.json").read_text(encoding="utf-8"))
    assert about["distance_rms_sd"] < outcome.distance


def test_an_ensemble_is_written_and_read_back_to_the_digit(panel, tmp_path):
    moved = panel.frame.assign(fin=panel.frame["fin"] + 0.125)
    ensemble.write([panel.frame, moved], tmp_path)
    assert ensemble_members(tmp_path) == (f"{NAME}-01", f"{NAME}-02")
    for name, frame in zip(ensemble_members(tmp_path), (panel.frame, moved), strict=True):
        read = load_panel(name, COLUMNS, tmp_path)
        pd.testing.assert_frame_equal(read.frame, frame, check_exact=True)
        assert (read.name, read.label) == (name, panel.label)
        assert read.exact_but == panel.exact_but


@pytest.mark.parametrize("name", ensemble_members())
def test_the_ensemble_meets_the_printed_numbers_too(name):
    member = load_panel(name, COLUMNS)
    replication = replicate.replicate(member, SPECIFICATIONS, draws=99)
    assert replicate.mismatches(replication, [member]).empty
