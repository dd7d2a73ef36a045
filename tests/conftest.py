"""How property-based tests run: the same few examples each time, many others in `make trust`.

That linear algebra has one thread in each process, that of commands under test, too: the matrices
are small, and threads that wait for each other on busy cores take fifty times as long.

And that Ctrl-C is heard: a shell lets jobs in the background, and what they start, ignore it.

What Python compiles is kept, whatever the environment says: else each core compiles all tests again
in each run, and each command under test all sources.

The collector of garbage passes over what is imported: it lives as long as the process, and is half
a million objects.
"""

import gc
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from threadpoolctl import threadpool_limits

for _library in ("OMP", "OPENBLAS", "MKL"):  # read when a library is loaded, here or in a command
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
threadpool_limits(1)  # of what a plugin has loaded before

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""However slow the machine is."""

settings.register_profile("test", PATIENT, derandomize=True, max_examples=25)
settings.register_profile("trust", PATIENT, max_examples=1_000, database=None, print_blob=True)


FIRST = (
    *("/analysis/ye2024/reconstruction/", "/analysis/simulation/"),
    *("/models/bayesian/", "/models/inference/"),
)
"""Folders whose tests take longest. They begin first, so that no core ends with one of them alone;
and one core has them all, which compiles once what they share: JAX's search, and in the others the
chains of `growth_gibbs` and `dynamic_growth_gibbs` and PyMC's densities of one fit."""


def pytest_configure(config):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("trust" if _trust(config) else "test")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


@pytest.hookimpl(tryfirst=True)  # before the marks are read
def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: [folder not in item.path.as_posix() for folder in FIRST])
    for item in items if _trust(config) else ():
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("trust")


def _trust(config) -> bool:
    return config.option.markexpr == "trust"
