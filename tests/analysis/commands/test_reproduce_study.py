"""The main job of any study: replicate, sample main models, diagnose, compare, in this order."""

import pandas as pd
import pytest

from analysis.commands import reporting, reproduce, sampling
from analysis.posterior.jobs import Job
from analysis.shared import terminal
from analysis.specifications import load, studying
from models.bayesian.registry import main_model
from tests.helpers import studies


@pytest.mark.parametrize("gate", ["pass", "fail"])
def test_a_study_is_replicated_sampled_judged_and_compared(tmp_path, monkeypatch, capsys, gate):
    path = studies.write(tmp_path)
    done = []
    monkeypatch.setattr(reproduce, "replicate", lambda out: done.append(("replicate", out)))
    monkeypatch.setattr(
        reproduce,
        "sample_jobs",
        lambda listed, *_: done.append([(j.specification.column, j.model.name) for j in listed]),
    )
    diagnostics = pd.DataFrame({"gate": [gate]})
    monkeypatch.setattr(reproduce, "diagnose_traces", lambda _: diagnostics)
    monkeypatch.setattr(reproduce, "compare", lambda out: done.append(("compare", out)))
    for name in ("audit", "write_study_ledger", "report"):
        monkeypatch.setattr(reproduce, name, lambda *_, name=name, **__: done.append(name))
    monkeypatch.setattr(reproduce, "exit_by_gate", lambda found: done.append(found["gate"][0]))
    with studying(load(path)) as study:
        reproduce.reproduce(out=tmp_path)
    records = [r for r in study.records if r.column in study.headline]
    models = [(record.column, main_model(record).name) for record in records]
    assert len(models) == 3
    last = ["audit", "write_study_ledger", "report"]
    assert done == [("replicate", tmp_path), models, ("compare", tmp_path), *last, gate]
    assert "Step 2 of 7: sample posteriors" in capsys.readouterr().out
    assert (tmp_path / "results/.index/reproduce-study-seconds.json").exists()


def test_a_column_that_no_main_model_fits_is_left_out_with_a_notice(tmp_path, capsys):
    short = studies.panel()
    text = studies.STUDY.replace("zone == 'central'", "yr >= 1997")
    with studying(load(studies.write(tmp_path, text, short))) as study:
        whole, two_years = study.records[:2]
        listed = [Job(study.panel, each, main_model(each)) for each in (whole, two_years)]
        kept = reproduce.fittable(listed)
    assert [job.specification.column for job in kept] == ["2.1"]
    said = " ".join(capsys.readouterr().out.split())
    assert "growth of 2.2 is left out." in said
    assert "Growth by unit takes three years of some unit" in said
    assert "choose the model hierarchical." in said


def test_lags_of_the_outcome_that_a_model_takes_as_exogenous_are_said(tmp_path, capsys):
    text = studies.STUDY.replace("~ lag(lnout) +", "~ lag(lnout) + lag(lnout, 2) +")
    text = text.replace("lnout ~ dens +", "lnout ~ lag(lnout) + lag(dens) + dens +", 1)
    with studying(load(studies.write(tmp_path, text))) as study:
        sampling.say_lags([(main_model(record).name, record) for record in study.records])
    said = " ".join(capsys.readouterr().out.split())
    assert "growth of 2.1 takes lag(lnout) as exogenous, which a lag of the outcome is not" in said
    assert "dynamic of 3.1 takes lag(lnout, 2) as exogenous" in said
    assert said.count("a column by difference_gmm has a dynamic model") == 1
    assert said.count("Notice") == 2


def test_columns_with_instruments_have_none_in_a_model_and_that_is_said(tmp_path, capsys):
    options = 'estimator = "within_iv"\nendogenous = ["dens"]\ninstruments = ["area"]\nsample'
    path = studies.write(tmp_path, studies.STUDY.replace("sample", options))
    with studying(load(path)) as study:
        sampling.say_instruments([(main_model(record).name, record) for record in study.records])
        reporting.say_instruments([record.column for record in study.records])
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "growth_region of 2.2 takes dens as exogenous: no model has the column's instruments"
        in said
    )
    assert "no model has the instruments of 2.2: verdicts there are on slopes without" in said
    assert said.count("Notice") == 2


def test_a_folder_stands_for_the_study_in_it(tmp_path):
    studies.write(tmp_path)
    app = terminal.App()
    seen = []

    @app.command(studies=True)
    def show() -> None:
        seen.append(reproduce.current().title)

    @app.command()
    def other() -> None:
        """Make `show` a command of its own."""

    with pytest.raises(SystemExit):
        app(["show", "--study", str(tmp_path)])
    assert seen == ["Roads and output"]
