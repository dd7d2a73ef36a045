"""The computed parts of the READMEs: each a function from tables of results to Markdown."""

import json
from collections.abc import Iterable, Iterator

import pandas as pd

from analysis.comparison import dynamic, power
from analysis.comparison.captions import failing
from analysis.posterior.inputs import fits_panel
from analysis.replication.dynamic_estimators import dynamic_models
from analysis.replication.replicate import summary
from analysis.robustness import horizon, influence, scale_sweep
from analysis.robustness.multiverse import all_summary, posteriors, summarise
from analysis.robustness.multiverse.universes import labelled
from analysis.shared.digits import with_interval
from analysis.shared.products import readme_rows
from analysis.simulation import recovery
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.judge import failures
from analysis.simulation.calibration.judge import summary as calibrated
from analysis.simulation.dynamic_study import ranking, verdict
from analysis.specifications import HEADLINE, select
from analysis.ye2024 import audit as of_paper
from analysis.ye2024.multiverse import refutation
from data.panels.catalogue import FOLDER, PANELS
from models.bayesian.registry import MAIN, models_for
from models.design import LAG


def matches(replication: pd.DataFrame) -> str:
    """Render how many printed numbers the estimates round to, by table and panel."""
    counts = summary(replication)
    counts["cell"] = counts["matching"].astype(str) + " of " + counts["printed"].astype(str)
    wide = counts.pivot(index="table", columns="panel", values="cell")
    wide = wide[list(dict.fromkeys(counts["panel"]))]
    return markdown(wide.rename(columns="`{}`".format).rename_axis("Table").reset_index())


def reconstruction(replication: pd.DataFrame) -> str:
    """Render how many printed numbers the implied panel meets, and its distance."""
    name = PANELS[-1].name
    checked = replication[(replication["panel"] == name) & replication["matches"].notna()]
    met, stars = checked["matches"].astype(str) == "True", checked["statistic"] == "stars"
    about = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    missed = ", ".join(" ".join(filter(None, cell)) for cell in about["exact_but"])
    met_numbers, met_stars = (met & ~stars).sum(), (met & stars).sum()
    return (
        f"**{met_numbers} of {(~stars).sum()} printed numbers and {met_stars} of {stars.sum()} "
        f"sets of stars are met** (not met: {missed}). All cells of the free series were moved by "
        f"{about['distance_rms_sd']:.3f} standard deviations (root mean square); the first-order "
        f"conditions of the nearest panel hold up to {about['first_order_residual']:.1g} of the "
        "distance: nearest found."
    )


def bounds(ends_of: pd.DataFrame) -> str:
    """Render inner bounds on scalars that the printed numbers do not identify."""
    rows = []
    for scalar, ends in ends_of.groupby("scalar", sort=False):
        ends = ends.set_index("end")
        spans = {
            column: "{:.3f} to {:.3f}".format(*ends.loc[["least", "greatest"], column])
            for column in ("ensemble", "found")
        }
        rows.append(
            {
                "scalar": scalar,
                "`implied`": f"{ends['implied'].iloc[0]:.3f}",
                "ensemble": spans["ensemble"],
                "bounds found": spans["found"],
                "residual": f"{ends['residual'].max():.2f}",
            }
        )
    return markdown(pd.DataFrame(rows))


def autoregressive(estimated: pd.DataFrame) -> str:
    """Render ρ of each dynamic column by panel: printed, some estimators', the model's."""
    (record, *_) = dynamic_models()
    rows = []
    lagged = estimated[estimated["term"] == LAG].sort_values("column", kind="stable")
    for (column, panel), estimates in lagged.groupby(["column", "panel"], sort=False):
        estimates = estimates.set_index("estimator")
        fitted = estimates.loc[record.name]
        names = (dynamic.PUBLISHED, "pooled", "within", "difference_gmm", "system_gmm")
        rows.append(
            {
                "column": f"{column} {select([column])[0].outcome}",
                "panel": f"`{panel}`",
                **{
                    dynamic.label(
                        name
                    ): f"{estimates.loc[name, 'coef']:.3f} ({estimates.loc[name, 'se']:.3f})"
                    for name in names
                },
                "model": with_interval(fitted["coef"], fitted["low"], fitted["high"]),
                "P(ρ ≥ 1)": f"{fitted['p_explosive']:.3f}",
                "diagnostics": fitted["gate"],
            }
        )
    return markdown(pd.DataFrame(rows))


