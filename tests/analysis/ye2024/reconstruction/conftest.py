"""What several files of this folder ask for."""

import pytest

from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.quantities import Quantities
from data.panels.panel import load_panel
from data.ye2024.definitions import COLUMNS


@pytest.fixture(scope="session")
def _once() -> Quantities:
    return run.compiled(load_panel(run.START, COLUMNS).frame)


@pytest.fixture
def compiled_once(monkeypatch, _once) -> None:
    """Compile the derivatives of the printed numbers once for all tests that ask for it."""
    monkeypatch.setattr(run, "compiled", lambda frame: _once)
