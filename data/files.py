"""Write a file whole or not at all, and say which bytes it holds."""

import errno
import hashlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` if the block succeeds.

    A reader sees the old file or the new one, never a half-written one; an error or an
    interrupt leaves nothing behind.

    Raises
    ------
    OSError
        With the name of the file, where the disk is full or the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp's 0600 would shut out the group
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except RuntimeError as error:
        if "NetCDF" not in str(error):
            raise
        # The library's words for a disk that is full.
        raise OSError(errno.EIO, f"the file could not be written ({error})", str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Let an interrupt (Ctrl-C) wait until the block ends.

    For libraries that take locks an interrupt would leave taken, as the one for NetCDF does.
    Only the main thread hears of interrupts; elsewhere there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[tuple] = []
    before = signal.signal(signal.SIGINT, lambda *what: heard.append(what))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard and callable(before):
            before(*heard[-1])


def write_csv(frame: pd.DataFrame, path: Path, digits: int = 12) -> None:
    """Write a frame as UTF-8 CSV with `digits` significant digits and LF line ends."""
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, float_format=f"%.{digits}g", lineterminator="\n")


def sha256(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(content).hexdigest()