def variants(estimated: pd.DataFrame) -> str | None:
    """Render ρ by column and panel under each dynamic model, None if one is missing."""
    lagged = estimated[estimated["term"] == LAG].sort_values("column", kind="stable")
    columns = select(lagged["column"].unique())
    models = [model for model in dynamic_models() if any(map(model.fits, columns))]
    rows = []
    if not {model.name for model in models} <= set(lagged["estimator"]):
        return None
    for (column, panel), estimates in lagged.groupby(["column", "panel"], sort=False):
        fitted = estimates.set_index("estimator")
        cells = {model.label: _rho(fitted, model.name) for model in models}
        outcome = select([column])[0].outcome
        rows.append({"column": f"{column} {outcome}", "panel": f"`{panel}`", **cells})
    return markdown(pd.DataFrame(rows))


def _rho(fitted: pd.DataFrame, model: str) -> str:
    """Write a posterior's ρ out; empty where it was not sampled."""
    if model not in fitted.index:
        return ""
    row = fitted.loc[model]
    return with_interval(row["coef"], row["low"], row["high"]) + _failed(row)


def _failed(row: pd.Series) -> str:
    why = failing(row["gate"], row.get("fits", ""))
    return f" ({why})" if why else ""


def common_factor(rows: pd.DataFrame) -> str:
    """Render whether dynamic columns are static regressions with AR(1) errors."""
    rows = rows.sort_values("column", kind="stable")
    shown_rows = dynamic.shown_restrictions(rows)
    table = markdown(shown_rows.assign(panel=shown_rows["panel"].map("`{}`".format)))
    counted = rows[rows["panel"].isin([kind.name for kind in PANELS if kind.evidence])]
    return f"{dynamic.of_restrictions(counted)}\n\n{table}"


def simulation(estimated: pd.DataFrame, simulated: pd.DataFrame) -> str:
    """Answer whether ρ > 1 is in the data or estimator bias, with the simulation behind it."""
    answer = verdict.answer(estimated, simulated, dynamic.PUBLISHED)
    recommended, lag, *columns = answer.split("\n\n")
    listed = "\n".join(f"- {column}" for column in columns)
    ranked = verdict.ranking(simulated)
    parts = [f"**{verdict.QUESTION}** {recommended}", _of_rho(simulated, ranked), lag, listed]
    for term, rows in simulated.groupby("term", sort=False):
        size = rows["data_sets"].iloc[0]
        parts.append(f"<details><summary>{term}, {size} data sets a cell</summary>")
        parts.append(markdown(ranking.side_by_side(rows)))
        parts.append("</details>")
    parts += [note] if (note := ranking.far(simulated)) else []
    return "\n\n".join(parts)


def _of_rho(simulated: pd.DataFrame, ranked: pd.DataFrame) -> str:
    """Say how often the recommended estimator's intervals of ρ cover too little."""
    best = ranked.iloc[0]["estimator"]
    rows = rows_with(simulated, {"estimator": best, "term": LAG})
    return (
        f"For ρ alone its intervals cover too little in {(~rows['holds']).sum()} of {len(rows)} "
        f"cells, with {rows['coverage'].mean():.0%} on average: those below are no 95 % intervals. "
        f"With {rows['data_sets'].iloc[0]} data sets a cell, ✗ begins at a coverage of "
        f"{simulated[~simulated['holds']]['coverage'].max():.0%}: less severe faults go unseen."
    )


def multiverse(
    universes_of: pd.DataFrame,
    variance: pd.DataFrame,
    by_errors: pd.DataFrame,
    drawn: pd.DataFrame,
    refuted: pd.DataFrame,
) -> str:
    """Render the multiverse of every slope beside the printed number.

    And the choice with the largest total-effect share of the slopes' variance, posteriors by error
    structure, and what is not counted.
    """
    intro = (
        "Table 5 is by GMM. *Significant*: a 95 % interval beyond zero on the side of the printed "
        "sign, by conventional errors and by errors clustered by province. *Wild bootstrap*: of a "
        "balanced part of them. *Posterior*, *P ≥ 97.5 %*: the main model in a balanced part. "
        "*Largest share*: the choice with the largest total-effect share of the slopes' variance. "
        "Total effects contain interactions, so those of all choices add up to more than 100 %."
    )
    columns = ["column", "term", "printed", "median", "2.5 %", "97.5 %", "printed sign"]
    columns += ["significant", "by province", "wild bootstrap", "below printed"]
    columns += ["posterior: printed sign", "P ≥ 97.5 %"]
    most = variance.loc[variance.groupby(["column", "term"])["total"].idxmax()]
    largest = {
        (v.column, v.term): f"{v.choice.replace('_', ' ')} {v.total:.0%}" for v in most.itertuples()
    }
    rows = summarise.shown(universes_of)[columns]
    keys = zip(rows["column"], rows["term"], strict=True)
    table = rows.assign(**{"largest share": [largest.get(k, "") for k in keys]})
    return "\n\n".join(
        [
            f"{summarise.counts(universes_of, by_errors)} {intro}",
            markdown(table),
            "Posteriors of the same universes by error structure:",
            markdown(posteriors.shown(by_errors[by_errors["column"].isin(HEADLINE)])),
            posteriors.sentence(drawn),
            f"{refutation.sentence(refuted)} {_not_counted(universes_of)}",
        ]
    )


