"""ArviZ's own pictures of a trace: ranks, replicates, Pareto k̂ and power-scaled posteriors.

ArviZ draws them, by arviz-plots; here is chosen what they show, and a key where there is none.

Sources: Vehtari et al. (2021), *Bayesian Analysis* 16:667–718 (ranks); Gabry et al. (2019),
*Journal of the Royal Statistical Society A* 182:389–402 (predicted data sets); Vehtari, Gelman &
Gabry (2017), *Statistics and Computing* 27:1413–1432 (k̂); Kallioinen et al. (2024),
*Statistics and Computing* 34:57 (power-scaling).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.posterior.loo import TRUSTED_K, leave_rows_out
from analysis.posterior.trace import identity, read
from analysis.shared.plotting import PALETTE, inches, key, save
from analysis.specifications import select
from models.design import LAG

REPLICATES = 50
"""Drawn of a posterior's predictions, evenly spaced."""

SCALED = (0.8, 1.25)
"""Powers of prior and likelihood."""

COLOURS = (PALETTE[0], "black", PALETTE[5])
"""Of these powers, with that of the posterior itself between them."""

SHOWN = ("slope", "slope_region", "sigma")
"""What ranks are drawn of."""


@dataclass(frozen=True)
class Picture:
    """A picture of a trace: the end of its file's name, the group of the trace that it needs."""

    name: str
    needs: str
    draw: Callable[[xr.DataTree], Figure]
    caption: str


def ranks(tree: xr.DataTree) -> Figure:
    """Draw each slope's density by chain, beside the ECDF of its ranks less the uniform one."""
    posterior = tree["posterior"].to_dataset()
    names = [name for name in SHOWN if name in posterior]
    rows = sum(posterior[name].sel(_terms(tree, posterior[name]))[0, 0].size for name in names)
    return _figure(
        az.plot_rank_dist(
            tree,
            var_names=names,
            coords=_terms(tree, posterior["slope"]),
            compact=False,
            visuals={"label": {"size": 7}, "xlabel_rank": {"size": 7}},
            color=PALETTE,
            figure_kwargs=_size(1.15 * rows + 0.3),
        )
    )


def replicates(tree: xr.DataTree) -> Figure:
    """Draw the density of the outcome, and of so many data sets that the model predicts."""
    draws = tree["posterior_predictive"].to_dataset().stack(sample=("chain", "draw"))
    spaced = np.linspace(0, draws.sizes["sample"] - 1, REPLICATES).astype(int)
    few = draws.isel(sample=spaced).drop_vars(("sample", "chain", "draw"))
    groups = {
        "posterior_predictive": few.rename(sample="draw").expand_dims("chain"),
        "observed_data": tree["observed_data"].to_dataset(),
    }
    figure = _figure(
        az.plot_ppc_dist(
            xr.DataTree.from_dict(groups),
            var_names=["y"],
            num_samples=REPLICATES,
            visuals={"title": False, "predictive_dist": {"color": PALETTE[0], "alpha": 0.25}},
            figure_kwargs=_size(2.6),
        )
    )
    for axes in figure.axes:
        axes.set_xlabel(select([tree.attrs["column"]])[0].outcome)
    lines = (("black", "data"), (PALETTE[0], f"{REPLICATES} predicted data sets"))
    key(figure, [Line2D([], [], color=colour, label=label) for colour, label in lines])
    return figure


def khat(tree: xr.DataTree) -> Figure:
    """Draw Pareto k̂ of each row left out, in the order of provinces and years."""
    figure = _figure(
        az.plot_khat(
            leave_rows_out(tree)[0],
            hline_values=[TRUSTED_K],
            visuals={
                "khat": {"color": PALETTE[0], "size": 10},
                "hlines": {"color": PALETTE[-1]},
                "title": False,
            },
            figure_kwargs=_size(2.6),
        )
    )
    for axes in figure.axes:
        axes.set_xlabel("row left out, by province and year")
        axes.set_ylabel("Pareto k̂")
    return figure


def sensitivity(tree: xr.DataTree) -> Figure:
    """Draw the slopes of interest with prior and likelihood raised to a power."""
    coords = _terms(tree, tree["posterior"]["slope"])
    figure = _figure(
        az.plot_psense_dist(
            tree,
            var_names=["slope"],
            coords=coords,
            prior_var_names=list(tree["log_prior"].data_vars),
            alphas=SCALED,
            kind="ecdf",
            ci_kind="eti",
            ci_prob=0.95,
            color=COLOURS,
            figure_kwargs=_size(2.2 * coords["term"].size + 0.4),
        )
    )
    for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)):
        if legend:
            legend.remove()  # it hides titles
    powers = (SCALED[0], 1, SCALED[1])
    key(
        figure,
        [
            Line2D([], [], color=colour, label=f"to the power of {power}")
            for colour, power in zip(COLOURS, powers, strict=True)
        ],
    )
    return figure


PICTURES = (
    Picture(
        *("rank", "posterior", ranks),
        "Densities by chain, and the empirical distribution of fractional ranks less the uniform "
        "one, of slopes and residual scales.",
    ),
    Picture(
        *("ppc", "posterior_predictive", replicates),
        "The outcome’s density and those of data sets drawn from the posterior predictive "
        "distribution.",
    ),
    Picture(
        *("khat", "log_likelihood", khat),
        "Pareto k̂ of leaving out each row. Above the line PSIS-LOO is not reliable for a row.",
    ),
    Picture(
        *("psense", "log_prior", sensitivity),
        "Posterior of the slopes of interest with prior and with likelihood raised to a power.",
    ),
)


def draw(path: Path, folder: Path) -> Iterator[Path]:
    """Draw the pictures of a trace; yield PNG and SVG of each.

    Parameters
    ----------
    path : Path
        Of the trace.
    folder : Path
        Files go to <folder>/<panel>/<column>-<model>-<picture>.
    """
    tree = read(path, without=("prior_predictive",))
    about = identity(tree.attrs)
    for picture in (picture for picture in PICTURES if picture.needs in tree.children):
        stem = folder / about["panel"] / f"{about['column']}-{about['model']}-{picture.name}"
        stem.parent.mkdir(parents=True, exist_ok=True)
        yield from save(picture.draw, tree, stem, picture.caption)


def _size(height: float) -> dict[str, object]:
    """Return what a figure of a height, in inches, is made with."""
    return {"figsize": (inches(), height), "layout": "constrained"}


def _figure(collection: az.PlotCollection) -> Figure:
    """Return the figure of a collection, which pyplot then forgets."""
    figure = collection.viz["figure"].item()
    plt.close(figure)
    return figure


def _terms(tree: xr.DataTree, slopes: xr.DataArray) -> dict[str, np.ndarray]:
    """Return the terms of interest and the lag, as coordinates of a variable."""
    if "term" not in slopes.dims:
        return {}
    wanted = (*select([tree.attrs["column"]])[0].interest, LAG)
    terms = slopes["term"].to_numpy()
    return {"term": terms[np.isin(terms, wanted)]}
