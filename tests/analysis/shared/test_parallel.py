"""Work is spread: the same results wherever it runs, nothing left over however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from threading import Event, Thread
from typing import NamedTuple

import distributed
import numpy as np
import pandas as pd
import pytest

from analysis.shared import parallel as module
from analysis.shared.parallel import code_sha256, spread
from analysis.specifications import current, load, studying
from data.shared.errors import UserError
from tests.helpers import studies
from tests.helpers.clusters import ENVIRONMENT, await_workers, scheduler, worker
from tests.helpers.processes import until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with two workers."""
    with scheduler(tmp_path_factory.mktemp("dask")) as where, worker(where), worker(where):
        await_workers(where, 2)
        yield where


def drawn(seed, size):
    """Return a result of numbers, labels and text."""
    values = np.random.default_rng(seed).standard_normal(size)
    return seed, pd.DataFrame({"seed": seed, "value": values}), f"{seed}: {values.sum()!r}"


def title(number):
    return number, current().title


def test_workers_run_on_the_callers_study(tmp_path):
    with studying(load(studies.write(tmp_path))):
        for workers in (1, 2):
            assert set(spread(title, [1, 2], workers)) == {
                (1, "Roads and output"),
                (2, "Roads and output"),
            }
    assert set(spread(title, [1], 2)) == {(1, "Ye (2024)")}


def own_process(_):
    return os.getpid()


def refuse(number):
    raise UserError(f"number {number}")


def test_results_do_not_depend_on_where_tasks_run(cluster):
    task, seeds = partial(drawn, size=1_000), range(25)
    here = {seed: (frame, text) for seed, frame, text in spread(task, seeds, workers=1)}
    assert list(here) == list(seeds)
    for elsewhere in (spread(task, seeds, workers=2), spread(task, seeds, cluster=cluster)):
        found = {seed: (frame, text) for seed, frame, text in elsewhere}
        assert found.keys() == here.keys()
        for seed, (frame, text) in found.items():
            pd.testing.assert_frame_equal(frame, here[seed][0], check_exact=True)
            assert text == here[seed][1]


def test_both_workers_of_a_cluster_work_and_no_other_process(cluster):
    found = set(spread(own_process, range(200), cluster=cluster))
    assert len(found) == 2
    assert os.getpid() not in found
    assert set(spread(own_process, range(3), workers=1)) == {os.getpid()}


@pytest.mark.parametrize("where", [{"workers": 1}, {"workers": 2}, {"cluster": True}])
def test_a_users_mistake_comes_back_as_it_is(cluster, where):
    where = {"cluster": cluster} if "cluster" in where else where
    with pytest.raises(UserError, match="number 3"):
        list(spread(refuse, [3], **where))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    for where in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(UserError, match=f"No Dask scheduler answers at {where}"):
            list(spread(own_process, [1], cluster=where))


def test_workers_that_are_not_fit_are_refused(tmp_path, monkeypatch):
    wait = distributed.Client.wait_for_workers
    with scheduler(tmp_path) as where:
        monkeypatch.setattr(distributed.Client, "wait_for_workers", lambda *a, **_: wait(*a, 1.0))
        with pytest.raises(UserError, match="has no workers"):
            list(spread(own_process, [1], cluster=where))
        monkeypatch.setattr(distributed.Client, "wait_for_workers", wait)
        with worker(where, threads=2), pytest.raises(UserError, match="has 2 threads"):
            list(spread(own_process, [1], cluster=where))
        (tmp_path / "analysis").mkdir()
        (tmp_path / "analysis" / "__init__.py").touch()  # another project of that name
        lost = {**os.environ, "PYTHONPATH": str(tmp_path)}
        with (
            worker(where, environment=lost, folder=tmp_path),
            pytest.raises(UserError, match="does not find the project"),
        ):
            list(spread(own_process, [1], cluster=where))
        monkeypatch.setattr(module, "ROOT", tmp_path)  # this process has another commit
        with worker(where), pytest.raises(UserError, match="has other code"):
            list(spread(own_process, [1], cluster=where))


def test_the_hash_of_the_code_sees_every_source(monkeypatch, tmp_path):
    for layer in ("data", "models", "analysis"):
        (tmp_path / layer).mkdir()
    source = tmp_path / "models" / "one.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    before = code_sha256()
    assert code_sha256() == before
    source.write_text("x = 2\n")
    assert code_sha256() != before


