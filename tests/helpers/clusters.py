"""A Dask scheduler and workers on the loopback, each started and ended by a test."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from analysis.shared import parallel
from analysis.shared.outputs import ROOT
from tests.helpers.processes import until

PATIENCE = 300.0
"""Seconds that a scheduler or a worker may take to answer, on a machine however busy."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def running(*words, environment, folder):
    """Start one of Dask's commands; end it."""
    command = [sys.executable, "-m", "distributed.cli." + words[0], *map(str, words[1:])]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=environment, **quiet)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def scheduler(folder):
    """Start a scheduler on a free port of the loopback; give its address, and time to answer."""
    file = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file]
    with (
        running("dask_scheduler", *words, environment=ENVIRONMENT, folder=folder),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(parallel, "PATIENCE", PATIENCE)
        yield address(file)


def address(file):
    assert until(lambda: file.is_file() and file.stat().st_size, PATIENCE)
    return json.loads(file.read_text())["address"]


def worker(where, threads=1, environment=ENVIRONMENT, folder=ROOT):
    words = [where, "--nthreads", threads, "--no-nanny", "--no-dashboard"]
    return running("dask_worker", *words, environment=environment, folder=folder)


def await_workers(where, number=1):
    """Wait until so many workers have come to a scheduler, however long they take to start."""
    import distributed

    with distributed.Client(where, timeout=PATIENCE, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=PATIENCE)
