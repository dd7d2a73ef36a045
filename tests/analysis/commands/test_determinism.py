"""The same seed gives the same numbers: in another process, under other threads, other hashes."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.shared.outputs import ROOT

PROGRAM = """
import hashlib, json, multiprocessing, sys
import pytest
from analysis import __main__ as cli
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.shared import parallel
from analysis.specifications import select
from models.bayesian.registry import find
from tests.helpers import one_process
from tests.helpers.fits import simulated

def fits(listed):
    found = {}
    for column, model, engine in listed:
        settings = Settings(draws=100, tune=150, chains=2, engine=engine)
        tree = fit(Job(simulated(5, 2014), select([column])[0], find(model)), settings)
        own = {}
        for name, group in tree.children.items():
            digest = hashlib.sha256()
            for variable, values in sorted(group.to_dataset().variables.items()):
                digest.update(f"{variable} {values.dims} {values.dtype}".encode())
                plain = values.to_numpy()
                text = plain.dtype == object
                digest.update(repr(plain.tolist()).encode() if text else plain.tobytes())
            own[name] = digest.hexdigest()
        means = {n: float(v.mean()) for n, v in tree["posterior"].to_dataset().data_vars.items()}
        sds = {n: float(v.std()) for n, v in tree["posterior"].to_dataset().data_vars.items()}
        found[f"{column} {model}"] = {"groups": own, "means": means, "sds": sds}
    return found

def tables(folder, where):
    if where == "here":
        one_process.stay_here(pytest.MonkeyPatch())
    else:  # forks of a process that imports everything once, under the same variables
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload([one_process.__name__])
        parallel.get_context = lambda _: server
    for words in (
        ["replicate", "3.2", "8.1", "--panel", "official", "--draws", "99"],
        ["sample", "8.2", "--panel", "official", "--model", "flat"],
        ["compare"],
        ["diagnose"],
        ["influence", "8.2", "5.1", "--panel", "official"],
        ["recover", "8.2", "--panel", "official", "--data-sets", "20"],
    ):
        cli.app([*words, "--out", folder], standalone_mode=False)

if __name__ == "__main__":
    listed, folder, where = json.loads(sys.argv[1])
    found = fits(listed)
    if folder:
        tables(folder, where)
    print(json.dumps(found))
