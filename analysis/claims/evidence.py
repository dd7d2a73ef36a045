"""Evidence of a claim from results/: posterior, estimate, ladder, and checks that reverse it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.claims.first_rule import ASKED, MODEL, OF_SIZE, SHARE, finding
from analysis.claims.records import Claim
from analysis.shared.frames import matching, of_the_paper
from analysis.shared.outputs import TEXT
from analysis.shared.products import below
from analysis.shared.products import find as product
from analysis.shared.statistics import CERTAIN, Z
from analysis.specifications import evidence_model, home, select
from data.panels.catalogue import DRAWN, imputed_draws
from data.shared.files import read_csv
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import LADDER, OF_ONE_REGION, Model, find, main_model, models_for
from models.design import Specification

SOURCES = (*product("claims").inputs, *product("claims").reads)
"""Tables in results/ that the ledger reads; missing ones are reported with their commands."""


def read(results: Path) -> dict[str, pd.DataFrame]:
    """Read `SOURCES`; a table that is missing is empty, without columns."""
    paths = {name: below(results, name) for name in SOURCES}
    text = TEXT | dict.fromkeys(("region", "province", "gate", "fits", "fitted_as"), str)
    printed = {"replication": {"published": str}}  # "0.030" keeps its zero, whatever else is there
    tables = {
        name: of_the_paper(read_csv(path, text | printed.get(name, {})))
        if path.is_file()
        else pd.DataFrame()
        for name, path in paths.items()
    }
    return tables | {"comparison": with_draws(tables["comparison"], tables["imputed_posteriors"])}


def with_draws(comparison: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Add the mixtures over all draws of a panel, as rows of a panel such as "official:imputed".

    Parameters
    ----------
    comparison, pooled : DataFrame
        results/comparison.csv and imputed_posteriors.csv. Mixtures that lack a draw are left out.
    """
    if comparison.empty or pooled.empty:
        return comparison
    draws = [len(imputed_draws(name.removesuffix(DRAWN))) for name in pooled["panel"]]
    complete = pooled[(pooled["draws"] == draws) & (pooled["failed"] == 0)]
    columns = [name for name in comparison if name in complete]
    rows = complete[columns].assign(gate="pass", agreement="not assessed")
    return pd.concat([comparison, rows], ignore_index=True)


@dataclass(frozen=True)
class Models:
    """Which models an edition of the rule reads; records are those of whole samples.

    Attributes
    ----------
    main : callable of Specification
        Name of the model that is the evidence.
    asked : callable of Specification
        Names of those that must have been looked at before a verdict is final.
    reverses : callable of Model
        Whether a model, if it was sampled, can reverse a finding.
    """

    main: Callable[[Specification], str]
    asked: Callable[[Specification], list[str]]
    reverses: Callable[[Model], bool]


def _first_main(record: Specification) -> str:
    return main_model(record).name if record.dynamic else MODEL


def _first_asked(record: Specification) -> list[str]:
    names = [model.name for model in models_for(record)]
    return [name for name in ASKED if name in names] or _other_dynamic(record)


def _second_asked(record: Specification) -> list[str]:
    rungs = (*LADDER, *OF_ONE_REGION)
    rungs = [name for name in rungs if find(name).correlated and find(name).fits(record)]
    return [name for name in rungs if name != evidence_model(record)] or _other_dynamic(record)


def _other_dynamic(record: Specification) -> list[str]:
    return [model.name for model in models_for(record) if model.extra and model.dynamic][:1]


FIRST = Models(_first_main, _first_asked, lambda model: model.prior_groups)
SECOND = Models(
    evidence_model,
    _second_asked,
    lambda model: model.prior_groups and (model.correlated or model.dynamic),
)
"""Of the two editions of the rule."""


def posterior(
    claim: Claim, panel: str, tables: Mapping[str, pd.DataFrame], models: Models = SECOND
) -> dict:
    """Return the main model's posterior on a panel and its `finding` by the first rule's point 2.

    Returns
    -------
    dict
        `model, finding`, and where there is a posterior `gate, fits, mean, q025, q975,
        probability` (of the statement; of a size that of its sign) and `agreement`.
    """
    (record,) = select([claim.column])
    home_record, _ = home(record)
    evidence = {"model": models.main(home_record), "finding": "missing"}
    cell = {"panel": panel, "model": evidence["model"], "fitted_column": home_record.column}
    fits = matching(tables["comparison"], **cell, column=claim.column, term=claim.term)
    if len(fits) != 1:
        return evidence
    row = fits.iloc[0]
    evidence |= {name: row[name] for name in ("gate", "fits", "mean", "q025", "q975", "agreement")}
    evidence["probability"] = row["p_same_sign"]
    evidence |= {name: float(row.get(name, np.nan)) for name in ("p_rope", "p_printed")}
    if claim.kind == "no turn":
        turns = matching(
            tables["turning_points"], panel=panel, column=claim.column, term=claim.term
        )
        turns = matching(turns, model=evidence["model"], region="all")
        evidence["probability"] = 1 - turns["p_inside"].iloc[0] if len(turns) == 1 else np.nan
    described = DESCRIBED.get(record.outcome)
    evidence["stands_in_for"] = described.stands_in_for if described else ""
    usable = row["gate"] == "pass" and row["fits"] != "fail"
    if usable and not evidence["stands_in_for"]:
        of_size = claim.kind == "size"
        evidence["finding"] = (
            OF_SIZE[row["agreement"]] if of_size else finding(evidence["probability"])
        )
    return evidence