def multiverse_all(every: pd.DataFrame, fractions: pd.DataFrame) -> str:
    """Render posteriors in every distinct universe, and how far the balanced part is from them."""
    drawn = fractions.assign(errors=fractions["errors"].replace(all_summary.WORDS))
    return "\n\n".join(
        [
            all_summary.counts(every),
            markdown(all_summary.shown(every)),
            all_summary.sentence(fractions),
            "<details><summary>The balanced part beside the whole</summary>",
            markdown(labelled(drawn, all_summary.SHOWN_FRACTION)),
            "</details>",
        ]
    )


def _not_counted(universes_of: pd.DataFrame) -> str:
    """Say what the universes that are not counted would have added, of the headline slope."""
    (record,) = select(HEADLINE[:1])
    row = rows_with(universes_of, {"column": record.column, "term": record.interest[0]}).iloc[0]
    return (
        f"Its {row['apart']:,.0f} universes of {record.column} are not counted: "
        f"{row['share_same_sign_apart']:.0%} of them have the printed sign, of those counted "
        f"{row['share_same_sign']:.0%}."
    )


def assumptions(comparison: pd.DataFrame) -> str | None:
    """Render the first headline column's slope under each model, None if one was not sampled."""
    (record,) = select(HEADLINE[:1])
    (term,) = record.interest
    values = {"column": record.column, "fitted_column": record.column, "term": term}
    fits_of_slope, rows = rows_with(comparison, values), []
    for model in models_for(record):
        fits = fits_of_slope[fits_of_slope["model"] == model.name].set_index("panel")
        panels = [kind.name for kind in PANELS if fits_panel(model, kind.name)]
        if not set(panels) <= set(fits.index):
            return None
        rows.append(
            {
                "model": f"`{model.name}`",
                "assumes": model.sentence,
                **{
                    f"`{kind.name}`": slope(fits.loc[kind.name]) if kind.name in panels else ""
                    for kind in PANELS
                },
            }
        )
    return markdown(pd.DataFrame(rows))


def slope(fit: pd.Series) -> str:
    """Write a posterior's slope out, with what is to be doubted of it."""
    return with_interval(fit["mean"], fit["q025"], fit["q975"]) + _failed(fit)


def power_table(power_rows: pd.DataFrame) -> str:
    """Render power and minimum detectable effects of the headline columns."""
    on_panel = power_rows[power_rows["panel"] == PANELS[0].name]
    headline = on_panel[on_panel["column"].isin(HEADLINE)]
    table = markdown(power.shown(headline).drop(columns=["panel", "term"]))
    return f"{power.sentence(on_panel)}\n\n{table}"


def horizon_table(rows: pd.DataFrame) -> str:
    """Render slopes by horizon of the headline columns."""
    return markdown(horizon.summary(rows[rows["column"].isin(HEADLINE)]))


def influence_table(rows: pd.DataFrame) -> str:
    """Render the most influential province and year of the headline's slopes."""
    headline = rows[rows["column"].isin(HEADLINE) & (rows["panel"] == PANELS[0].name)]
    table = markdown(influence.summary(headline).drop(columns=["panel", "term", "slope", "P"]))
    return f"{table}\n\n{_turned(rows)}" if rows["posterior"].notna().any() else table


