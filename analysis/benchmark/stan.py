"""brms and rstanarm: a problem in their formulas, their draws under the PyMC model's names.

Both are given every column, labels as codes, and no constant of their own: brms and rstanarm would
otherwise put their priors on the constant of centred regressors.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.linalg import helmert

from analysis.benchmark.contenders import KEPT, Draws, Problem
from models.bayesian import bambi_check
from models.bayesian.bambi_check import FormulaData
from models.bayesian.within_between import WithinBetween
from models.priors import Priors

LABELS = {"province": "p", "year": "t", "region": "r"}
"""Columns of labels, and the prefix of their codes."""


def write(problem: Problem, data: Path, specification: Path) -> None:
    """Write the data as CSV and the regression as JSON."""
    frame, words = STATED[problem.kind](problem.parts, problem.record.priors)
    frame.to_csv(data, index=False)
    specification.write_text(json.dumps(words), encoding="utf-8")


def read(problem: Problem, message: Mapping) -> tuple[Draws, xr.Dataset]:
    """Return the draws that R wrote, and the sampler's statistics."""
    draws, chains, names = message["draws"], message["chains"], message["names"]
    numbers = np.fromfile(message["path"])
    size = draws * chains
    values = numbers[: size * len(names)].reshape(len(names), chains, draws)
    by_name = dict(zip(names, values, strict=True))
    kept = numbers[size * len(names) :].reshape(len(KEPT), chains, draws)
    statistics = {
        name: (("chain", "draw"), v if name == "energy" else v > 0)
        for name, v in zip(KEPT, kept, strict=True)
    }
    return READ[problem.kind](problem.parts, by_name), xr.Dataset(
        statistics, attrs={"sampler": "nuts"}
    )


def _codes(design, name: str) -> list[str]:
    n = {"province": design.provinces, "year": design.years, "region": design.regions}[name]
    return [f"{LABELS[name]}{code}" for code in range(len(n))]


# --- pooled effects: brms ---------------------------------------------------------------------


def _formula(formula_data: FormulaData, priors: Priors) -> tuple[pd.DataFrame, dict]:
    frame, design = bambi_check.frame(formula_data), formula_data.design
    for name in LABELS:
        frame[name] = np.array(_codes(design, name))[getattr(design, name)]
    mean, sigma = bambi_check.formula(formula_data)
    lines = [_normal(priors["const_std"].scale, **{"class": "b", "coef": "Intercept"})]
    kinds = {"within": "slope_std", "p": "between_province", "q": "between_year"}
    for kind, name in kinds.items():
        for term in design.terms:
            lines.append(_normal(priors[name].scale, **{"class": "b", "coef": f"{kind}_{term}"}))
    groups = {"province": "tau_province_std", "year": "tau_year_std", "region": "tau_slope_std"}
    for group, name in groups.items():
        lines.append(_normal(priors[name].scale, **{"class": "sd", "group": group}))
    residual = priors["sigma_std"]
    lines.append(
        {
            "prior": f"normal({np.log(residual.centre)!s}, {residual.scale})",
            "class": "b",
            "dpar": "sigma",
        }
    )
    words = {
        "formula": [mean.replace("y ~ 1", "y ~ 0 + Intercept"), sigma],
        "priors": lines,
        "labels": list(LABELS),
    }
    return frame, words


def _normal(scale: float, **columns: str) -> dict[str, str]:
    return {"prior": f"normal(0, {scale})", **columns}


def _from_brms(formula_data: FormulaData, draws: Mapping[str, NDArray[np.float64]]) -> Draws:
    """Name brms's draws as Bambi names its own, and those as the PyMC model does."""
    design = formula_data.design
    named = {"Intercept": (("chain", "draw"), draws["b_Intercept"])}
    for kind in ("within", "p", "q"):
        for term in design.terms:
            named[f"{kind}_{term}"] = (("chain", "draw"), draws[f"b_{kind}_{term}"])
    effects = [("1", "province", "Intercept"), ("1", "year", "Intercept")]
    effects += [(f"within_{term}", "region", f"within_{term}") for term in formula_data.varying]
    coords = {name: list(map(str, getattr(design, f"{name}s"))) for name in LABELS}
    for effect, group, coefficient in effects:
        columns = [draws[f"r_{group}[{code},{coefficient}]"] for code in _codes(design, group)]
        named[f"{effect}|{group}"] = (("chain", "draw", group), np.stack(columns, axis=-1))
        scale = draws[f"sd_{group}__{coefficient}"]
        named[f"{effect}|{group}_sigma"] = (("chain", "draw"), scale)
    columns = [draws[f"b_sigma_region{code}"] for code in _codes(design, "region")]
    named["sigma_region"] = (("chain", "draw", "region"), np.stack(columns, axis=-1))
    return bambi_check.from_bambi(formula_data, xr.Dataset(named, coords))


# --- dummies: rstanarm ------------------------------------------------------------------------


def _dummies(parts: WithinBetween, priors: Priors) -> tuple[pd.DataFrame, dict]:
    """State the year effects, which sum to zero, by their coordinates."""
    blocks = {
        "slope_std": parts.within,
        "province_std": parts.in_province,
        "year_std": parts.in_year @ helmert(len(parts.design.years)).T,
    }
    columns = {
        f"{name}_{i}": column for name, block in blocks.items() for i, column in enumerate(block.T)
    }
    scale = [priors[name].scale for name, block in blocks.items() for _ in block.T]
    words = {
        "formula": f"y ~ 0 + {' + '.join(columns)}",
        "scale": scale,
        "sigma": priors["sigma_std"].scale,
        "labels": [],
    }
    return pd.DataFrame({"y": parts.y, **columns}), words


def _from_rstanarm(parts: WithinBetween, parameters: Mapping[str, NDArray[np.float64]]) -> Draws:
    basis = helmert(len(parts.design.years)).T
    sizes = {
        "slope_std": len(parts.design.terms),
        "province_std": len(parts.design.provinces),
        "year_std": basis.shape[1],
    }
    draws = {
        name: np.stack([parameters[f"{name}_{i}"] for i in range(size)], axis=-1)
        for name, size in sizes.items()
    }
    draws["year_std"] = draws["year_std"] @ basis.T
    return draws | {"sigma_std": parameters["sigma"][..., None]}


STATED = {"by_formula": _formula, "dummies": _dummies}
READ = {"by_formula": _from_brms, "dummies": _from_rstanarm}
