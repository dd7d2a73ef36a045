"""Panels that several files ask for."""

from dataclasses import replace

import pytest

from data.panels.panel import Panel
from tests.helpers.true_panels import simulated_panel


@pytest.fixture(scope="session")
def six_years() -> Panel:
    """Return a simulated panel, small enough for many fits, under a name that panels have."""
    return replace(simulated_panel(seed=6, years=range(2012, 2018)), name="official")
