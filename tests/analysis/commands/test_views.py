"""Views: every table that a command or an analysis shows has one, or shows its columns in order."""

import ast

import pandas as pd
import pytest

from analysis.commands.views import VIEWS
from analysis.replication import replicate
from analysis.shared import layout, products
from analysis.shared.outputs import ROOT, TEXT
from analysis.shared.terminal import PLAIN
from analysis.specifications import select
from data.panels.panel import load_panel
from data.ye2024.definitions import COLUMNS
from tests.helpers.rendered import WIDTHS, faults

FOLDERS = ("analysis/commands", "analysis/analyses")
TEXTS = ("official-as_published", "own-her_longer_name"), ("hierarchical", "dynamic_student_t")
NUMBERS = (0.105, 2.0e-6), (-1234.5678, 0.0123), (3000.0, float("nan"))


def named_views() -> set[str]:
    """Return the names of views in calls of `print_frame`, and of tables of analyses."""
    found = set()
    for path in (p for folder in FOLDERS for p in (ROOT / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "print_frame",
                "Table",
            ):
                found |= {a.value for a in node.args[2:3] if isinstance(a, ast.Constant)}
    return found


def test_every_view_that_is_named_is_there():
    assert named_views()
    assert named_views() <= set(VIEWS)


COMMITTED = {
    product.name: path
    for product in products.PRODUCTS
    if product.file.startswith("results/long/")
    and product.file.endswith(".csv")
    and (path := ROOT / product.file).is_file()
}


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_table_fits_a_terminal(name):
    """Its own words and numbers, by its view or, as an analysis without one, from the first on."""
    frame = pd.read_csv(COMMITTED[name], dtype=TEXT).head(12)
    for width in WIDTHS:
        assert faults(frame, VIEWS.get(name, PLAIN), width) == []


def test_estimates_beside_printed_numbers_fit_a_terminal(monkeypatch):
    """Tables in the paper's layout, which `replicate` draws whole: a column and its printed one."""
    drawn = []
    replication = replicate.replicate(load_panel("official", COLUMNS), select(()), draws=99)
    with monkeypatch.context() as patched:
        patched.setattr(replicate.terminal, "draw", lambda *given, **_: drawn.append(given))
        replicate.show(replication)
    assert len(drawn) == 7
    for frame, title, view in drawn:
        for width in WIDTHS:
            assert faults(frame, view, width, wide=True) == [], title


@pytest.mark.parametrize("name", VIEWS)
def test_a_table_of_each_view_fits_its_terminal_and_keeps_its_keys(name):
    view = VIEWS[name]
    names = dict.fromkeys([*view.keys, *view.order, *view.estimates])
    names |= dict.fromkeys(each for pair in view.joined.values() for each in pair)
    numbers = {*view.estimates, *(each for pair in view.joined.values() for each in pair)}
    frame = pd.DataFrame(
        {
            each: NUMBERS[i % 3] if each in numbers or i % 3 else TEXTS[i % 2]
            for i, each in enumerate([*names, *(f"more_{i}" for i in range(12))])
        }
    )
    for width in WIDTHS:
        assert faults(frame, view, width) == []
    left_out = set(layout.fit(frame, view, WIDTHS[0]).left_out)
    assert left_out
    assert not left_out & set(view.keys[:2])
