"""A user's mistake and `status` are answered before anything heavy is imported."""

import json
import subprocess
import sys

from analysis.shared.outputs import ROOT

MISTAKES = (
    *("replicate 9.9", "replicate 3.2 --panel none.csv", "sample 9.9", "sample 3.2 --model none"),
    *("sample 3.2 --panel none.csv", "sample 8.1 --model hierarchical --panel none.csv"),
    *("check 9.9", "diagnose", "sensitivity 9.9", "decompose 9.9", "gmm-grid 3.2", "dynamic 3.2"),
    *("simulate 9.9", "calibrate --case none", "influence 9.9", "power 9.9", "recover 9.9"),
    *("compare", "prior-summary 9.9", "describe-model 3.2 --model none", "panel describe none"),
    *("audit none.csv", "editions 9.9"),
)
WRITE_NOTHING = ("prior-summary", "describe-model", "panel")

HEAVY = (
    *("pandas", "xarray", "pymc", "nutpie", "arviz_stats", "matplotlib", "pandera", "jax"),
    *("numba", "scipy.stats"),
)

RUN = """
import json, sys
from analysis import __main__ as cli
commands, heavy = map(json.loads, sys.argv[1:])
told = []
for words in commands:
    sys.argv, code = ["analysis", *words], 0
    try:
        cli.main()
    except SystemExit as stop:
        code = stop.code
    told.append([code, [name for name in heavy if name in sys.modules]])
print(json.dumps(told))
"""


def answers(commands: list[list[str]]) -> list[tuple[int, list[str]]]:
    """Run commands in one process; return each one's exit code and what was imported by then."""
    words = [sys.executable, "-c", RUN, json.dumps(commands), json.dumps(HEAVY)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return list(map(tuple, json.loads(done.stdout.splitlines()[-1])))


def test_no_mistake_waits_for_what_would_be_used_had_it_not_been_made(tmp_path):
    commands = [words.split() for words in MISTAKES]
    out = ["--out", str(tmp_path)]
    told = answers([c + (out if c[0] not in WRITE_NOTHING else []) for c in commands])
    assert dict(zip(MISTAKES, told, strict=True)) == dict.fromkeys(MISTAKES, (2, []))


def test_help_and_status_need_no_sampler_and_no_trace_library(tmp_path):
    told = answers([["sample", "--help"], ["status", "--out", str(tmp_path)]])
    assert told == [(0, []), (0, ["pandas"])]
