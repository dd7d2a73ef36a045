"""A draw of the hierarchical model in the coordinates of `models.bayesian.noncentering`."""

from collections.abc import Mapping

import numpy as np
from scipy.linalg import helmert

from models.bayesian import hierarchical
from models.bayesian.noncentering import year_axes
from models.bayesian.within_between import RESOLUTION, WithinBetween

REPLACED = ("slope_offset", "between_year", "year_offset")


def partly_centred(parts: WithinBetween, flat: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Translate a flat draw: the same region slopes and the same year effects."""
    regions = len(parts.design.regions)
    shaped = dict(flat) | {"slope_offset": flat["slope_offset"].reshape(-1, regions)}
    offset = shaped["slope_offset"]
    ratio = np.hypot(1, flat["tau_slope_std"] / RESOLUTION)
    axes, lengths = year_axes(parts)
    tau = flat["tau_year_std"]
    unit = np.where(lengths > 0, RESOLUTION, tau / np.hypot(1, tau / RESOLUTION))
    kept = {name: values for name, values in flat.items() if name not in REPLACED}
    return kept | {
        "slope_contrast": (offset @ helmert(regions).T * ratio[:, None]).ravel(),
        "slope_mean_offset": offset.mean(axis=1),
        "year_contrast": hierarchical.effects(parts, shaped).year @ axes / unit,
    }
