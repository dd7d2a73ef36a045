"""Diagnostics of a trace on the page: its gate, rank plots and energy."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from analysis.posterior import trace
from analysis.robustness.sensitivity.tables import QUANTITIES

BINS = 20
"""Of equal numbers of ranks."""


@dataclass(frozen=True)
class Trace:
    """One trace as the page shows it.

    Attributes
    ----------
    panel, column, model, engine, gate, priors, versions, commit : str
        From its attributes.
    numbers, more : str
        The gate's numbers, and how it was sampled.
    ranks : list of dict
        By `variable`, the `shares` of each chain's draws in each bin of ranks, 1 if even.
    energy : list of dict
        Densities of the energy and of its moves; empty if the engine has no energy.
    """

    panel: str
    column: str
    model: str
    engine: str
    gate: str
    priors: str
    versions: str
    commit: str
    numbers: str
    more: str
    ranks: list[dict]
    energy: list[dict]

    @property
    def name(self) -> str:
        """Name of the trace on the page."""
        return f"{self.panel} {self.column} {self.model}"


def read(path: Path) -> Trace:
    """Read a trace's diagnostics for the page."""
    tree = trace.read(path, without=(*trace.POINTWISE, "prior", "log_prior"))
    attrs = tree.attrs
    numbers = json.loads(attrs["gate_numbers"])
    settings = json.loads(attrs["settings"])
    return Trace(
        panel=attrs["panel"],
        column=attrs["column"],
        model=trace.identity(attrs)["model"],
        engine=attrs["engine"],
        gate=attrs["gate"],
        priors=attrs["priors"],
        versions=attrs["versions"],
        commit=attrs["git_commit"],
        numbers=", ".join(f"{name} {value:.4g}" for name, value in numbers.items()),
        more=f"engine {attrs['engine']}, seed {attrs['seed']}, "
        + ", ".join(f"{name} {value}" for name, value in settings.items()),
        ranks=ranks(tree["posterior"].to_dataset()),
        energy=energy(tree["sample_stats"].to_dataset()),
    )


def ranks(posterior: xr.Dataset) -> list[dict]:
    """Return the rank plots of what the fit reports.

    Parameters
    ----------
    posterior : Dataset
        Dims (chain, draw, …).
    """
    rows = []
    for name in QUANTITIES:
        if name not in posterior:
            continue
        values = posterior[name]
        dims = [dim for dim in values.dims if dim not in ("chain", "draw")]
        stacked = values.stack(element=dims) if dims else values.expand_dims("element")
        stacked = stacked.transpose("element", "chain", "draw")
        for i, draws in enumerate(stacked.to_numpy()):
            if not np.ptp(draws):
                continue
            element = stacked["element"].to_numpy()[i] if dims else ()
            label = (
                " ".join([name, *map(str, element)])
                if isinstance(element, tuple)
                else f"{name} {element}"
            )
            rows.append({"variable": label, "shares": shares(draws)})
    return rows[:MOST]


def energy(statistics: xr.Dataset) -> list[dict]:
    """Return densities of the energy about its mean and of its moves from draw to draw.

    Parameters
    ----------
    statistics : Dataset
        `energy`, dims (chain, draw), if the engine has one.
    """
    if "energy" not in statistics:
        return []
    values = statistics["energy"].transpose("chain", "draw").to_numpy()
    sd = values.std()
    if not np.isfinite(sd) or sd == 0:
        return []
    standardised = {
        "energy": (values - values.mean()) / sd,
        "its moves": np.diff(values, axis=1) / sd,
    }
    edges = np.linspace(-4, 4, 33)
    curves = []
    for kind, curve in standardised.items():
        density, _ = np.histogram(curve, edges, density=True)
        centres = (edges[:-1] + edges[1:]) / 2
        curves += [
            {"kind": kind, "at": round(float(x), 3), "density": round(float(d), 4)}
            for x, d in zip(centres, density, strict=True)
        ]
    return curves


MOST = 12
"""Rank plots of a trace that are kept."""


def shares(draws: NDArray[np.float64]) -> list[list[float]]:
    """Return each chain's share in each bin of ranks over that of even chains.

    Vehtari et al. (2021), *Bayesian Analysis* 16:667–718, section 4.
    """
    rank = stats.rankdata(draws, method="ordinal").astype(np.int64).reshape(draws.shape) - 1
    bin_of_rank = rank * BINS // draws.size
    expected = draws.shape[1] / BINS
    counted = [np.bincount(chain, minlength=BINS) / expected for chain in bin_of_rank]
    return [[round(float(share), 3) for share in chain] for chain in counted]
