"""The analyses as records: their commands, pictures and sections of the page follow from these.

A new one is a module in its room, a record here and its tables in `analysis.shared.products`;
`python -m analysis readme` then writes its task into Makefile and pixi.toml. Modules are imported
where they are used, so that the command line starts at once.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import pandas as pd

from analysis.shared.analysis import Analysis, Picture, Request, Tables, joined
from analysis.shared.frames import ordered
from analysis.specifications import HEADLINE, published_column
from data.panels.catalogue import PANELS
from data.panels.provinces import REGIONS

EVIDENCE = tuple(kind.name for kind in PANELS if kind.evidence)
"""The panels that count."""


def first_panel(name: str, table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Take the first panel of `data.panels.panel.PANELS` that a table has."""
    there = [kind.name for kind in PANELS if (table["panel"] == kind.name).any()]
    if there:
        yield name, table[table["panel"] == there[0]]


# --- influence ----------------------------------------------------------------------------------


def _influence(asked: Request) -> Iterator[Tables]:
    from analysis.robustness import influence
    from analysis.robustness.sensitivity.tables import tables

    refitted = tables(asked.results)
    for panel in asked.panels:
        yield {"influence": influence.table([panel], asked.records, refitted)}


def _moves(moves: pd.DataFrame) -> pd.DataFrame:
    from analysis.robustness import influence

    return influence.summary(moves)


def _draw_influence(rows: pd.DataFrame) -> object:
    from analysis.robustness import influence

    return influence.draw(rows)


# --- power --------------------------------------------------------------------------------------


def _power(asked: Request) -> Iterator[Tables]:
    from analysis.comparison import power as comparison
    from analysis.simulation import power

    done = power.run(
        asked.panels, asked.records, comparison.sizes(), asked.seed, cluster=asked.cluster
    )
    for part in done:
        yield dict(zip(("power", "power_curves"), part, strict=True))


def _in_order(parts: Iterable[Tables]) -> Tables:
    from analysis.comparison import power

    tables = {name: ordered(table) for name, table in joined(parts).items()}
    return tables | {"power": power.beside(tables["power"])}


def _detectable(power_rows: pd.DataFrame) -> pd.DataFrame:
    from analysis.comparison import power

    return power.shown(power_rows)


def _words_on_power(power_rows: pd.DataFrame) -> str:
    from analysis.comparison import power

    return power.sentence(power_rows)


def _draw_power(rows: pd.DataFrame) -> object:
    from analysis.comparison import power

    return power.draw(rows)


# --- recovery -----------------------------------------------------------------------------------


def _recovery(asked: Request) -> Iterator[Tables]:
    from analysis.simulation import recovery

    done = recovery.run(
        asked.panels, asked.records, asked.data_sets, asked.seed, cluster=asked.cluster
    )
    for part in done:
        yield {"recovery": part}


