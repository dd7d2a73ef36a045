"""Other programs' estimators, one in a process: a child of `estimators`.

It runs in a Python that has these programs, and need not have this project or its packages; nor
are they dependencies of the project, which is why they are imported by name:

    pip install pyfixest linearmodels wildboottest==0.3.2 StatsPAI specification_curve==0.3.9

Each engine returns what estimates once, what was estimated by name (a number or several, the first
two an estimate and its standard error), and how many estimates that is.
"""

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Values = dict[str, list[float]]
"""An estimate and its standard error, or other numbers, by name."""

Prepared = tuple[Callable[[], Any], Callable[[Any], Values], int]
"""What estimates once, what was estimated, and how many estimates that is."""

SHORTEST = 0.2
"""CPU seconds of a timing at least; quicker estimates are repeated within it."""

DRAWS = 9_999
"""Of the wild bootstrap."""

STATSPAI = {
    "GMM, two-step system": {
        "lags": 1,
        "method": "system",
        "endogenous": ["L(0/1).w", "L(0/1).k"],
        "endogenous_lags": (2, None),
        "iv_equation": "level",
    },
    "GMM, two-step difference": {
        "lags": 2,
        "method": "difference",
        "gmm_lags": (2, 4),
        "x": ["k"],
        "predetermined": ["w"],
        "predetermined_lags": (1, 3),
    },
}
"""Arguments of `xtabond` for the specifications of `gmm.SYSTEM` and `gmm.DIFFERENCE`."""


def named(terms: Iterable, estimates: Iterable, errors: Iterable) -> Values:
    """Return estimate and standard error by term."""
    pairs = zip(terms, estimates, errors, strict=True)
    return {term: [float(estimate), float(error)] for term, estimate, error in pairs}


def described(folder: Path, name: str) -> tuple[pd.DataFrame, dict]:
    """Return the rows of a file and the names of their columns by part."""
    words = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return pd.read_csv(folder / f"{name}.csv"), words


def pyfixest(folder: Path, task: str) -> Prepared:
    """Regress with both effects absorbed."""
    pf = import_module("pyfixest")

    frame, words = described(folder, "panel")
    outcomes = words["outcomes"] if "outcomes" in task else [words["outcome"]]
    errors = {"CRV1": "province"} if "clustered" in task else "iid"
    formula = f"{'+'.join(outcomes)} ~ {'+'.join(words['terms'])} | province + year"

    def estimate():
        return pf.feols(formula, frame, vcov=errors, copy_data=False, store_data=False)

    def read(found):
        if len(outcomes) == 1:
            return named(words["terms"], found.coef()[words["terms"]], found.se()[words["terms"]])
        term = words["terms"][0]
        fits = found.to_list()
        return named(outcomes, [f.coef()[term] for f in fits], [f.se()[term] for f in fits])

    return estimate, read, len(outcomes)


def linearmodels(folder: Path, task: str) -> Prepared:
    """Regress with both effects; for Stata's small-sample factor the years are dummies."""
    model_of = import_module("linearmodels.panel").PanelOLS

    frame, words = described(folder, "panel")
    outcomes = words["outcomes"] if "outcomes" in task else [words["outcome"]]
    rows, terms = frame.set_index(["province", "year"]), words["terms"]
    x, model, errors = rows[terms], {"entity_effects": True, "time_effects": True}, {}
    if "clustered" in task:
        years = pd.get_dummies(frame["year"], drop_first=True, dtype=float).set_axis(rows.index)
        x = pd.concat([x, years.add_prefix("year"), pd.Series(1.0, rows.index, name="one")], axis=1)
        model = {"entity_effects": True}
        errors = {"cov_type": "clustered", "cluster_entity": True, "group_debias": True}

    def estimate():
        found = [model_of(rows[name], x, **model).fit(**errors) for name in outcomes]
        return [(fit.params, fit.std_errors) for fit in found]

    def read(found):
        if len(outcomes) == 1:
            (slopes, spreads), *_ = found
            return named(terms, slopes[terms], spreads[terms])
        first = [(slopes[terms[0]], spreads[terms[0]]) for slopes, spreads in found]
        return named(outcomes, *zip(*first, strict=True))

    return estimate, read, len(outcomes)


