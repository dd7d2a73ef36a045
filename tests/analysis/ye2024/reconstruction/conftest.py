"""What several files of this folder ask for."""

from collections.abc import Iterator

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from analysis.ye2024.reconstruction import bounds, run
from analysis.ye2024.reconstruction.quantities import Quantities
from analysis.ye2024.reconstruction.scalars import scalars
from data.panels.panel import load_panel
from data.ye2024.definitions import COLUMNS


@pytest.fixture(scope="session", autouse=True)
def compiled_by_an_earlier_run(request) -> None:
    """Keep machine code beside what pytest keeps, by what is computed and how it is compiled."""
    if hasattr(request.config, "cache"):
        jax.config.update("jax_compilation_cache_dir", str(request.config.cache.mkdir("jax")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
        compilation_cache.reset_cache()  # it may have found, before, that there was no folder


@pytest.fixture(autouse=True)
def quickly_compiled() -> Iterator[None]:
    """Compile in half the time what runs for seconds here, and for an hour in a search."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture(scope="session")
def _once() -> Quantities:
    return run.compiled(load_panel(run.START, COLUMNS).frame)


@pytest.fixture(scope="session")
def open_scalars() -> Quantities:
    """Return the scalars that the tables leave open, for any balanced panel of the provinces."""
    return scalars(load_panel(run.START, COLUMNS).frame, run.SERIES)


@pytest.fixture
def compiled_once(monkeypatch, _once, open_scalars) -> None:
    """Compile the derivatives of all these numbers once for all tests that ask for it."""
    monkeypatch.setattr(run, "compiled", lambda frame: _once)
    monkeypatch.setattr(bounds, "scalars", lambda *_: open_scalars)