SLEEPERS = """
import os, sys, tempfile, time
from analysis.shared.parallel import spread
def sleeper(folder):
    tempfile.mkstemp()
    open(os.path.join(folder, str(os.getpid())), "w").close()
    time.sleep(3_600)
if __name__ == "__main__":
    list(spread(sleeper, [sys.argv[1]] * 5, workers=2))
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "whom"),
    [
        pytest.param(signal.SIGINT, os.killpg, id="Ctrl-C"),
        pytest.param(signal.SIGINT, os.kill, id="interrupt"),
        pytest.param(signal.SIGTERM, os.kill, id="terminate"),
        pytest.param(signal.SIGKILL, os.kill, id="kill"),
    ],
)
def test_however_a_run_is_ended_no_process_is_left(tmp_path, number, whom):
    script, folder = tmp_path / "sleepers.py", tmp_path / "pids"
    folder.mkdir()
    script.write_text(SLEEPERS)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, script, folder],
        env={**ENVIRONMENT, "TMPDIR": str(scratch)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert until(lambda: len(list(folder.iterdir())) == 2)
        workers = [int(path.name) for path in folder.iterdir()]
        whom(process.pid, number)
        process.wait()
        assert process.returncode == -number
        assert until(lambda: not any(map(alive, workers)))
        assert len(list(folder.iterdir())) == 2  # what waited was not begun
        assert list(scratch.iterdir()) == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


SENDER = """
import os, sys, time
from multiprocessing.connection import Connection
from analysis.shared.parallel import spread
def big(folder):
    send = Connection._send
    def half(self, buffer, *more):
        if len(buffer) < 1_000_000:
            return send(self, buffer, *more)
        os.write(self._handle, buffer[:60_000])
        open(os.path.join(folder, str(os.getpid())), "w").close()
        time.sleep(3_600)
    Connection._send = half
    return bytes(12_000_000)
if __name__ == "__main__":
    list(spread(big, [sys.argv[1]], workers=2))
"""


def test_an_interrupt_amid_a_big_result_ends_the_run(tmp_path):
    """The worker is stopped when the pool has a part of what it sends, and waits for the rest."""
    script, folder = tmp_path / "sender.py", tmp_path / "pids"
    folder.mkdir()
    script.write_text(SENDER)
    process = subprocess.Popen(
        [sys.executable, script, folder],
        env=ENVIRONMENT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert until(lambda: len(list(folder.iterdir())) == 1)
        (sending,) = (int(path.name) for path in folder.iterdir())
        process.send_signal(signal.SIGINT)
        assert until(lambda: process.poll() is not None, seconds=300)
        assert process.returncode == -signal.SIGINT
        assert until(lambda: not alive(sending))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_an_interrupt_that_another_thread_gets_waits_until_workers_are_started():
    """The mask of this thread does not hold what the system gives to another one."""
    done, begun = Event(), []

    def inputs():
        for number in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)  # Python would raise here
            begun.append(number)
            yield number

    idle = Thread(target=done.wait)
    idle.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(module.spread(abs, inputs(), workers=2))
    finally:
        done.set()
        idle.join()
    assert begun == [0, 1, 2]


class Task(NamedTuple):
    name: str


def squares(task):
    return task, {"squares": np.arange(5) ** 2}


def test_kept_arrays_are_read_and_spoiled_ones_made_again(tmp_path):
    tasks = [Task("a.npz"), Task("b.npz"), Task("c.npz")]
    first = dict(module.kept(squares, tasks, tmp_path, workers=1))
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.npz").write_bytes(whole[:150] + bytes([whole[150] ^ 1]) + whole[151:])
    asked = []
    again = dict(module.kept(lambda t: asked.append(t) or squares(t), tasks, tmp_path, workers=1))
    assert asked == tasks[:2]
    assert again.keys() == first.keys()
    assert all(np.array_equal(again[t]["squares"], first[t]["squares"]) for t in tasks)
    assert (tmp_path / "a.npz").read_bytes() == whole


def test_a_folder_that_another_run_removes_takes_no_results_along(tmp_path, monkeypatch):
    """Two runs share it, and the one that ends first removes it: at any moment, the worst here."""
    save = np.savez

    def saved(path, **arrays):
        save(path, **arrays)
        shutil.rmtree(tmp_path / "shared")

    monkeypatch.setattr(module.np, "savez", saved)
    tasks = [Task("a.npz"), Task("b.npz")]
    found = dict(module.kept(squares, tasks, tmp_path / "shared", workers=1))
    assert list(found) == tasks
