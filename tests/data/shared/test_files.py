"""Files are written whole or not at all."""

import fcntl
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.shared.files import blocked, interrupts_later, read_csv, replacing, unreadable, write_csv


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def write():
        with replacing(path) as temporary:
            temporary.write_text("half of the new")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_has_twelve_digits_beside_words_too(tmp_path):
    third = [1 / 3, np.float64(2 / 3)]
    frame = pd.DataFrame({"number": third, "mixed": [third[0], "***"], "odd": [None, np.nan]})
    write_csv(frame.astype({"mixed": object, "odd": object}), tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text()
    assert text == "number,mixed,odd\n0.333333333333,0.333333333333,\n0.666666666667,***,\n"


def test_a_table_with_a_province_called_na_comes_back(tmp_path):
    frame = pd.DataFrame({"without": ["NA", "MI", "null"], "slope": [0.5, np.nan, 1.5]})
    write_csv(frame, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv", {"without": str}), frame)


def test_an_interrupt_waits_until_the_block_ends():
    done = []

    def work():
        with interrupts_later():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the rest of the block")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest of the block"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_is_raised_in_any_thread():
    done = []

    def work():
        with interrupts_later():
            done.append(threading.current_thread())

    work()
    other = threading.Thread(target=work)
    other.start()
    other.join()
    assert len(done) == 2


def test_a_file_that_is_locked_or_forbidden_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "a.nc"
    path.write_bytes(b"whole")
    assert blocked(path) is None
    assert "move it away and run `make`" in unreadable(path, "a trace", "make")
    with path.open("rb+") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert unreadable(path, "a trace", "make").endswith("close it there and try again.")
    monkeypatch.setattr(Path, "open", refuse)
    assert unreadable(path, "a trace", "make").endswith("change its permissions.")


def refuse(*_):
    raise PermissionError
