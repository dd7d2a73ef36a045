"""Do one task for many inputs: in processes of this machine, or on a Dask cluster that is named.

The one place through which independent work goes (fits, refits, universes, simulated data sets).
What a task returns depends on its input alone, never on where or in what order tasks run, and
comes back to the caller, who alone writes files: workers need not share a disk, and one that is
stopped leaves nothing half-written.

On this machine it is a pool of the standard library and not Dask's `LocalCluster`, which took
about eight times as long to the first result of two workers (and its import as long again), and
seconds to end on Ctrl-C, where terminated processes end at once. Distribution over machines is
left to Dask altogether.

A cluster is started with the project's environment, in its folder, one thread to a worker (PyMC
and the limit on BLAS threads are per process):

    dask scheduler
    PYTHONPATH=. dask worker tcp://HOST:8786 --nworkers 8 --nthreads 1
    python -m analysis sample --all --cluster tcp://HOST:8786
"""

import os
import shutil
import signal
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.shared.outputs import ROOT
from analysis.shared.sources import content_sha256, installed
from analysis.specifications import Study, current, studying
from data.shared.errors import UserError
from data.shared.files import interrupts_later, replacing, sha256

PATIENCE = 10.0
"""Seconds to wait for a scheduler to answer and for its first worker."""

BATCH = 20
"""Inputs sent to the scheduler at a time: with a panel in each, a message stays below 10 MB."""


def spread[Input, Result](
    task: Callable[[Input], Result],
    inputs: Iterable[Input],
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[Result]:
    """Do a task for many inputs; yield what it returns as it comes, in any order.

    Parameters
    ----------
    task : callable
        A function of a module, or a `functools.partial` of one: it is sent by name.
    inputs : iterable
    workers : int
        Processes of this machine; 1 is this process itself.
    cluster : str, optional
        Address of a Dask scheduler, tcp://host:port, whose workers do the task instead.

    Raises
    ------
    UserError
        If the cluster cannot be reached, has no workers, or these run other code.
    """
    if (study := current()).path is not None:
        task = partial(_of_study, task, study)
    if cluster:
        yield from _on_cluster(task, inputs, cluster)
    elif workers == 1:
        yield from map(task, inputs)
    else:
        yield from _in_processes(task, inputs, workers)


def _of_study[Input, Result](
    task: Callable[[Input], Result], study: Study, input_: Input
) -> Result:
    """Do a task on the study that the caller runs on: a worker knows the paper alone."""
    with studying(study):
        return task(input_)


class Named(Protocol):
    """An input whose result has a file."""

    @property
    def name(self) -> str:
        """Of that file."""


def kept[Input: Named](
    task: Callable[[Input], tuple[Input, Mapping[str, NDArray]]],
    inputs: Iterable[Input],
    folder: Path,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[tuple[Input, Mapping[str, NDArray]]]:
    """Run a task for inputs whose arrays are not in `folder` yet; yield all inputs with arrays.

    What cannot be read there is made again. Runs may share the folder, and the one that ends first
    remove it.

    Parameters
    ----------
    task : callable
        From an input to itself and arrays by name.
    folder : Path
        Where they are kept, as `<input.name>`; it is another one for another code or data.
    inputs, workers, cluster
        As `spread` takes them.
    """
    waiting = []
    for input_ in inputs:
        arrays = _arrays(folder / input_.name)
        if arrays is None:
            waiting.append(input_)
        else:
            yield input_, arrays
    for input_, arrays in spread(task, waiting, workers, cluster):
        with suppress(FileNotFoundError), replacing(folder / input_.name) as temporary:
            np.savez(temporary, **arrays)
        yield input_, arrays


def _arrays(path: Path) -> Mapping[str, NDArray] | None:
    """Read a file of arrays; None if it is not there or spoiled."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        return None


# --- this machine -----------------------------------------------------------------------------


def _in_processes[Input, Result](
    task: Callable[[Input], Result], inputs: Iterable[Input], workers: int
) -> Iterator[Result]:
    earlier = set(active_children())
    scratch = TemporaryDirectory()
    # Spawned: JAX and nutpie may have threads, which a fork would lose.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _settle, (scratch.name,))
    try:
        # Workers inherit the mask: nutpie would take Ctrl-C for "enough". It does not do alone,
        # since it is this thread's: another thread (of linear algebra, say) would get the signal,
        # and Python raise here, with a worker half started.
        with interrupts_later(), _interrupts_masked():
            # No list of futures is kept: each would hold its result.
            pending = as_completed([pool.submit(task, input_) for input_ in inputs])
        for future in pending:
            yield future.result()
    except BaseException:  # an interrupt, a failed task, or a caller that wants no more
        for process in set(active_children()) - earlier:
            process.terminate()
        # One that ended while it sent a result leaves the pool's thread waiting for the rest, as
        # long as this process, too, holds the pipe's end for writing (seen in CPython 3.13).
        pool._result_queue._writer.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        scratch.cleanup()


@contextmanager
def _interrupts_masked() -> Iterator[None]:
    """Mask Ctrl-C in this thread until the block ends; processes started in it never get it.

    Were it ignored instead, one that comes while workers start would be lost.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where nothing is inherited either
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle(scratch: str) -> None:
    """Make a worker end with the process that started it, and leave temporary files to that.

    Which has removed them when it ends, but where it was killed.
    """
    tempfile.tempdir = scratch

    def wait() -> None:
        parent_process().join()
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    Thread(target=wait, daemon=True).start()


# --- a cluster --------------------------------------------------------------------------------


def _on_cluster[Input, Result](
    task: Callable[[Input], Result], inputs: Iterable[Input], address: str
) -> Iterator[Result]:
    import distributed

    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"No Dask scheduler answers at {address}: start one (dask scheduler) and name its "
            "address as it prints it, tcp://host:port."
        ) from error
    with client:  # leaving it gives up what has not begun; what runs ends by itself, unheard
        _refuse_unfit(client, address)
        futures = client.map(task, list(inputs), pure=False, batch_size=BATCH)
        pending = distributed.as_completed(futures, loop=client.loop)
        del futures  # each would keep its result on the cluster
        for future in pending:
            yield future.result()


def _refuse_unfit(client, address: str) -> None:
    """Refuse workers that are not there, have threads, or run other code than this process."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise UserError(
            f"The scheduler at {address} has no workers: start some in the project's folder, "
            f"PYTHONPATH=. dask worker {address} --nthreads 1."
        ) from None
    threads = client.nthreads()
    crowded = [worker for worker, number in threads.items() if number > 1]
    if crowded:
        raise UserError(
            f"Worker {crowded[0]} has {threads[crowded[0]]} threads, which fits in one process "
            "would get in each other's way with: start workers with --nthreads 1."
        )
    this_code = code_sha256()
    for worker, worker_code in client.run(code_sha256, on_error="return").items():
        if worker_code != this_code:
            raise UserError(
                f"Worker {worker} has other code or other packages than this process, or does not "
                "find the project: start workers in the same commit's folder, with PYTHONPATH=. "
                "and the same environment."
            )


def code_sha256() -> str:
    """Hash the project's code and what is installed: equal hashes, equal results."""
    layers = ("data", "models", "analysis")
    sources = sorted(path for layer in layers for path in (ROOT / layer).rglob("*.py"))
    return sha256("\0".join([content_sha256(sources, ROOT), *installed()]).encode())