def _batches(asked: Request) -> int:
    from analysis.simulation import recovery

    return len(asked.panels) * len(asked.records) * -(-asked.data_sets // recovery.BATCH)


def _over_data_sets(parts: Iterable[Tables]) -> Tables:
    from analysis.simulation import recovery

    return {"recovery": recovery.summary(joined(parts)["recovery"])}


def _recovered(estimates: pd.DataFrame) -> pd.DataFrame:
    from analysis.simulation import recovery

    return recovery.shown(estimates)


# --- candidates ---------------------------------------------------------------------------------


def _size(asked: Request, of_two: bool = False) -> Iterator[Tables]:
    from analysis.comparison.power import sizes
    from analysis.simulation import size

    references, (methods, plan) = sizes(), _planned(asked, of_two)
    seed = asked.seed + size.SEEDS_APART * of_two
    for panel in size.deciding_first(asked.panels):
        for record in asked.records:
            own = {"slope": references[record.column, record.interest[0]]}
            for region in REGIONS:
                column = published_column(record, region) or record.column
                own[region] = references[column, record.interest[0]]
            listed = size.batches(size.setting(panel, record, own, seed), methods, plan)
            for rows in size.run(listed, asked.results, cluster=asked.cluster):
                yield {"last_two" if of_two else "candidates": rows}


def _planned(asked: Request, of_two: bool) -> tuple[list[str], dict[str, int]]:
    from analysis.shared.outputs import read_result
    from analysis.simulation import size
    from analysis.simulation.main_model import CANDIDATES, COMPARATORS

    if of_two:
        screened = size.last_two(read_result(asked.results, "candidates"))
        return screened, size.plan(asked.data_sets, size.LAST)
    return [*CANDIDATES, *COMPARATORS], size.plan(asked.data_sets)


def _batches_of_size(asked: Request, of_two: bool = False) -> int:
    from analysis.simulation import size

    return len(asked.panels) * len(asked.records) * size.steps(*_planned(asked, of_two))


def _scored(parts: Iterable[Tables]) -> Tables:
    from analysis.simulation import size

    return {name: size.table(rows) for name, rows in joined(parts).items()}


def _in_the_rules_order(found: pd.DataFrame) -> pd.DataFrame:
    from analysis.simulation import size

    return size.shown(found)


def _first_by_the_rule(found: pd.DataFrame) -> str:
    from analysis.simulation import size

    return size.sentence(found)


ANALYSES = (
    Analysis(
        name="power",
        command="power",
        tables=("power", "power_curves"),
        help="""Compute power and minimum detectable effects: results/power.csv (minutes).

    Simulates data without a slope on each column's own design, with its residuals. The intervals
    of least squares and of the main model then give size and power of the nominal 5 % test.

    Example: python -m analysis power 3.2 --panel official""",
        sentence="Minimum detectable effects (80 % power) and printed slopes",
        run=_power,
        whole=_in_order,
        summary=_detectable,
        words=_words_on_power,
        picture=Picture("power_curves", lambda table: first_panel("power", table), _draw_power),
        section="power",
        options=("seed", "cluster"),
    ),
    Analysis(
        name="recovery",
        command="recover",
        tables=("recovery",),
        help="""Check parameter recovery of the slopes if the model is right: results/recovery.csv.

    Takes minutes. Simulates outcomes on each static column's own design (by default the headline's,
    on the first panel), with true slopes from the main model's posterior. Fits the model and least
    squares to them: bias, error and coverage of 95 % intervals.

    Example: python -m analysis recover 3.2 --data-sets 50""",
        sentence="Parameter recovery of slopes drawn from the posterior",
        run=_recovery,
        steps=_batches,
        whole=_over_data_sets,
        summary=_recovered,
        section="power",
        options=("data_sets", "seed", "cluster"),
        columns=HEADLINE,
        panels=(PANELS[0].name,),
        data_sets=200,
    ),
    Analysis(
        name="candidates",
        command="candidates",
        tables=("candidates",),
        help="""Screen the candidates for the main model: results/long/candidates.csv.

    Data sets of known slopes; takes hours, and a run that was stopped goes on where it was.
    Size, coverage, width, interval score and size-adjusted power of every candidate and comparator,
    by the rule at the head of analysis/simulation/main_model.py.

    Example: python -m analysis candidates --panel official --data-sets 200""",
        sentence="Candidates for the main model, in the rule's order",
        run=_size,
        steps=_batches_of_size,
        whole=_scored,
        summary=_in_the_rules_order,
        words=_first_by_the_rule,
        section="power",
        options=("data_sets", "seed", "cluster"),
        columns=("3.2",),
        panels=EVIDENCE,
        data_sets=200,
    ),
    Analysis(
        name="last_two",
        command="last-two",
        tables=("last_two",),
        help="""Judge the first two candidates on new data: results/long/last_two.csv.

    After `candidates`; takes hours. The rule names the main model by this table.

    Example: python -m analysis last-two --data-sets 1000""",
        sentence="The last two candidates, in the rule's order",
        run=partial(_size, of_two=True),
        steps=partial(_batches_of_size, of_two=True),
        whole=_scored,
        summary=_in_the_rules_order,
        words=_first_by_the_rule,
        section="power",
        options=("data_sets", "seed", "cluster"),
        columns=("3.2",),
        panels=EVIDENCE,
        data_sets=1_000,
    ),
    Analysis(
        name="influence",
        command="influence",
        tables=("influence",),
        help="""Leave one province or one year out of every column: results/influence.csv.

    By the column's own estimator, in seconds, and by the posteriors that `sensitivity` has made.

    Example: python -m analysis influence 3.2 5.1""",
        sentence="Influence: largest shift of each slope by one province or year, in SE",
        run=_influence,
        steps=lambda asked: len(asked.panels),
        summary=_moves,
        picture=Picture(
            "influence", lambda table: first_panel("influence", table), _draw_influence
        ),
        section="power",
    ),
)
"""In the order of the page."""
