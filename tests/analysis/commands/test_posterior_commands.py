"""What a user of an own panel types after another: sample, diagnose, check, compare in part."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from analysis.analyses import ANALYSES
from analysis.commands import analyses, comparison, posterior, sampling
from analysis.commands.views import VIEWS
from analysis.posterior import trace
from analysis.posterior.jobs import Job, Settings, path_of
from analysis.posterior.sample import fit
from analysis.shared import terminal
from analysis.shared.layout import View
from analysis.shared.outputs import Outputs
from analysis.specifications import select
from data.panels.panel import load_panel
from data.shared.errors import UserError
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import fit_of
from tests.helpers.rendered import WIDTHS, faults
from tests.helpers.true_panels import simulated_panel

MODELS = ["mundlak", "flat"]


@dataclass
class Session:
    """A user's panel, the folder of outputs, and by command what was said and shown."""

    path: Path
    out: Path
    said: dict[str, str] = field(default_factory=dict)
    shown: dict[str, list[tuple[pd.DataFrame, str, View]]] = field(default_factory=dict)

    def run(self, command, *arguments) -> None:
        name = command.__name__
        self.shown[name] = []
        with pytest.MonkeyPatch.context() as patch, terminal.console.capture() as captured:
            keep = lambda *table: self.shown[name].append(table)  # noqa: E731
            patch.setattr(terminal, "show", keep)
            command(*arguments, out=self.out)
        self.said[name] = captured.get()


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Session:
    folder = tmp_path_factory.mktemp("her")
    path, (record,) = folder / "her data.csv", select(["3.2"])
    simulated_panel(seed=6, years=range(2012, 2018)).frame.to_csv(path, index=False)
    panel, done = load_panel(str(path), record.variables), Session(path, folder / "out")
    for name in MODELS:
        job = Job(panel, record, find(name))
        at = path_of(job, Outputs(done.out).traces)
        at.parent.mkdir(parents=True, exist_ok=True)
        trace.store(trace.encode(fit(job, Settings())), at)
    done.run(posterior.sample, ["3.2"], [str(path)], MODELS)
    done.run(comparison.compare, ["3.2"], [str(path)], MODELS)
    assert not (done.out / "results").exists()
    assert not (done.out / "figures").exists()
    done.run(posterior.diagnose)

    def check(out: Path) -> None:
        (record,) = (each for each in ANALYSES if each.command == "check")
        analyses.run(record, out, columns=["3.2"], panel=[str(path)], model=["flat"])

    done.run(check)
    return done


def test_sampling_ends_with_slope_interval_printed_number_trace_and_next_command(session):
    said = session.said["sample"]
    assert "2 of 2 traces are up to date" in said
    frame = next(frame for frame, _, view in session.shown["sample"] if view is VIEWS["slopes"])
    draws = trace.read(session.out / "traces/own-her_data/3.2-flat.nc")["posterior"]["slope"]
    draws, row = draws.sel(term="indus"), frame.set_index("model").loc["flat"]
    assert row["mean"] == pytest.approx(float(draws.mean()))
    assert row["q025"] == pytest.approx(float(draws.quantile(0.025)))
    assert (row["published"], row["published_se"]) == (0.105, 0.031)
    assert "trace: traces/own-her_data/3.2-flat.nc" in said
    assert " ".join(said.split()).endswith(
        f"Next: python -m analysis compare 3.2 --panel '{session.path}' --model mundlak "
        f"--model flat --out {session.out}"
    )  # fmt: skip


def test_a_part_is_compared_with_differences_between_models_and_nothing_is_written(session):
    beside, *_, differences = (frame for frame, _, _ in session.shown["compare"])
    assert set(beside["model"]) == set(MODELS)
    assert differences["elpd_diff"].max() == 0
    assert (differences["se_diff"] > 0).sum() == 1
    assert "Shown in part" in session.said["compare"]
    with pytest.raises(UserError, match="no trace of these"):
        comparison.compare(["3.2"], ["elsewhere.csv"], out=session.out)


def test_own_panels_are_found_by_their_files(session):
    *_, (loo, _, _) = session.shown["check"]
    assert loo[["panel", "model"]].to_numpy().tolist() == [["own-her_data", "flat"]]


def test_a_trace_of_another_file_of_the_same_name_is_not_shown_without_a_word(session, tmp_path):
    same = "of another version"
    assert not any(same in said for said in session.said.values())
    other = tmp_path / session.path.name
    other.write_text(session.path.read_text().replace("2017", "2018"))
    (of_check,) = (each for each in ANALYSES if each.command == "check")

    def check(out: Path) -> None:
        analyses.run(of_check, out, columns=["3.2"], panel=[str(other)], model=["flat"])

    before = dict(session.said), dict(session.shown)
    session.run(comparison.compare, ["3.2"], [str(other)], MODELS)
    session.run(posterior.diagnose, ["3.2"], [str(other)], ["flat"])
    session.run(comparison.hypothesis, None, "3.2", str(other), "flat")
    session.run(check)
    said = {name: session.said[name] for name in ("compare", "diagnose", "hypothesis", "check")}
    session.said, session.shown = before
    for name, words in said.items():
        notice, found, _ = " ".join(words.split()).partition(f": {same}")
        assert found, name
        assert "own-her_data/3.2-flat.nc" in notice, name


def test_each_table_of_these_commands_fits_its_terminal(session):
    tables = [table for shown in session.shown.values() for table in shown]
    assert len(tables) == 8
    for frame, title, view in tables:
        for width in WIDTHS:
            assert faults(frame, view, width) == [], title
            assert faults(frame, view, width, wide=True) == [], title


def test_many_regions_are_said_to_be_slow(capsys, monkeypatch):
    monkeypatch.setattr(terminal.console, "_width", 300)
    (record,) = select(["3.2"])
    frame = fit_of("3.2", "growth").panel.frame
    place = pd.factorize(frame["province"])[0]
    for width, slow in ((3, True), (8, False)):
        arrays = design(frame.assign(region=(place // width).astype(str)), record)
        sampling.say_slow([("growth", find("growth").split(arrays, record))])
        said = capsys.readouterr().out
        assert ("growth has four parameters in each of 11 regions" in said) == slow


def test_fits_of_named_columns_are_diagnosed_and_drawn_and_no_table_is_written(session):
    before = sorted((session.out / "results").iterdir())
    session.run(posterior.diagnose, ["3.2"], [str(session.path)], ["flat"], True)
    assert sorted((session.out / "results").iterdir()) == before
    drawn = sorted((session.out / "figures/fits/own-her_data").glob("3.2-flat-*.png"))
    assert [path.stem.rpartition("-")[2] for path in drawn] == ["khat", "ppc", "psense", "rank"]
    assert "Files drawn: 8. Fits: 1." in session.said["diagnose"]
    (shown,) = (frame for frame, *_ in session.shown["diagnose"])
    assert list(shown["model"]) == ["flat"]
    with pytest.raises(UserError, match="Name the columns"):
        posterior.diagnose(pictures=True, out=session.out)


def test_diagnose_names_the_command_that_compares(session):
    said = " ".join(session.said["diagnose"].split())
    _, _, following = said.rpartition("Next: python -m analysis ")
    assert following.startswith("compare ")
    assert following.endswith(f" --out {session.out}")
