"""Fifty sequences of ten commands for parts: a product is complete or stale, and loses no part.

On toy panels and with toy engines: each row holds the hash of what it was made from, so that what
`status` says by the indexes can be held against the tables themselves.
"""

import csv
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from analysis.analyses import ANALYSES
from analysis.commands import analyses, comparison, options, posterior, replication
from analysis.comparison import figures, ladder, tables
from analysis.comparison import power as beside
from analysis.posterior import (
    diagnose,
    jobs,
    predictive_checks,
    prior_lines,
    sample,
    trace,
    varied,
)
from analysis.replication import replicate
from analysis.reporting import gallery, status
from analysis.robustness import influence
from analysis.shared import provenance, terminal
from analysis.shared.outputs import Outputs
from analysis.shared.products import CELL, FIT, find
from analysis.shared.terminal import console
from analysis.simulation import power
from data.panels.panel import Panel
from data.shared.errors import UserError
from data.shared.files import sha256

PANELS, OWN, COLUMNS = ("official", "implied"), "own-her", ("3.1", "3.2", "5.1")
MODELS = {"3.1": ("flat", "mundlak"), "3.2": ("flat", "mundlak"), "5.1": ("dynamic",)}
VARIANTS = (
    {},
    {"prior": ["slope_std=normal:1"]},
    {"prior": ["slope_std=normal:2"], "name": "wide"},
    {"drop": ["stru"], "name": "wide"},
    {"add": ["density"]},
    {"add": ["density"], "drop": ["fin"], "prior": ["slope_std=normal:1"]},
    {"engine": "nuts"},
)
"""What `sample` is asked to change; two have one name, of which the second is refused."""
RECORDS = {record.name: record for record in ANALYSES}
BY_CELL, BY_FIT = ("replication", "influence", "power", "power_curves"), ("diagnostics", "checks")
CHECKED = (*BY_CELL, *BY_FIT, "loo", "comparison", "scales", "ladder")


CODE_SHA256 = cache(provenance.module_sha256)
"""Hashed once: no code changes while commands run."""

Rows = list[dict[str, str]]


