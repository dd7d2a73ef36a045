"""Posteriors from Python: a fit as a DataTree, and its PyMC model.

from analysis import fit, model
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pymc as pm
import xarray as xr

from analysis.posterior import sample
from analysis.posterior.jobs import Job, Settings, jobs
from analysis.posterior.sample import split
from analysis.posterior.variants import parse
from analysis.posterior.varied import varied
from analysis.specifications import Study, asked, select
from data.panels.panel import Panel, panel_of
from models.bayesian.registry import find, main_model

Given = str | pd.DataFrame


def fit(
    column: str,
    panel: Given | None = None,
    *,
    model: str | None = None,
    priors: Mapping[str, str] | None = None,
    add: Sequence[str] = (),
    drop: Sequence[str] = (),
    draws: int | None = None,
    tune: int | None = None,
    chains: int = 4,
    seed: int = 1,
    engine: str | None = None,
    study: Study | str | Path | None = None,
) -> xr.DataTree:
    """Sample the posterior of a published column, as `python -m analysis sample` does.

    Parameters
    ----------
    column : str
        A published column, such as "3.2".
    panel : str or DataFrame, optional
        The name of a panel, the path of a file, or rows with the columns `province`, `year` and
        those that the column needs, in any order. By default "official", or the study's data.
    model : str, optional
        A name of `models/README.md`; by default the column's main model.
    priors : mapping of str to str, optional
        Other priors for lines of the model's table, as `{"slope_std": "normal:1"}`, on the
        standardised scale.
    add, drop : sequence of str
        Terms to add, by the panel's columns, and to leave out.
    draws, tune : int, optional
        Per chain; by default the engine's.
    chains, seed : int
        The same seed gives the same draws.
    engine : "collapsed" or "nuts", optional
        By default the model's own.
    study : Study, str or Path, optional
        Another paper's: `Study.load("study.toml")`, or the path of that file or of its folder.

    Returns
    -------
    DataTree
        What a trace file holds (`analysis.posterior.trace`). In `posterior`, dims (chain, draw,
        …): `slope` (term), in units of the outcome per unit of the term; `slope_region`
        (varying, region), if slopes differ by region; `sigma` (region), in units of the outcome;
        and the free variables, whose names end in `_std` where 1 is a standard deviation of the
        outcome. `attrs["gate"]` is "pass" or "fail".

    Raises
    ------
    UserError
        If there is no such column, panel, model or line, or the panel cannot carry the column.
    """
    settings = Settings(draws=draws, tune=tune, chains=chains, seed=seed, engine=engine)
    with asked(study, panel) as source:
        return sample.fit(_job(column, source, model, priors, add, drop, engine), settings)


def model(
    column: str,
    panel: Given | None = None,
    *,
    model: str | None = None,
    priors: Mapping[str, str] | None = None,
    add: Sequence[str] = (),
    drop: Sequence[str] = (),
    study: Study | str | Path | None = None,
) -> pm.Model:
    """Build the PyMC model of a published column, with its data.

    Parameters
    ----------
    column, panel, model, priors, add, drop, study
        As `fit` takes them.

    Returns
    -------
    pm.Model
        Observed is `y`, dims (obs,). Free variables have dims, whose labels are its coords, and
        are on the standardised scale: `slope_std` (coefficient) is the outcome's standard
        deviations per standard deviation of the term, over the rows of the sample, so that times
        sd(outcome) / sd(term) it is the slope on the paper's scale. `PyMC` scales the priors of
        effects, too, when it computes `log_prior`: name lines of the table to `arviz.psense` as
        `prior_var_names`.

    Raises
    ------
    UserError
        As `fit`.
    """
    with asked(study, panel) as source:
        job = _job(column, source, model, priors, add, drop, None)
        return job.model.module.build(split(job), job.priors)


def _job(
    column: str,
    panel: Given | Panel,
    model: str | None,
    priors: Mapping[str, str] | None,
    add: Sequence[str],
    drop: Sequence[str],
    engine: str | None,
) -> Job:
    variant = parse([f"{line}={prior}" for line, prior in (priors or {}).items()], add, drop)
    (record,) = select([column])
    chosen = find(model) if model else main_model(record)
    loaded = panel_of(panel, chosen.reads(variant.specification(record)))
    (job,) = varied(jobs([loaded], [record], [chosen.name]), variant, engine, named=True)
    return job
