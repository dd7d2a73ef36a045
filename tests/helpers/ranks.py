"""Made-up ranks, uniform or spoiled."""

import numpy as np

from analysis.simulation.calibration.ranks import DRAWS, Ranks


def shifted(ranks: np.ndarray) -> None:
    ranks[:150] = 0  # too often the smallest


def too_narrow(ranks: np.ndarray) -> None:
    ranks[:75], ranks[75:150] = 0, DRAWS


def drawn(size: int, spoil=None) -> Ranks:
    """Return ranks of thirty parameters, of which one is spoiled."""
    values = np.random.default_rng(1).integers(0, DRAWS + 1, size=(size, 30))
    if spoil:
        spoil(values[:, 3])
    return Ranks({"a": values[:, :10], "b": values[:, 10:]}, np.full(size, DRAWS))
