"""Commands under test that do their tasks in the process of the test."""

import pytest

from analysis.posterior import sample
from analysis.robustness.sensitivity import study
from analysis.shared import parallel
from analysis.simulation import power, recovery
from analysis.simulation.calibration import ranks


def stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks run in this process: what is patched holds, and no worker has to start."""
    for module in (parallel, power, ranks, recovery, sample, study):
        monkeypatch.setattr(module, "spread", lambda task, inputs, *_, **__: map(task, inputs))
