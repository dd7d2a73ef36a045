"""Every picture of figures/ is redrawn from its table, and what cannot be says by what command."""

import pandas as pd

from analysis.comparison.figures import PICTURES
from analysis.reporting import gallery
from analysis.shared import plotting
from analysis.shared.outputs import ROOT, Outputs
from analysis.ye2024.decomposition import draw as decomposition
from tests.helpers import report_results


def test_what_there_is_is_drawn_and_the_rest_named(tmp_path):
    report_results.write(tmp_path / "results")
    found = dict(gallery.draw(Outputs(tmp_path)))
    assert {path.name for path in found["decompose"]} == {"decomposition.png", "decomposition.svg"}
    assert {path.stem for path in found["dynamic"]} == {"dynamic_effects"}
    assert {path.stem for path in found["compare"]} == {"forest_headline", "ladder_3.2"}
    assert [command for command, paths in found.items() if not paths] == [
        *("gmm-grid", "sensitivity", "horizon", "power", "calibrate", "reconstruct")
    ]


def test_every_committed_picture_is_one_that_is_redrawn():
    named = {picture.name for picture in PICTURES}
    named |= {"gmm_grid", "decomposition", "reconstruction_distance", "dynamic", "dynamic_effects"}
    named |= {"specification_curve", "specification_curves", "influence", "power"}
    named |= {"calibration", "horizon"}
    stems = {path.stem for path in (ROOT / "figures").iterdir() if path.suffix != ".md"}
    stems = {stem for stem in stems if not stem.startswith(("influence_", "checks_"))}
    assert stems <= named
    for path in (ROOT / "figures").glob("*.png"):
        assert path.with_suffix(".svg").is_file()


def test_a_table_that_is_read_back_draws_the_same(tmp_path):
    table = report_results.decomposition()
    first = plotting.save(decomposition.draw, table, tmp_path / "first")
    table.to_csv(tmp_path / "table.csv", index=False)
    read = pd.read_csv(tmp_path / "table.csv", dtype={"column": str})
    again = plotting.save(decomposition.draw, read, tmp_path / "again")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