def wildboottest(folder: Path, task: str) -> Prepared:
    """Test one slope; the t statistic is without the small-sample factor."""
    sm, test = import_module("statsmodels.api"), import_module("wildboottest.wildboottest")

    frame, words = described(folder, "panel")
    labels = frame[["province", "year"]].astype(str)
    dummies = pd.get_dummies(labels, drop_first=True, dtype=float)
    x = pd.concat([frame[words["terms"]], dummies], axis=1).assign(one=1.0)
    model = sm.OLS(frame[words["outcome"]], x)
    cluster = pd.Series(pd.factorize(frame["province"])[0])
    term = words["terms"][0]

    def estimate():
        return test.wildboottest(
            model, B=DRAWS, cluster=cluster, param=term, show=False, parallel=False, adj=False,
            cluster_adj=False, seed=1,
        )  # fmt: skip

    def read(found):
        return {term: [float(found["statistic"].iloc[0])], "p": [float(found["p-value"].iloc[0])]}

    return estimate, read, 1


def statspai(folder: Path, task: str) -> Prepared:
    """Estimate on Arellano and Bond's panel."""
    sp = import_module("statspai")

    frame, arguments = pd.read_csv(folder / "abdata.csv"), STATSPAI[task]
    if arguments["method"] == "system":  # without the base year, and one for the constant
        arguments = arguments | {"x": [name for name in frame if name.startswith("yr")][1:-1]}

    def estimate():
        return sp.xtabond(frame, "n", id="id", time="year", twostep=True, **arguments).detail

    def read(found):
        terms = [n.replace("L1.", "L.").replace("_cons", "const") for n in found["variable"]]
        return named(terms, found["coefficient"], found["se"])

    return estimate, read, 1


def specification_curve(folder: Path, task: str) -> Prepared:
    """Regress every outcome on the regressors of each option, with dummies less the first."""
    frame, words = described(folder, "universes")
    labels = frame[["province", "year"]].astype(str)
    dummies = pd.get_dummies(labels, drop_first=True, dtype=float)
    frame = pd.concat([frame.drop(columns=["province", "year"]), dummies], axis=1)
    return _curves(frame, list(dummies), words)


def own_dummies(folder: Path, task: str) -> Prepared:
    """Regress the same with the dummies that the program makes itself.

    They are all of them beside a constant, so that the regressors are collinear; least squares by
    a pseudo-inverse is then off in the fourth digit in some of the universes.
    """
    frame, words = described(folder, "universes")
    labels = frame[["province", "year"]].astype(str)
    return _curves(frame.assign(**labels), list(labels), words)


def _curves(frame: pd.DataFrame, effects: list, words: dict) -> Prepared:
    program = import_module("specification_curve")

    def estimate():
        found = []
        for controls in words["controls"].values():
            curve = program.SpecificationCurve(
                frame, y_endog=list(words["outcomes"]), x_exog=[words["interest"]], controls=[],
                always_include=[*controls, *effects],
            )  # fmt: skip
            curve.fit()
            found.append(curve.df_r)
        return found

    def read(found):
        values = {}
        for option, rows in zip(words["controls"], found, strict=True):
            names = [f"{outcome}, {option}" for outcome in rows["y_endog"]]
            values |= named(names, rows["Coefficient"], rows["bse"])
        return values

    return estimate, read, len(words["outcomes"]) * len(words["controls"])


ENGINES = {
    "pyfixest": pyfixest,
    "linearmodels": linearmodels,
    "wildboottest": wildboottest,
    "StatsPAI": statspai,
    "specification_curve": specification_curve,
    "specification_curve, its own dummies": own_dummies,
}
"""By name, which begins with the package's."""


def serve(engine: Callable, name: str, folder: Path, task: str, warm: bool = True) -> None:
    """Estimate once and say what, then answer each line of standard input with a timing.

    Whatever programs print themselves goes to standard error.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(words):
        print(json.dumps(words), file=answers, flush=True)

    try:
        estimate, read, size = engine(folder, task)
        found = estimate() if warm else None
        begun = time.process_time()
        found = estimate() if warm else found
        spent = time.process_time() - begun
        values = read(found)
    except ImportError as error:
        answer({"error": f"not installed: {error}"})
        return
    except MemoryError as error:  # said before it begins
        answer({"error": f"not run: {error}"})
        return
    except Exception as error:  # whatever a program raises is said in its row
        lines = str(error).strip().splitlines()
        answer({"error": f"fails: {type(error).__name__}: {lines[0] if lines else ''}"[:200]})
        return
    number = max(int(np.ceil(SHORTEST / max(spent, 1e-6))), 1) if warm else 1
    release = version(name.partition(",")[0]) if name in ENGINES else ""
    answer({"version": release, "values": values})
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(number):
            estimate()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        per = number * size
        answer({"wall": wall / per, "cpu": cpu / per, "peak_mb": peak_mb()})


def peak_mb() -> float:
    """Return the peak of this program's memory.

    Not by `ru_maxrss` on Linux, which begins with the peak of the program that started this one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(ENGINES[sys.argv[2]], sys.argv[2], Path(sys.argv[1]), sys.argv[3])
