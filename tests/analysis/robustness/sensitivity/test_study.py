"""A study is run once, goes on where it was, and its rows are replaced by newer ones."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.posterior.jobs import Job, Settings
from analysis.robustness.sensitivity import study, tables
from analysis.shared import sources
from analysis.shared.outputs import ROOT
from data.shared.errors import UserError
from models.bayesian.registry import LADDER
from tests.helpers.fits import simulated
from tests.helpers.planted import BASELINE, SHORT


def made_up(job: Job, _: Settings, key: str) -> dict[str, list[dict]]:
    """Return a row for each table, as `study` would."""
    identity = {
        "panel": job.panel.name,
        "column": job.specification.column,
        "model": job.model.name,
    }
    row = identity | {"key": key, "term": "indus"}
    return {name: [row | {"province": p} for p in ("a", "b")] for name in tables.TABLES}


def test_a_run_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    asked = []

    def one(job, settings, key):
        asked.append(job.model.name)
        return made_up(job, settings, key)

    monkeypatch.setattr(study, "study", one)
    listed = study.studies([simulated()], [BASELINE], [])
    assert [job.model.name for job in listed] == list(LADDER)
    run = study.run(listed, SHORT, tmp_path, workers=1)
    next(run)
    run.close()
    again = [job.model.name for job in study.run(listed, SHORT, tmp_path, workers=1)]
    assert sorted(again) == sorted(LADDER)
    assert asked == list(LADDER)  # each once
    found = tables.tables(tmp_path)
    for name, columns in tables.TABLES.items():
        assert tuple(found[name].columns) == columns
        assert len(found[name]) == 2 * len(LADDER)
    assert (found["priors"]["region"] == "").all()


def test_a_study_of_other_data_or_settings_replaces_the_old_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "study", made_up)
    (job,) = study.studies([simulated()], [BASELINE], ["mundlak"])
    other = replace(job, panel=replace(job.panel, sha256="1" * 64))
    assert study.key(job, SHORT) != study.key(other, SHORT)
    assert study.key(job, SHORT) != study.key(job, replace(SHORT, seed=2))
    for each in (job, other):
        list(study.run([each], SHORT, tmp_path, workers=1))
    for table in tables.tables(tmp_path).values():
        assert set(table["key"]) == {study.key(other, SHORT)}


def test_rows_are_of_the_code_of_the_room_and_of_their_own_model_alone():
    files = {str(p.relative_to(ROOT)) for p in sources.closure(study.__name__, but=study.REGISTRY)}
    room = {f"analysis/robustness/sensitivity/{name}.py" for name in ("leave_out", "priors")}
    assert room | {"models/frequentist/twfe.py", "models/inference/collapsed.py"} <= files
    assert not {
        name for name in files if name.startswith(("analysis/reporting", "analysis/ye2024"))
    }
    assert "models/bayesian/measurement_error.py" not in files
    assert "analysis/robustness/sensitivity/draw.py" not in files


def test_rows_do_not_stand_in_the_order_in_which_fits_ended():
    fits = [
        ("official", "3.2", "mundlak"),
        ("official", "3.2", "hierarchical"),
        ("implied", "3.1", "mundlak"),
        ("implied", "3.2", "mundlak"),
        ("own-mine", "3.2", "mundlak"),
    ]
    table = pd.DataFrame(fits, columns=list(tables.JOB))
    for seed in range(3):
        shuffled = table.sample(frac=1, random_state=seed)
        assert tables.ordered(shuffled).to_numpy().tolist() == list(map(list, fits))


def test_a_model_without_a_prior_that_means_anything_is_refused():
    with pytest.raises(UserError, match="flat has no informative prior"):
        study.studies([simulated()], [BASELINE], ["flat"])