def _turned(rows: pd.DataFrame) -> str:
    """Say which omissions change the sign of the main model's posterior mean of the headline."""
    official = [kind.name for kind in PANELS if kind.evidence]
    of_slope = rows[(rows["column"] == HEADLINE[0]) & rows["panel"].isin(official)]
    of_slope = of_slope.dropna(subset=["posterior_shift"])
    turned = of_slope[of_slope["posterior"] * of_slope["posterior_whole"] < 0]
    by_name = turned.groupby("left_out", sort=False)["panel"].nunique()
    listed = ", ".join(f"{name} ({count})" for name, count in by_name.items())
    return (
        f"Its posterior mean of {HEADLINE[0]} changes sign without {listed or 'none of them'}; in "
        f"brackets on how many of {of_slope['panel'].nunique()} official panels."
    )


def recovered(rows: pd.DataFrame) -> str | None:
    """Render parameter recovery of the headline columns; None if one is missing."""
    headline = rows[rows["column"].isin(HEADLINE) & (rows["panel"] == PANELS[0].name)]
    if headline["column"].nunique() < len(HEADLINE):
        return None
    return markdown(recovery.shown(headline).drop(columns="panel"))


def calibration(judged: pd.DataFrame) -> str | None:
    """Render the calibrations of all but the main model; None if there are none."""
    return _calibrated(judged, of_main=False)


def calibration_main(judged: pd.DataFrame) -> str | None:
    """Render the calibrations of the main model and its wrong versions; None if there are none."""
    return _calibrated(judged, of_main=True)


def _calibrated(judged: pd.DataFrame, *, of_main: bool) -> str | None:
    """Render the calibrations that were run and missed, and whether SBC passes."""
    cases = [case.name for case in CASES if (case.fitted == MAIN) == of_main]
    judged = judged[judged["case"].isin(cases)]
    if judged.empty:
        return None
    shown_rows = calibrated(judged).drop(columns=["worst", "as expected"])
    failed = failures(judged)
    sentence = f"SBC fails: {', '.join(failed)}." if failed else "SBC passes in every case."
    not_run = [name for name in cases if name not in set(judged["case"])]
    sentence += f" Not run: {'; '.join(not_run)}." if not_run else ""
    return f"{sentence}\n\n{markdown(shown_rows)}"


def unit_root(rows: pd.DataFrame) -> str:
    """Render P(φ > 0.99) by region of the main model under its own priors, and its variants."""
    of_main = rows[rows["model"] == MAIN]
    tables = (scale_sweep.near_unit_root(of_main), scale_sweep.variants(of_main))
    blocks = "\n\n".join(markdown(table.drop(columns="model")) for table in tables)
    heavy = rows_with(of_main, {"scale": scale_sweep.NU, "region": scale_sweep.ALL})[
        "near_unit_root"
    ]
    if heavy.empty:
        return blocks
    return (
        f"{blocks}\n\nUnder Student t errors the largest P(φ > 0.99) of a region lies between "
        f"{heavy.min():.2f} and {heavy.max():.2f}."
    )


def audit() -> str:
    """Render how many comparisons of the audit fit, and the others by check."""
    comparisons = of_paper.audit()
    errors = comparisons[~comparisons["result"].isin(["compatible", "not compatible"])]
    inconsistent = errors[errors["result"] == "inconsistent"]
    lines = [
        f"Of {len(errors)} comparisons of printed numbers with each other, the text and the "
        f"paper's equations, {len(errors) - len(inconsistent)} fit their printing; "
        f"{len(inconsistent)} do not (`python -m analysis audit`):\n"
    ]
    for check, rows in inconsistent.groupby("check", sort=False):
        places = ", ".join(_by_table(dict.fromkeys(rows["place"])))
        lines.append(f"- *{check}* ({len(rows)}): {places}.")
    return "\n".join(lines)


def _by_table(places: Iterable[str]) -> Iterator[str]:
    """Name the table of several places in a row once."""
    before = ""
    for place in places:
        table = " ".join(place.split()[:2])
        yield place.removeprefix(f"{before} ") if table == before else place
        before = table


def find_a_result() -> str:
    """Render the table of every output, its command and its file."""
    return markdown(pd.DataFrame(readme_rows()))


def rows_with(frame: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    """Return the rows that have the given values."""
    return frame[(frame[list(values)] == pd.Series(values)).all(axis=1)]


def markdown(frame: pd.DataFrame) -> str:
    """Render a frame as a Markdown table."""
    rows = [list(map(str, frame.columns)), ["---"] * frame.shape[1]]
    rows += frame.astype(str).to_numpy().tolist()
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