class House:
    """A folder of outputs, toy panels that can be changed, and toy engines."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = Outputs(folder / "out")
        self.panels = folder / "panels"
        self.panels.mkdir()
        for name in (*PANELS, OWN):
            (self.panels / f"{name}.csv").write_text(name)
        put = monkeypatch.setattr
        put(provenance, "FOLDER", self.panels)
        put(provenance, "named_panels", lambda: PANELS)
        put(provenance, "module_sha256", CODE_SHA256)
        put(status, "SCOPES", {"every": COLUMNS, "dynamic": COLUMNS[2:], "headline": COLUMNS[1:2]})
        put(status, "of_traces", lambda *_: (status.CURRENT, ""))
        put(console, "quiet", True)
        for commands in (replication, analyses):
            put(commands, "load_panels", self.load)
        for commands in (options, replication, analyses, posterior, comparison):
            put(commands, "print_frame", lambda *_: None)
        put(gallery, "pictures_of", lambda *_: ())
        self.attrs: dict[Path, dict[str, str]] = {}
        self.draws = 0
        self.engines(put)
        self.samplers(put)

    def engines(self, put) -> None:
        """Put toys in place of whatever estimates, draws or reads posteriors."""
        put(replicate, "replicate", lambda panel, records, draws: self.cells([panel], records))
        put(replicate, "summary", lambda found: found)
        put(replicate, "show", lambda *_: None)
        put(replicate, "mismatches", lambda *_: ())
        put(influence, "table", lambda panels, records, _: self.cells(panels, records))
        put(influence, "summary", lambda found: found)
        put(power, "run", self.simulated)
        for name in ("shown", "beside"):
            put(beside, name, lambda found: found)
        put(beside, "sentence", lambda _: "")
        put(beside, "sizes", dict)
        put(diagnose, "diagnose", self.fits)
        put(predictive_checks, "chosen", self.chosen)
        put(predictive_checks, "check", lambda paths: (self.fits(paths := list(paths)),
                                                       self.fits(paths)))  # fmt: skip
        put(predictive_checks, "legend", lambda: None)
        put(predictive_checks, "summary", lambda found: found.assign(check=""))
        put(tables, "make", self.compared)
        put(tables, "side_by_side", lambda *_: None)
        put(ladder, "table", lambda made, fits, *_: fits[[*FIT, "made_from"]])
        put(ladder, "summary", lambda _: pd.DataFrame())
        put(figures, "draw", lambda *_: [])

    def samplers(self, put) -> None:
        """Put toys in place of what `sample` runs once fits are listed and named."""
        put(posterior, "load_panels", self.load)
        for module in (varied, jobs):
            put(module, "split", lambda _: None)
        put(prior_lines, "refuse_unread", lambda *_: None)
        put(jobs, "missing", lambda listed, *_: listed)
        put(varied, "replaced", lambda *_: ())
        put(varied, "made_from", lambda job, *_: job.panel.sha256)
        put(varied, "is_current", lambda path, made: self.attrs[path]["panel_sha256"] == made)
        put(trace, "attributes", lambda path: self.attrs[path] if path.is_file() else {})
        put(sample, "sample_all", lambda waiting, *_, **__: map(self.fit, waiting))
        put(diagnose, "stated", self.fits)
        for name in ("show_gate", "show_slopes", "exit_by_gate"):
            put(posterior, name, lambda *_: None)
        put(terminal, "say", lambda *_: None)

    def load(self, names, records, models=()) -> list[Panel]:
        return [
            Panel(name, pd.DataFrame(), self.hash_of(name), balanced=True)
            for name in names or PANELS
        ]

    def hash_of(self, panel: str) -> str:
        return sha256((self.panels / f"{panel}.csv").read_bytes())

    def cells(self, panels, records) -> pd.DataFrame:
        rows = [(panel.name, record.column, panel.sha256) for panel in panels for record in records]
        return pd.DataFrame(rows, columns=[*CELL, "made_from"])

    def simulated(self, panels, records, references, seed, cluster):
        for panel in panels:
            for record in records:
                yield (self.cells([panel], [record]),) * 2

    def fits(self, paths) -> pd.DataFrame:
        rows = [(p.parent.name, *p.stem.split("-", 1), sha256(p.read_bytes())) for p in paths]
        return pd.DataFrame(rows, columns=[*FIT, "made_from"]).assign(engine="", given="", gate="")

    def chosen(self, paths, records, panels, models) -> list[Path]:
        columns = [record.column for record in records]
        return [
            path
            for path in paths
            if path.stem.split("-")[0] in columns and (not panels or path.parent.name in panels)
        ]

    def compared(self, paths, rope) -> dict[str, pd.DataFrame]:
        made = self.fits(paths).assign(fitted_column="3.2", term="indus")
        for name in (*tables.TABLES[0].columns,):
            made[name] = made.get(name, 0.0)
        return {"comparison": made, "scales": made[[*FIT, "made_from"]]}

    def fit(self, job: jobs.Job) -> None:
        """Write a trace with other draws than any before."""
        path, self.draws = jobs.path_of(job, self.out.traces), self.draws + 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text := f"{path}: {self.draws}")
        attrs = {"panel": job.panel.name, "column": job.specification.column}
        attrs |= {"model": job.model.name, "settings": "{}", "panel_sha256": job.panel.sha256}
        named = {
            trace.OPTIONS: job.variant.options(job.engine),
            trace.VARIANT: job.variant.name(job.engine),
        }
        self.attrs[path] = attrs | named
        provenance.index_trace(path, sha256(text.encode()), "")

    def options(self) -> dict[Path, str]:
        """Return what each trace changes of its model, by path."""
        return {p: attrs[trace.OPTIONS] for p, attrs in self.attrs.items() if p.is_file()}

    def table(self, name: str) -> Rows:
        path = self.out.root / find(name).file
        return list(csv.DictReader(path.read_text().splitlines())) if path.is_file() else []

    def fresh(self, name: str) -> bool:
        """Whether a table has all its parts, each made from what there is now."""
        rows = self.table(name)
        if name in BY_CELL:
            wanted = {(panel, column) for panel in PANELS for column in COLUMNS}
            of_paper = [row for row in rows if row["panel"] != OWN]
            now = all(self.hash_of(row["panel"]) == row["made_from"] for row in of_paper)
            return now and parts(of_paper, CELL) >= wanted
        traces = self.fits(provenance.trace_files(self.out.traces).values())
        order = [*FIT, "made_from"]
        return sorted(tuple(row[key] for key in order) for row in rows) == sorted(
            traces[order].itertuples(index=False, name=None)
        )


def parts(rows: Rows, keys: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(row[key] for key in keys) for row in rows}


def steps(house: House, rng: Random) -> str:
    """Do one thing that a user may do; say whether it deletes or changes what tables hold."""
    columns = rng.sample(COLUMNS, rng.randint(1, 3))
    panels = rng.sample([*PANELS, OWN], rng.randint(1, 3))
    out = {"out": house.out.root}
    traces = list(provenance.trace_files(house.out.traces).values())
    whole = rng.random() < 0.4
    panel = house.panels / f"{rng.choice(PANELS)}.csv"
    some = {} if whole else {"columns": columns, "panel": panels}
    choices = {
        "replicate": partial(replication.replicate, draws=99, **some, **out),
        "influence": partial(analyses.run, RECORDS["influence"], **some, **out),
        "power": partial(analyses.run, RECORDS["power"], **some, **out),
        "sample": partial(posterior.sample, columns[:1], panels, [rng.choice(MODELS[columns[0]])],
                          **rng.choice(VARIANTS), **out),
        "panel": partial(panel.write_text, str(rng.random())),
    }  # fmt: skip
    if traces:
        choices["diagnose"] = partial(posterior.diagnose_traces, house.out)
        at = rng.choice(traces)
        choices["check"] = partial(
            analyses.run,
            RECORDS["checks"],
            columns=[at.stem.split("-")[0]],
            panel=[at.parent.name],
            **out,
        )
        choices["delete a trace"] = rng.choice(traces).unlink
        if house.table("replication"):
            choices["compare"] = partial(comparison.compare, rope=0.1, **out)
    names = [name for name in CHECKED if (house.out.root / find(name).file).is_file()]
    if names and rng.random() < 0.3:
        choices["delete"] = (house.out.root / find(rng.choice(names)).file).unlink
    done = rng.choice(list(choices))
    with suppress(UserError) if done == "sample" else nullcontext():
        choices[done]()
    return done


@pytest.mark.parametrize("seed", range(50))
def test_ten_commands_leave_every_product_complete_or_stale_and_none_shorter(
    seed, tmp_path, monkeypatch
):
    house, rng = House(tmp_path, monkeypatch), Random(seed)
    deleted_traces: set[str] = set()
    for _ in range(10):
        before = {name: house.table(name) for name in CHECKED}
        there = set(provenance.trace_files(house.out.traces))
        sampled = house.options()
        done = steps(house, rng)
        deleted_traces |= there - set(provenance.trace_files(house.out.traces))
        kept = house.options()
        assert all(kept.get(path, what) == what for path, what in sampled.items()), done
        states = status.status(house.out, []).set_index("what")
        for name in CHECKED:
            after, keys = house.table(name), [*(CELL if name in BY_CELL else FIT)]
            gone = parts(before[name], keys) - parts(after, keys)
            names = {part: f"{part[0]}/{'-'.join(part[1:])}" for part in gone}
            lost = {part for part, fit in names.items() if fit not in deleted_traces}
            assert not lost or (done == "delete" and not after), (done, name, lost)
            file = find(name).file.removeprefix("results/")
            if not after:
                assert file not in states.index or states.loc[file, "state"] == status.MISSING
            elif states.loc[file, "state"] == status.CURRENT:
                assert house.fresh(name), (done, name, states.loc[file, "why"])
            elif name in BY_CELL[:1] + BY_FIT[:1]:  # made from nothing that may be stale itself
                assert not house.fresh(name), (done, name, states.loc[file, "why"])
        for path in (path for path in kept if "~" in path.name):
            state = states.loc[f"traces/{path.parent.name}/{path.stem}", "state"]
            of_now = path.parent.name == OWN or (
                house.attrs[path]["panel_sha256"] == house.hash_of(path.parent.name)
            )
            assert state == (status.CURRENT if of_now else status.STALE), (done, path.name)