def estimate(claim: Claim, panel: str, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Return the paper's own estimator on a panel: `coef, se, stars` and other statistics."""
    by_statistic = matching(
        tables["replication"], panel=panel, column=claim.column, term=claim.term
    )
    cells = (
        dict(zip(by_statistic["statistic"], by_statistic["estimated"], strict=True))
        if len(by_statistic)
        else {}
    )
    return {
        name: text_of(value) if name == "stars" else float(value)
        for name, value in cells.items()
        if name == "stars" or value == value
    }


def steps(claim: Claim, panel: str, tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Return the ladder of a claim's cell on a panel."""
    rungs = matching(tables["ladder"], panel=panel, column=claim.column, term=claim.term)
    columns = [
        name for name in ("step", "estimate", "low", "high", "gate", "fits") if name in rungs
    ]
    return rungs[columns].fillna("").to_dict("records")


def reversals(
    claim: Claim,
    panel: str,
    sign: float,
    tables: Mapping[str, pd.DataFrame],
    models: Models = SECOND,
) -> dict[str, list[str] | None]:
    """Return the checks that reverse a finding of a slope with that sign on a panel, by kind.

    Returns
    -------
    dict
        None where nothing made reverses it, and not all that the rule asks for has been made.
        A parabola's turning point is checked by other models alone.
    """
    (record,) = select([claim.column])
    home_record, region = home(record)
    main, required = models.main(home_record), models.asked(home_record)
    cell = {"panel": panel, "column": claim.column, "term": claim.term}
    if claim.kind == "no turn":
        rivals = _rivals(matching(tables["turning_points"], **cell, region="all"), main, models)
        reverses = rivals["p_inside"] > 1 - CERTAIN if len(rivals) else []
        return {"other models": _reversing_models(rivals, required, reverses)}
    rivals = _rivals(matching(tables["comparison"], **cell), main, models)
    if len(rivals):
        rivals = rivals[rivals["fitted_as"].isna() | (rivals["fitted_as"] == "")]
    fit = {"panel": panel, "column": home_record.column, "model": main, "term": claim.term}
    fit |= {"region": region}
    priors = matching(tables["sensitivity_priors"], **fit, quantity="slope", gate="pass")
    provinces = matching(tables["sensitivity_influence"], **fit)
    if len(provinces):
        reach = Z * provinces["sd"]
        provinces = provinces.assign(q025=provinces["mean"] - reach, q975=provinces["mean"] + reach)
    universes = matching(tables["multiverse"], column=claim.column, term=claim.term)
    return {
        "other models": _reversing_models(rivals, required, _reverses(rivals, sign)),
        "other priors": _reversing_rows(priors, "priors", _reverses(priors, sign)),
        "one province less": _reversing_rows(provinces, "province", _reverses(provinces, sign)),
        "multiverse": None
        if universes.empty
        else [
            f"{share:.0%} of universes" for share in universes["share_same_sign"] if share < SHARE
        ],
    }


def _rivals(table: pd.DataFrame, main: str, models: Models) -> pd.DataFrame:
    """Return the rows that passed their gate, of models that can reverse what the main one says."""
    if table.empty:
        return table
    table = table[table["gate"] == "pass"]
    return table[[name != main and models.reverses(find(name)) for name in table["model"]]]


def _reverses(table: pd.DataFrame, sign: float) -> Sequence[bool]:
    """Return which intervals do not exclude the other sign."""
    if table.empty:
        return []
    return (table["q025"] <= 0) if sign > 0 else (table["q975"] >= 0)


def _reversing_models(
    models: pd.DataFrame, required: Sequence[str], reverses: Sequence[bool]
) -> list[str] | None:
    """Name the models that reverse a finding; None if none does and some lack."""
    reversing = _reversing_rows(models, "model", reverses)
    if reversing or reversing is None:
        return reversing
    return reversing if set(required) <= set(models["model"]) else None


def _reversing_rows(table: pd.DataFrame, label: str, reverses: Sequence[bool]) -> list[str] | None:
    """Name the rows that reverse a finding; None if there are no rows."""
    return None if table.empty else table.loc[reverses, label].astype(str).tolist()


MADE_WITH = {
    "other models": "sample {column} --model {model}, then compare",
    "other priors": "sensitivity {column}",
    "one province less": "sensitivity {column}",
    "multiverse": "multiverse",
}
"""The commands that run the checks."""


MORE = " (a fit failed its gate: ask for more --draws)"


def remedy(
    claim: Claim,
    kind: str,
    panel: str,
    tables: Mapping[str, pd.DataFrame],
    models: Models = SECOND,
) -> str:
    """Return the command that makes a check that has not been run on a panel; empty if none can."""
    home_record, _ = home(select([claim.column])[0])
    required = models.asked(home_record)
    if kind == "other models" and not required:
        return ""
    command = MADE_WITH[kind].format(column=home_record.column, model=" --model ".join(required))
    table = tables["turning_points" if claim.kind == "no turn" else "comparison"]
    failed = matching(table, panel=panel, column=claim.column, term=claim.term, gate="fail")
    gate_failed = (
        kind == "other models" and len(failed) and not set(required).isdisjoint(failed["model"])
    )
    return command + (MORE if gate_failed else "")


def text_of(cell: object) -> str:
    """Return a cell's text, "" of a missing one."""
    return cell if isinstance(cell, str) else ""