"""

INDEPENDENT = [("3.2", "hierarchical", None), ("8.2", "flat", None)]
CHAINS = [("4.2", "joint", None), ("8.2", "mundlak", "nuts")]
"""Columns, models and engines: independent draws, and chains of NUTS, which take a minute."""

PROCESSOR = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Numbers:
    """What a process computes.

    Attributes
    ----------
    fits : dict
        Of each fit: a hash of each group, and means and standard deviations of its posterior.
    tables : dict of bytes
        Every CSV that commands write.
    """

    fits: dict
    tables: dict[str, bytes]


def computed(
    script: Path, listed: list, folder: Path | None = None, where: str = "workers", **variables: str
) -> Numbers:
    """Fit, and into a folder run commands, in a process with the named settings of BLAS alone.

    Tasks of commands are done by workers, or in that process: "here".
    """
    asked = json.dumps([listed, folder and str(folder), where])
    said = in_process(script, asked, **variables)
    tables = (folder / "results").rglob("*.csv") if folder else ()
    return Numbers(
        json.loads(said.splitlines()[-1]), {path.name: path.read_bytes() for path in tables}
    )


def fits(script: Path, listed: list, **variables: str) -> dict:
    return computed(script, listed, **variables).fits


def in_process(script: Path, *arguments: str | Path, **variables: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in PROCESSOR}
    done = subprocess.run(
        [sys.executable, script, *arguments],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("determinism") / "fits.py"
    path.write_text(PROGRAM)
    return path


OTHER = "Nehalem"
"""An old core without wide vectors, which every x86 processor of today can run."""


@pytest.fixture(scope="module")
def first(script, tmp_path_factory) -> Numbers:
    folder = tmp_path_factory.mktemp("tables") / "first"
    return computed(script, INDEPENDENT, folder, "here", OMP_NUM_THREADS="1", PYTHONHASHSEED="1")


@pytest.mark.slow
def test_threads_and_hashes_change_no_value_and_workers_no_byte_of_a_table(script, first, tmp_path):
    other = computed(
        script, INDEPENDENT, tmp_path / "other", OMP_NUM_THREADS="2", PYTHONHASHSEED="2"
    )
    assert other.fits == first.fits
    names = ("replication", "comparison", "diagnostics", "influence", "recovery")
    assert {f"{name}.csv" for name in names} < set(first.tables)
    assert other.tables == first.tables


@pytest.mark.trust
def test_threads_and_hashes_change_no_chain(script):
    found = [fits(script, CHAINS, OMP_NUM_THREADS=n, PYTHONHASHSEED=n) for n in ("1", "2")]
    assert found[0] == found[1]


@pytest.mark.trust
def test_what_an_earlier_run_compiled_changes_no_chain(script, tmp_path):
    listed = [("3.2", "student_t", None)]
    found = [fits(script, listed, PYTENSOR_FLAGS=f"base_compiledir={tmp_path}") for _ in range(2)]
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def other_processor(tmp_path_factory) -> None:
    """Skip where linear algebra does not become another's by that name."""
    script = tmp_path_factory.mktemp("blas") / "which.py"
    script.write_text(
        "import numpy\nfrom threadpoolctl import threadpool_info\n"
        "print({each.get('architecture') for each in threadpool_info()})\n"
    )
    if OTHER not in in_process(script, "", OPENBLAS_CORETYPE=OTHER):
        pytest.skip(f"numpy's linear algebra is not OpenBLAS for a processor that can be {OTHER}")


@pytest.mark.slow
@pytest.mark.usefixtures("other_processor")
def test_another_processors_linear_algebra_moves_no_estimate(script, first):
    """By more than a millionth of its spread over draws; chains of NUTS part by rounding alone."""
    other = fits(script, INDEPENDENT, OMP_NUM_THREADS="1", OPENBLAS_CORETYPE=OTHER)
    for name, own in first.fits.items():
        for variable, mean in own["means"].items():
            np.testing.assert_allclose(
                other[name]["means"][variable],
                mean,
                rtol=1e-9,
                atol=1e-6 * own["sds"][variable],
                err_msg=f"{name} {variable}",
            )


LOOSER = {
    # Weights of the flat-prior benchmark's draws are one up to rounding, and k̂ is of rounding.
    "diagnostics.csv": {"rtol": 1e-6},
    # Moves are differences, in standard errors: nine digits are of what they are between.
    "influence.csv": {"atol": 1e-9},
    # Of independent draws, which move by a millionth of their spread: see above.
    "recovery.csv": {"rtol": 1e-6, "atol": 1e-7},
}
"""How far numbers may move where nine digits are too many."""


@pytest.mark.trust
@pytest.mark.usefixtures("other_processor")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_another_processors_linear_algebra_moves_no_table(script, first, tmp_path, threads):
    """Words are the same, and numbers to nine digits, but for `LOOSER`."""
    variables = {"OPENBLAS_CORETYPE": OTHER, "OPENBLAS_NUM_THREADS": threads}
    other = computed(script, [], tmp_path / "other", **variables).tables
    assert set(other) == set(first.tables)
    for name, content in first.tables.items():
        within = {"rtol": 1e-9, "atol": 1e-12} | LOOSER.get(name, {})
        one, two = (pd.read_csv(BytesIO(each), dtype=str) for each in (content, other[name]))
        for column in one:
            numbers = [pd.to_numeric(each[column], errors="coerce") for each in (one, two)]
            words = [
                each[column].mask(n.notna()) for each, n in zip((one, two), numbers, strict=True)
            ]
            pd.testing.assert_series_equal(*words, obj=f"{name} {column}")
            pd.testing.assert_series_equal(*numbers, **within, obj=f"{name} {column}")
