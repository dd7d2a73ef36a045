"""The README's words on speed are the benchmarks' rows."""

import pandas as pd

from analysis.benchmark import estimators, fits, gmm, samplers
from analysis.reporting.speed_block import estimated, sampled, speed


def test_words_name_ratio_target_and_what_is_not_installed():
    rows = [
        {"model": "growth", "column": "3.2", "cpu_s": 3.21, "target": 6.0, "pairs": 5},
        {"model": "universe, independent", "column": "3.2", "cpu_s": 0.0204, "before_cpu_s": 0.3,
         "ratio": 14.71, "target": 12.0, "pairs": 5},
    ]  # fmt: skip
    timed = pd.DataFrame(rows, columns=list(fits.COLUMNS))
    system, larger = gmm.SYSTEM, f"{gmm.SYSTEM}, 140 groups"
    estimations = pd.DataFrame(
        [["this project", system, 0.0075, 0.0075, 1.0], ["pyxtabond2", system, 0.1, 0.1, 13.33],
         ["plm", system, None, None, None], ["gretl", system, 0.3, None, None],
         ["this project", larger, 0.0075, 0.0075, 1.0]],
        columns=list(gmm.COLUMNS),
    )  # fmt: skip
    lines = speed(timed, estimations).splitlines()
    assert lines[0].startswith("CPU time")
    assert lines[2:5] == [
        "- `growth`, column 3.2: 3.21 CPU s (target: at most 6 CPU s). Median of 5.",
        "- `universe, independent`, column 3.2: 20.4 ms of CPU; at commit 14825e1 300 ms of CPU, "
        "14.7 times as much (target: 12 times). Median of 5.",
        "- GMM, two-step system: 7.5 ms of CPU; pyxtabond2 13.3 times as much, plm is not "
        "installed, gretl has no CPU clock.",
    ]


def test_words_say_how_many_times_fewer_draws_others_give_and_which_fail():
    rates = [(samplers.OWN, "pass", 600.0), ("nutpie", "pass", 20.0), ("PyMC", "fail", 5.0)]
    rows = [
        {"engine": engine, "model": "growth", "panel": "official", "gate": gate,
         "min_ess_per_cpu_s": rate, "agreement": "agrees"}
        for engine, gate, rate in rates
    ]  # fmt: skip
    head, _, names, _, own, nutpie, pymc = sampled(
        pd.DataFrame(rows, columns=list(samplers.COLUMNS))
    ).splitlines()
    assert head.startswith("Effective draws a CPU second")
    assert names == "| program | `growth` on `official` |"
    assert own == "| this project | 600 |"
    assert nutpie == "| nutpie | 30 times fewer |"
    assert pymc == "| PyMC | fails |"


def test_words_say_what_an_estimate_takes_here_and_elsewhere_and_where_estimates_differ():
    none = float("nan")
    rows = [
        {"task": "TWFE", "engine": "this project", "cpu_s": 0.006, "ratio": 1.0,
         "per": "slope"},
        {"task": "TWFE", "engine": "one", "cpu_s": 0.03, "ratio": 5.04, "target": 4.0},
        {"task": "TWFE", "engine": "two", "cpu_s": 0.06, "ratio": 1001.0, "target": none,
         "note": "estimates differ"},
        {"task": "TWFE", "engine": "three", "target": 5.0, "note": "not installed: No module"},
        {"task": "growth", "engine": "this project", "note": "not run: it would not fit"},
    ]  # fmt: skip
    words = estimated(pd.DataFrame(rows, columns=list(estimators.COLUMNS))).splitlines()
    assert words[0].startswith("CPU time of an estimate beside other programs")
    assert words[2:] == [
        "- TWFE: 6 ms of CPU for each slope; one 5.04 times as much (target: 4); two 1,001 times "
        "as much, estimates differ; three: not installed.",
        "- growth: not run: it would not fit.",
    ]
