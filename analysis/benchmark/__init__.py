"""Benchmarks of the project against other programs, and of its cost by size.

Every program runs in a process of its own on this machine, which should be idle: other work on it
slows programs of several threads the most.
"""

import os

from analysis.shared.outputs import ROOT

OPENBLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Settings for one kind of processor, which slow others down: no program inherits them."""


def environment() -> dict[str, str]:
    """Return the environment of a program that is timed; this project's modules can be found."""
    kept = {name: value for name, value in os.environ.items() if name not in OPENBLAS}
    return kept | {"PYTHONPATH": str(ROOT)}
