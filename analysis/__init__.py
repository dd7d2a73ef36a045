"""What is run: specifications, replication, sampling, diagnosis, comparison.

From Python: `from analysis import Study, fit, model, replicate`. Each is imported when it is first
asked for, since every module here imports this file, and those that estimate see no printed number.
"""

from importlib import import_module
from typing import Any

DOOR = {
    "Study": "analysis.specifications",
    "fit": "analysis.posterior.door",
    "model": "analysis.posterior.door",
    "replicate": "analysis.replication.door",
}
"""Where the functions and the class lie that are for users of Python, by name."""

__all__ = ["Study", "fit", "model", "replicate"]


def __getattr__(name: str) -> Any:
    """Return what `DOOR` names."""
    if name not in DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(DOOR[name]), name)
