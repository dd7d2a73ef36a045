"""The distances of the panel `implied` are not replaced by those of another panel.

And what Ctrl-C leaves of a search: its checkpoint, from which the same command goes on.
"""

import signal
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis import __main__ as cli
from analysis.commands import reconstruction
from analysis.shared.products import find
from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.nearest import Point, Program
from analysis.ye2024.reconstruction.problem import Problem
from analysis.ye2024.reconstruction.targets import Target
from data.panels.catalogue import FOLDER


@pytest.mark.parametrize(
    ("declare", "save", "of_paper"),
    [("p", FOLDER, True), ("z", FOLDER, False), ("p", None, False)],
    ids=["the panel itself", "other settings", "another folder"],
)
def test_distances_of_another_panel_lie_beside_it(tmp_path, monkeypatch, declare, save, of_paper):
    asked, recorded = [], []

    def found(settings, folder, tell):
        return SimpleNamespace(settings=settings, start_sha256="0")

    monkeypatch.setattr(run, "reconstruct", found)
    monkeypatch.setattr(run, "summary", lambda outcome: "")
    monkeypatch.setattr(run, "write", lambda outcome, *folders: asked.extend(folders) or [])
    monkeypatch.setattr(reconstruction, "record", lambda *given: recorded.append(given[0]))
    save = save or tmp_path / "hers"
    reconstruction.reconstruct(
        seed=1, spread=0.0, declare=declare, save=save, out=tmp_path, approaches=None
    )
    panels, tables, figures = asked
    assert panels == save
    if of_paper:
        assert (tables, figures) == (tmp_path / "results", tmp_path / "figures")
        assert recorded == [find("distance")]
    else:
        assert tables == figures
        assert tables.parent == save
        assert tables.name.startswith("implied-")
        assert recorded == []


def toy(start, evaluated):
    """Return a search whose one number is the mean move of all cells, and count evaluations."""
    shape = (len(run.SERIES), len(start))
    n = shape[0] * shape[1]
    unit = start[list(run.SERIES)].to_numpy().T.std(axis=1, ddof=1, keepdims=True)

    def evaluate(z):
        evaluated()
        row = np.full((1, n), 1 / np.sqrt(n))
        return Point(row @ z, row, np.array([1.0]), np.array([1.1]))

    target = Target(("2", "indus", "mean"), 1.0, 1.1, (("2", "indus", "mean"),))
    limit = np.full(n, 9.0)
    return Problem(start, run.SERIES, unit, (target,), (), Program(evaluate, -limit, limit))


def test_ctrl_c_leaves_a_whole_checkpoint_and_the_search_goes_on(tmp_path, monkeypatch):
    """The signal comes at the third evaluation: the test is of the command, not of the search."""
    counts, found, at = [0], [], 3

    def evaluated():
        counts[-1] += 1
        if len(counts) == 2 and counts[-1] == at:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run, "compiled", lambda frame: None)
    monkeypatch.setattr(run, "setup", lambda start, *_: toy(start, evaluated))
    monkeypatch.setattr(run, "summary", lambda outcome: found.append(outcome.at.z) or "")
    monkeypatch.setattr(run, "write", lambda *_: [])
    codes = []
    for name in ("straight", "cut", "cut"):
        words = ["reconstruct", "--approaches", "8", "--out", str(tmp_path / name)]
        words += ["--save", str(tmp_path / "panels")]
        codes.append(CliRunner().invoke(cli.app, words).exit_code)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        assert [path.parent.name for path in files] == ["reconstruct"]
        assert run.restore(files[0])
        counts.append(0)
    assert codes == [0, 130, 0]
    straight, cut, resumed, _ = counts
    assert cut == at
    assert resumed < straight
    np.testing.assert_array_equal(*found)
