"""What is run: specifications, replication, sampling, diagnosis, comparison.

From Python: `from analysis import fit, model, replicate`. Each is imported when it is first asked
for, since every module here imports this file, and those that estimate see no printed number.
"""

from importlib import import_module
from typing import Any

DOOR = {
    "fit": "analysis.posterior.door",
    "model": "analysis.posterior.door",
    "replicate": "analysis.replication.door",
}
"""Where the functions lie that are for users of Python, by name."""

__all__ = ["fit", "model", "replicate"]


def __getattr__(name: str) -> Any:
    """Return a function of `DOOR`."""
    if name not in DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(DOOR[name]), name)
