"""A Dask scheduler and workers on the loopback, each started and ended by a test."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

from analysis.shared.outputs import ROOT

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
    """Start a scheduler on a free port of the loopback; give its address."""
    file = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file]
    with running("dask_scheduler", *words, environment=ENVIRONMENT, folder=folder):
        yield address(file)


def address(file):
    for _ in range(3_000):
        if file.is_file() and file.stat().st_size:
            return json.loads(file.read_text())["address"]
        time.sleep(0.1)
    raise TimeoutError(file)


def worker(where, threads=1, environment=ENVIRONMENT, folder=ROOT):
    words = [where, "--nthreads", threads, "--no-nanny", "--no-dashboard"]
    return running("dask_worker", *words, environment=environment, folder=folder)


def await_workers(where, number=1):
    """Wait until so many workers have come to a scheduler, however long they take to start."""
    import distributed

    with distributed.Client(where, timeout=300, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=300)
