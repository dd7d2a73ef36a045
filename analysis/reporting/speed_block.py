"""The part of a README that says how fast fits and estimations are, from the benchmarks' tables."""

import pandas as pd

from analysis.benchmark import samplers
from analysis.benchmark.fits import BEFORE
from analysis.reporting.readme_blocks import markdown
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.products import below, find
from analysis.shared.provenance import record_of


def speed(fits: pd.DataFrame, estimations: pd.DataFrame) -> str:
    """Say how many CPU seconds fits take, and how many times as many elsewhere."""
    lines = []
    for row in fits.to_dict("records"):
        line = f"- `{row['model']}`, column {row['column']}: {_seconds(row['cpu_s'])}"
        if row["ratio"] == row["ratio"]:
            line += (
                f"; at commit {BEFORE} {_seconds(row['before_cpu_s'])}, {row['ratio']:.3g} times "
                f"as much (target: {row['target']:.3g} times)"
            )
        else:
            line += f" (target: at most {_seconds(row['target'])})"
        lines.append(line + f". Median of {row['pairs']:.0f}.")
    for specification, rows in estimations.groupby("specification", sort=False):
        if len(rows) == 1:  # the project's own cost by size
            continue
        own = rows.iloc[0]
        ratios = ", ".join(
            f"{row['engine']} {row['ratio']:.3g} times as much"
            if row["ratio"] == row["ratio"]
            else f"{row['engine']} {_without(row)}"
            for row in rows.iloc[1:].to_dict("records")
        )
        kind, _, _ = str(specification).partition(":")
        lines.append(f"- GMM, {kind}: {_seconds(own['cpu_s'])}; {ratios}.")
    text = "\n".join([f"CPU time{_machine('benchmark_fits')}:", "", *lines])
    results = Outputs(ROOT).results
    more = {"benchmark_estimators": estimated, "benchmark_samplers": sampled}  # minutes; an hour
    there = [name for name in more if below(results, name).is_file()]
    return "\n\n".join([text, *(more[name](read_result(results, name)) for name in there)])


def estimated(times: pd.DataFrame) -> str:
    """Say how many CPU seconds each estimate takes, and how many times as many elsewhere."""
    head = f"CPU time of an estimate beside other programs{_machine('benchmark_estimators')}:"
    lines = []
    for task, rows in times.groupby("task", sort=False):
        own, *others = rows.to_dict("records")
        timed = own["cpu_s"] == own["cpu_s"]
        cost = f"{_seconds(own['cpu_s'])} for each {own['per']}" if timed else own["note"]
        words = [f"- {task}: {cost}"]
        for row in others:
            if row["ratio"] != row["ratio"]:
                words.append(f"{row['engine']}: {str(row['note']).partition(':')[0]}")
                continue
            asked = f" (target: {row['target']:.3g})" if row["target"] == row["target"] else ""
            differs = ", estimates differ" if "differ" in str(row["note"]) else ""
            words.append(f"{row['engine']} {_times(row['ratio'])} times as much{asked}{differs}")
        lines.append("; ".join(words) + ".")
    return "\n".join([head, "", *lines])


def sampled(rates: pd.DataFrame) -> str:
    """Tabulate effective draws a CPU second here, and how many times fewer other programs give."""
    columns = {}
    for (model, panel), rows in rates.groupby(["model", "panel"], sort=False):
        own = rows[rows["engine"] == samplers.OWN].iloc[0]
        cells = {samplers.OWN: f"{own['min_ess_per_cpu_s']:,.0f}"}
        for row in samplers.summary(rows).to_dict("records"):
            passes = row["gate"] == "pass"
            cells[row["engine"]] = f"{row['times']:,.0f} times fewer" if passes else "fails"
        columns[f"`{model}` on `{panel}`"] = cells
    table = pd.DataFrame(columns).reindex(rates["engine"].unique()).fillna("")
    head = (
        "Effective draws a CPU second, at the cheapest setting that passes the health gate"
        f"{_machine('benchmark_samplers')}. *Fails*: no setting passes in the time allowed."
    )
    return f"{head}\n\n{markdown(table.reset_index(names='program'))}"


def _without(row: dict) -> str:
    """Say why an engine has no ratio."""
    return "is not installed" if pd.isna(row["wall_s"]) else "has no CPU clock"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _seconds(value: float) -> str:
    return f"{value:.3g} CPU s" if value >= 1 else f"{1e3 * value:.3g} ms of CPU"


def _machine(table: str) -> str:
    """Name processors and commits of the runs that made a committed table."""
    record = record_of(find(table), Outputs(ROOT))
    runs = list(record.runs.values()) if record else []
    processors = " and ".join(dict.fromkeys(run.processor for run in runs))
    commits = dict.fromkeys(run.commit[:7] for run in runs)
    word = "commit" if len(commits) == 1 else "commits"
    return f" ({processors}; {word} {', '.join(commits)})" if runs else ""
