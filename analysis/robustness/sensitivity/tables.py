"""Sensitivity tables of results/."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.posterior.jobs import Job
from analysis.shared.outputs import TEXT
from analysis.shared.products import below
from data.panels.catalogue import PANELS
from data.shared.files import read_csv
from models.bayesian.registry import MODELS

QUANTITIES = (
    *("slope", "slope_region", "tau_slope", "tau_slope_province", "sigma"),
    *("tau_province", "tau_year", "tau_trend"),
)
"""Reported quantities that are compared, where a model has them."""

JOB = ("panel", "column", "model")
QUANTITY = ("quantity", "term", "region")

TABLES = {
    "provinces": (*JOB, "province", "home", "rows", "elpd", "mcse", "k", "method", "gate", "key"),
    "influence": (
        *(*JOB, "province", "home", "term", "region"),
        *("mean", "sd", "whole_mean", "whole_sd", "shift"),
        *("twfe", "twfe_whole", "twfe_se", "twfe_shift", "key"),
    ),
    "years": (
        *(*JOB, "year", "rows", "k", "method", "gate", "term", "region"),
        *("mean", "sd", "whole_mean", "whole_sd", "shift"),
        *("twfe", "twfe_whole", "twfe_se", "twfe_shift", "key"),
    ),
    "priors": (
        *(*JOB, "priors", *QUANTITY),
        *("mean", "sd", "q025", "q975", "base_mean", "base_sd", "shift", "sd_ratio"),
        *("gate", "key"),
    ),
    "power": (*JOB, *QUANTITY, "scaled", "prior", "likelihood", "diagnosis", "key"),
}
"""The contracts of results/long/sensitivity_<name>.csv.

`home` is the left-out province's region, `region` that of the slope, or "average". `elpd` is the
log density of the province's rows on the paper's scale, `mcse` its Monte Carlo error. `shift` is
the change of the posterior mean in posterior standard deviations (of TWFE: in conventional
standard errors). `scaled` names the prior that is scaled, or "all". `key` identifies what the row
was made from.
"""

COMPARISON = (
    *("panel", "column", "model", "rank", "elpd", "se", "elpd_diff", "dse", "p_worse", "weight"),
    *("provinces", "mcse"),
)
"""The contract of results/long/sensitivity_loo.csv: models of a column on a panel, the best first.

`se` and `dse` are of the sum over provinces and of the paired difference to the best model,
`weight` the model's in the stacked mixture (Yao et al. 2018, *Bayesian Analysis* 13:917–1007).
"""


def path_of(results: Path, name: str) -> Path:
    """Return where one of the tables lies."""
    return below(results, f"sensitivity_{name}")


def tables(results: Path) -> dict[str, pd.DataFrame]:
    """Read `TABLES` from results/; what has not been made is empty."""
    return {name: _read(path_of(results, name), columns) for name, columns in TABLES.items()}


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=columns)
    text = dict.fromkeys((*JOB, *QUANTITY, "key"), str) | TEXT
    return read_csv(path, text).fillna(dict.fromkeys(QUANTITY, ""))


def replaced(table: pd.DataFrame, job: Job, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a fit's rows in place of what it held of the same fit."""
    same = (table[list(JOB)] == pd.Series(identity(job))).all(axis=1)
    parts = [part for part in (table[~same], rows) if len(part)]
    return ordered(pd.concat(parts, ignore_index=True)) if parts else rows


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by fit, whatever order the fits ended in: panels and models as they are listed."""
    listed = {"panel": [kind.name for kind in PANELS], "model": [model.name for model in MODELS]}
    place = {
        name: {label: f"{i:02}" for i, label in enumerate(labels)}
        for name, labels in listed.items()
    }
    by = list(JOB)
    return table.sort_values(
        by,
        key=lambda values: values.map(lambda label: place.get(values.name, {}).get(label, label)),
        kind="stable",
        ignore_index=True,
    )


def identity(job: Job) -> dict[str, str]:
    """Return the columns `JOB` of a fit."""
    return {"panel": job.panel.name, "column": job.specification.column, "model": job.model.name}
