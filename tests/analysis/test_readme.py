"""The README's computed parts: put between their marks, from the tables, and up to date."""

import pytest

from analysis import readme
from analysis.outputs import ROOT
from data.errors import UserError
from tests.results import comparison, replication


def test_a_body_goes_between_its_marks_and_nothing_else_changes():
    begin, end = readme.BEGIN.format(name="a"), readme.END.format(name="a")
    text = f"before\n{begin}\nold\n{end}\nafter"
    once = readme.rewrite(text, {"a": "new | \\1"})
    assert once == f"before\n{begin}\nnew | \\1\n{end}\nafter"
    assert readme.rewrite(once, {"a": "new | \\1"}) == once


def test_a_missing_mark_is_named():
    with pytest.raises(UserError, match="end of a"):
        readme.rewrite(readme.BEGIN.format(name="a"), {"a": "new"})


def test_the_headline_shows_published_estimate_and_posterior():
    lines = readme.headline(replication(), comparison()).splitlines()
    east = next(line for line in lines if "8.1" in line)
    assert "0.312*** (0.103)" in east
    assert "0.200** (0.100)" in east
    assert "0.150 [-0.050, 0.350]" in east
    assert "0.900 | pass | uncertain" in east
    assert len(lines) == 2 + 4


def test_filled_cells_are_counted_from_the_dataset():
    text = readme.filled(replication(), comparison())
    assert "5,642 indicator cells" in text
    assert text.startswith("**13.3%")


def test_every_computed_part_has_its_marks_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.rewrite(text, dict.fromkeys(readme.BLOCKS, "x")) != text
    assert readme.filled(replication(), comparison()) in text
