"""Atomic writing of files, and hashes of their bytes."""

import errno
import hashlib
import math
import os
import re
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TEMPORARY = re.compile(r"\..+~(?P<host>[^~]*)~(?P<process>\d{1,9})~[^~]*")
"""How a file that is being written is called: by machine and process, so that what a killed one
left can be told from what another is at work on."""

ABANDONED = 86_400.0
"""Seconds after which a temporary file is no one's, whoever's it was."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` if the block succeeds.

    A reader sees the old file or the new one, never a half-written one; an error or an
    interrupt leaves nothing behind. What a killed process left in the folder is removed the first
    time that this one writes there.

    Raises
    ------
    OSError
        With the name of the file, where the disk is full or the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path.parent)
    prefix = f".{path.stem}~{socket.gethostname()}~{os.getpid()}~"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
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


@cache
def _clear(folder: Path) -> None:
    """Remove temporary files of processes that are no more; those of other machines by age."""
    for path in folder.glob(".*~*"):
        match = TEMPORARY.fullmatch(path.name)
        if not match:
            continue
        # Another run may clear the folder, too, or the file be another user's.
        with suppress(OSError):
            is_this_host = match["host"] == socket.gethostname()
            ended = is_this_host and not _alive(int(match["process"]))
            if ended or time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


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
    before = signal.signal(signal.SIGINT, lambda *arguments: heard.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard and callable(before):
            before(*heard[-1])


def csv_text(frame: "pd.DataFrame", digits: int = 12) -> str:
    """Return a frame as CSV with `digits` significant digits and LF line ends."""

    def written(value: object) -> object:
        number = isinstance(value, float) and not math.isnan(value)
        return f"{value:.{digits}g}" if number else value

    # pandas would write a column of numbers and words with all digits: it is not one of floats.
    mixed = [name for name in frame if frame[name].dtype == object]
    frame = frame.assign(**{name: frame[name].map(written) for name in mixed})
    return frame.to_csv(index=False, float_format=f"%.{digits}g", lineterminator="\n")


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())


def write_csv(frame: "pd.DataFrame", path: Path, digits: int = 12) -> None:
    """Write a frame as UTF-8 CSV with `digits` significant digits and LF line ends."""
    write_text(csv_text(frame, digits), path)


def read_csv(path: Path, text: Mapping[str, type]) -> "pd.DataFrame":
    """Read what `write_csv` wrote, some columns as text; only an empty cell is missing.

    A province can be called NA.
    """
    import pandas as pd

    return pd.read_csv(path, dtype=dict(text), keep_default_na=False, na_values=[""])


def sha256(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(content).hexdigest()


def blocked(path: Path) -> str | None:
    """Return why an intact file cannot be read; None if nothing blocks it.

    Returns
    -------
    str, optional
        A clause and its remedy: that this user may not read it, or that another program holds it
        open for writing. Such a file must never be called damaged.
    """
    try:
        with path.open("rb") as file:
            if fcntl is not None:  # HDF5 locks a file that it writes in the same way
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except PermissionError:
        return "may not be read by this user: change its permissions"
    except BlockingIOError:
        return "is open in another program that writes to it: close it there and try again"
    except OSError:
        return None
    return None


def unreadable(path: Path, kind: str, command: str) -> str:
    """Return the sentence for a file that could not be read as what it should be.

    Parameters
    ----------
    path : Path
    kind : str
        What it should be, such as "a trace".
    command : str
        Makes it again.
    """
    why = blocked(path)
    if why:
        return f"{path} {why}."
    if not path.exists():
        return f"{path} cannot be read as {kind}, since it is not there: run `{command}` first."
    return f"{path} cannot be read as {kind}: move it away and run `{command}`."
