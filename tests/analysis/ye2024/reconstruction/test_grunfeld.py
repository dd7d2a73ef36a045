"""The same functions recover a panel that meets another published regression.

Grunfeld's investment data, ten firms, 1935–1954. The two-way within estimates are printed by
Baltagi (*Econometric Analysis of Panel Data*, 3rd edition, table 3.1): 0.118 (0.014) of value and
0.358 (0.023) of capital; constant and R² are those of Stata's `xtreg inv value capital i.year,
fe`. The search begins at data that are off; the true ones meet the printed numbers too, so the
nearest panel cannot be farther away than they are.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import grunfeld

from analysis.specifications import select
from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.nearest import Iterate, Unmet, search
from analysis.ye2024.reconstruction.problem import Contradiction, Problem, problem
from analysis.ye2024.reconstruction.quantities import quantities
from analysis.ye2024.reconstruction.targets import targets
from data.published import tables
from models.design import Specification, design
from models.frequentist import twfe

SERIES = ("invest", "value", "capital")
RECORD = Specification("3.1", "invest", ("value", "capital"), (), "Grunfeld")
PRINTED = {
    ("value", "coef"): "0.118",
    ("value", "se"): "0.014",
    ("capital", "coef"): "0.358",
    ("capital", "se"): "0.023",
    ("const", "coef"): "-32.84",
    ("const", "se"): "18.88",
    ("", "r2"): "0.799",
}
STARS = {"value": "***", "capital": "***", "const": "*"}


def table(cells: dict[tuple[str, str], str]) -> pd.DataFrame:
    rows = [
        ("3.1", term, statistic, text, STARS.get(term, "") if statistic == "coef" else "")
        for (term, statistic), text in cells.items()
    ]
    names = ["column", "term", "statistic", "printed", "stars"]
    return pd.DataFrame(rows, columns=names).set_index(names[:3])


@pytest.fixture(scope="module")
def true() -> pd.DataFrame:
    frame = grunfeld.load_pandas().data
    frame = frame[frame["firm"] != "American Steel"]
    frame = frame.rename(columns={"firm": "province"}).astype({"year": int})
    frame = frame.sort_values(["province", "year"]).reset_index(drop=True)
    return frame.assign(region="all")


@pytest.fixture(scope="module")
def start(true) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    names = list(SERIES)
    noise = 0.1 * rng.standard_normal((len(true), 3)) * true[names].std().to_numpy()
    return true.assign(**dict(zip(names, (true[names].to_numpy() + noise).T, strict=True)))


def made(start: pd.DataFrame, cells: dict[tuple[str, str], str]) -> Problem:
    numbers = table(cells)
    computed = quantities(start, SERIES, (), [RECORD])
    df = {RECORD.column: twfe.fit(design(start, RECORD)).df}
    wanted = targets(numbers, [RECORD], df)
    return problem(start, computed, computed.keys, SERIES, wanted, numbers, {})


def estimates(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    fit = twfe.fit(design(frame, RECORD))
    table = fit.table()
    found = {(term, name): table.loc[term, name] for term in table.index for name in ("coef", "se")}
    return found | {("", "r2"): fit.r2_within}


def steps(problem: Problem, approaches: int) -> Iterator:
    first = np.zeros(len(problem.program.low))
    return search(problem.program, Iterate.start(problem.program, first), approaches)


@pytest.mark.slow
def test_a_panel_is_found_that_meets_the_printed_regression(true, start):
    before = estimates(start)
    assert not all(tables.matches(text, before[cell]) for cell, text in PRINTED.items())
    here = made(start, PRINTED)
    *_, (at, _) = steps(here, 40)
    found = start.assign(**dict(zip(SERIES, here.cells(at.z), strict=True)))
    after = estimates(found)
    for cell, text in PRINTED.items():
        assert tables.matches(text, after[cell]), cell
    assert list(twfe.fit(design(found, RECORD)).table()["stars"]) == ["***", "***", "*"]
    truth = here.point(true[list(SERIES)].to_numpy().T)
    assert here.program.evaluate(truth).misses.max() < 1
    assert np.linalg.norm(at.z) < 0.5 * np.linalg.norm(truth)


@pytest.mark.slow
def test_an_interrupted_search_goes_on_from_its_checkpoint(start, tmp_path):
    here = made(start, PRINTED)
    settings = run.Settings(approaches=10)
    *_, (whole, _) = run.solve(here, settings)
    path = tmp_path / "checkpoint.npz"
    cut = run.solve(here, settings, path)
    for _ in range(6):
        next(cut)
    cut.close()
    resumed = list(run.solve(here, settings, path))
    assert resumed[0][0].phase == "approach"
    np.testing.assert_array_equal(resumed[-1][0].z, whole.z)


@pytest.mark.slow
def test_numbers_that_cannot_be_met_together_are_named(start):
    # 0.118 / 0.014 is more than three stars need: without stars they contradict each other.
    cells = {key: text for key, text in PRINTED.items() if key[0] != "const"}
    numbers = table(cells)
    numbers.loc[("3.1", "value", "coef"), "stars"] = "*"
    computed = quantities(start, SERIES, (), [RECORD])
    wanted = targets(numbers, [RECORD], {"3.1": 169})
    here = problem(start, computed, computed.keys, SERIES, wanted, numbers, {})
    with pytest.raises(Unmet) as caught:
        list(steps(here, 0))
    sentence = run.conflicting(here, caught.value)
    assert "these 3 together" in sentence
    for named in ("3.1 value coef", "3.1 value se", "3.1 value t"):
        assert named in sentence


def test_cells_that_contradict_each_other_on_one_quantity_are_refused(start):
    numbers = run.printed()
    columns = select(["5.1", "5.2"])
    wanted = targets(numbers, columns, {"5.1": 3, "5.2": 3})
    with pytest.raises(Contradiction, match=r"5\.2 ar2_p; 5\.2 ar2_z"):
        problem(start, None, (), SERIES, wanted, numbers, {})
