"""The distances of the panel `implied` are not replaced by those of another panel."""

from types import SimpleNamespace

import pytest

from analysis.commands import reconstruction
from analysis.shared.products import find
from analysis.ye2024.reconstruction import run
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
