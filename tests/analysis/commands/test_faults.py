"""Full disks, folders that cannot be written to, kills, and two runs at once: no broken file."""

import contextlib
import errno
import json
import locale
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import netCDF4
import numpy as np
import pandas as pd
import psutil
import pytest
import xarray as xr

from analysis import __main__ as cli
from analysis.posterior import trace
from analysis.shared import terminal
from analysis.shared.hashing import CONTENT
from analysis.shared.outputs import ROOT
from data.panels.catalogue import ENSEMBLE, FOLDER
from data.panels.panel import load_panel
from data.shared import files
from data.shared.errors import UserError
from data.shared.files import replacing
from tests.helpers import small_job
from tests.helpers.one_process import stay_here
from tests.helpers.processes import until
from tests.helpers.small_job import COLUMNS, MODELS
from tests.helpers.traces import ATTRIBUTES
from tests.helpers.warm import Run, command
from tests.helpers.warm import start as start_warm

REPLICATE = ("replicate", "8.1", "8.2", "8.3", "--panel", "official", "--draws", "99")
SAMPLE = ("sample", "8.1", "--panel", "official", "--model", "flat")

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def start(*words: object) -> subprocess.Popen:
    """Start a Python program in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        env=ENVIRONMENT,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def cold(out: Path) -> Run:
    """Start the small main job as a user does."""
    run = start("-m", small_job.__name__, out)

    def end() -> tuple[int, str]:
        said, wrong = run.communicate()
        return run.returncode, said + wrong

    return Run(run.pid, lambda: run.poll() is None, end)


@pytest.fixture
def warm(monkeypatch, tmp_path) -> Callable[[Path], Run]:
    """Return what starts the small main job in a fork of a process that has imported everything."""
    said = tmp_path / "said.txt"
    return partial(start_warm, monkeypatch, said, small_job.run_without_analyses)


# --- what a whole file is -------------------------------------------------------------------------


def _netcdf(path: Path) -> None:
    trace.read(path)  # loads every group, and so checks each block's checksum


def _html(path: Path) -> None:
    assert path.read_text("utf-8").rstrip().endswith("</html>")


READERS = {
    ".nc": _netcdf,
    ".csv": lambda path: pd.read_csv(path),
    ".json": lambda path: json.loads(path.read_text("utf-8")),
    ".html": _html,
    ".svg": ElementTree.parse,
    ".png": matplotlib.image.imread,
}


def hold_whole(root: Path) -> list[Path]:
    """Read every file below a folder to its end; return them."""
    found = [path for path in root.rglob("[!.]*") if path.is_file()]
    for path in found:
        READERS[path.suffix](path)
        if path.suffix == ".csv":
            assert path.read_bytes().endswith(b"\n")
    return found


def killed_at_events(begin: Callable[[Path], Run], out: Path, kills: int, fits: int) -> None:
    """Kill the main job again and again, then let it finish; no fit that was done is done again.

    A kill waits for files, not for seconds: it strikes a random moment after the run has begun to
    write its n-th file (temporary ones count), so that a slow machine is struck at the same places
    as a fast one. Every third kill waits for a fit of its own run to be finished.
    """
    chance = random.Random(kills)
    done: dict[Path, tuple[int, int]] = {}
    struck = 0
    for kill in range(kills):
        run = begin(out)
        if kill % 3 == 0 and len(done) < fits:
            came = happened(run.is_alive, partial(more_than, len(done), stamps, out))
        else:
            seen = names(out)
            files = partial(written, chance.randint(1, 12), seen, set(seen), out)
            came = happened(run.is_alive, files)
        if came:
            time.sleep(chance.uniform(0, 0.2))  # anywhere within what it does next
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.group, signal.SIGKILL)
            struck += 1
        run.end()
        hold_whole(out)
        now = stamps(out)
        assert done.items() <= now.items()
        done = now
    assert struck > kills / 2
    interrupted_at_the_first_file(begin, out)
    assert done.items() <= stamps(out).items()
    done = stamps(out)
    assert done, "no run came to a finished fit before it was struck"
    code, said = begin(out).end()
    assert code == 0, said
    assert f"{len(done)} of {fits} traces are up to date" in said
    assert done.items() <= stamps(out).items()
    assert {path.suffix for path in hold_whole(out)} == set(READERS)
    assert temporaries(out) == []


def interrupted_at_the_first_file(begin: Callable[[Path], Run], out: Path) -> None:
    """Press Ctrl-C when the main job begins to write: it says so by its code, and leaves nothing.

    A process that is killed cannot tidy up; this one can.
    """
    run, seen = begin(out), names(out)
    assert happened(run.is_alive, partial(written, 1, seen, set(seen), out))
    os.killpg(run.group, signal.SIGINT)
    code, said = run.end()
    assert code == 130, said
    assert "Traceback" not in said
    hold_whole(out)
    assert temporaries(out) == []


def happened(is_alive: Callable[[], bool], event: Callable[[], bool]) -> bool:
    """Wait until an event has happened, or return False where the run ends before it."""
    while is_alive():
        if event():
            return True
        time.sleep(0.05)
    return False


def more_than(number: int, there: Callable[[Path], Collection], out: Path) -> bool:
    return len(there(out)) > number


def written(files: int, before: set, seen: set, out: Path) -> bool:
    """Say whether so many files have come since, counting those that went again."""
    seen |= names(out)
    return len(seen - before) >= files


def names(out: Path) -> set[tuple[Path, int]]:
    """Return every file that is there, half-written ones too, by name and inode."""
    there = set()
    for path in out.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # renamed since it was listed
            there.add((path, path.stat().st_ino))
    return there


def temporaries(root: Path) -> list[Path]:
    return [path for path in root.rglob(".*~*") if path.is_file()]


def stamps(out: Path) -> dict[Path, tuple[int, int]]:
    """Return which file each trace is."""
    paths = (out / "traces").glob("*/[!.]*.nc")
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


# --- kills, and two runs at once ------------------------------------------------------------------


@pytest.mark.slow
def test_six_kills_leave_whole_files_and_finished_fits(warm, tmp_path):
    killed_at_events(warm, tmp_path / "out", kills=6, fits=2 * MODELS)


@pytest.mark.trust
def test_fifty_kills_leave_whole_files_and_finished_fits(tmp_path):
    killed_at_events(cold, tmp_path / "out", kills=50, fits=len(COLUMNS) * MODELS)


def hold_both(runs: list[Run], out: Path) -> list[Path]:
    """Let two runs into one folder finish; return the whole files that are there."""
    for run in runs:
        code, said = run.end()
        assert code == 0, said
    assert temporaries(out) == []
    return hold_whole(out)


@pytest.mark.slow
def test_two_samplers_at_once_in_one_folder_both_finish(monkeypatch, tmp_path):
    out = tmp_path / "out"
    words = [tmp_path / f"{name}.txt" for name in ("one", "other")]
    runs = [start_warm(monkeypatch, said, command, *SAMPLE, "--out", out) for said in words]
    assert [path.name for path in hold_both(runs, out)] == ["8.1-flat.nc"]


@pytest.mark.trust
def test_two_main_jobs_at_once_in_one_folder_both_finish(tmp_path):
    out = tmp_path / "out"
    assert {path.suffix for path in hold_both([cold(out), cold(out)], out)} == set(READERS)


WRITER = """
import sys
from pathlib import Path
from data.shared.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("half", flush=True)
    sys.stdin.readline()
    temporary.write_text("whole")
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_and_no_one_elses(tmp_path):
    runs = [start("-c", WRITER, tmp_path / f"{name}.txt") for name in ("killed", "living")]
    for run in runs:
        assert run.stdout.readline() == "half\n"
    killed, living = runs
    killed.kill()
    killed.communicate()
    elsewhere = tmp_path / f".a~another-machine~{killed.pid}~x.txt"
    old = tmp_path / f".b~another-machine~{killed.pid}~x.txt"
    other = tmp_path / ".c~x~y"
    for path in (elsewhere, old, other):
        path.write_text("half")
    os.utime(old, (0, 0))
    assert len(temporaries(tmp_path)) == 5
    with replacing(tmp_path / "next.txt") as temporary:
        temporary.write_text("whole")
    (at_work,) = tmp_path.glob(f".living~*~{living.pid}~*.txt")
    assert set(temporaries(tmp_path)) == {elsewhere, other, at_work}
    living.communicate("\n")
    assert living.returncode == 0
    assert (tmp_path / "living.txt").read_text() == "whole"
    assert set(temporaries(tmp_path)) == {elsewhere, other}


# --- no room, no permission -----------------------------------------------------------------------

LIMITED = """
import multiprocessing, resource, sys
from analysis import __main__ as cli
from analysis.shared import parallel
if __name__ == "__main__":
    parallel.get_context = lambda _: multiprocessing.get_context("fork")  # imports are done
    limit = int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    cli.main()
"""


def answer(*words: object) -> str:
    """Run a command that must fail; return the one sentence that it says."""
    done = subprocess.run(
        list(map(str, words)), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "command"), [(100, REPLICATE), (100_000, SAMPLE)])
def test_a_file_that_finds_no_room_is_one_sentence_and_not_there(tmp_path, limit, command):
    """A limit on the size of a file: the system's answer comes while it is written."""
    script, out = tmp_path / "limited.py", tmp_path / "out"
    script.write_text(LIMITED)
    said = answer(sys.executable, script, limit, *command, "--out", out)
    assert "free some space" in said
    assert [path for path in out.rglob("*") if path.is_file()] == []


def mounted(options: str, folder: Path) -> list[str]:
    """Return how a command is started that alone sees a mount on a folder; skip if none may."""
    words = ["unshare", "-rm", "sh", "-c", f'mount {options} "$0" && exec "$@"', str(folder)]
    able = (
        shutil.which("unshare")
        and not subprocess.run([*words, "true"], capture_output=True).returncode
    )
    if not able:
        pytest.skip("fills or locks a folder by a mount of its own, which this user may not make")
    return words


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "remedy"),
    [("-t tmpfs -o size=4k tmpfs", "free some space"), ("-t tmpfs -o ro tmpfs", "written to")],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_is_one_sentence(tmp_path, options, remedy):
    command = [*mounted(options, tmp_path), sys.executable, "-m", "analysis", *REPLICATE]
    said = answer(*command, "--out", tmp_path)
    assert remedy in said
    assert str(tmp_path) in said


@pytest.mark.parametrize(
    ("words", "folder"),
    [(REPLICATE, "results"), (SAMPLE, "traces/official")],
    ids=["replicate", "sample"],
)
def test_a_folder_without_permission_is_named_and_nothing_is_left(
    tmp_path, monkeypatch, capsys, words, folder
):
    """Where permissions bind no one (root's), as the system would answer."""

    make = files.tempfile.mkstemp

    def refused(dir, prefix, suffix):
        if tmp_path in Path(dir).parents:
            raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/{prefix}x{suffix}")
        return make(dir=dir, prefix=prefix, suffix=suffix)

    stay_here(monkeypatch)
    monkeypatch.setattr(files.tempfile, "mkstemp", refused)
    monkeypatch.setattr(sys, "argv", ["analysis", *words, "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"Error: {tmp_path / folder}: Permission denied; give a folder that can be written to.\n"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# --- spoiled files --------------------------------------------------------------------------------


def test_a_spoiled_ensemble_is_refused_with_its_hash_and_in_no_other_panels_way(tmp_path):
    for path in FOLDER.glob("*.*"):
        shutil.copy(path, tmp_path)
    content = bytearray((FOLDER / ENSEMBLE).read_bytes())
    content[len(content) // 2] ^= 1
    for spoiled in (bytes(content), bytes(content[:1000])):
        (tmp_path / ENSEMBLE).write_bytes(spoiled)
        with pytest.raises(UserError, match=r"implied-ensemble\.nc has sha256 [0-9a-f]{64}"):
            load_panel("implied-01", ["produ"], tmp_path)
        assert load_panel("official", ["produ"], tmp_path).balanced


def test_a_flipped_bit_in_a_traces_data_is_found(tmp_path):
    path = tmp_path / "a.nc"
    trace.write(made(), path)
    whole = path.read_bytes()
    start = whole.index(made()["posterior"]["y"].to_numpy()[0, 0, 0].tobytes())
    for at in range(start, start + 200, 7):
        spoiled = bytearray(whole)
        spoiled[at] ^= 1
        path.write_bytes(spoiled)
        with pytest.raises(UserError, match="cannot be read as a trace"):
            trace.read(path)


def one_draw(file: netCDF4.Dataset) -> None:
    file["posterior/y"][0, 0, 0] += 1e-12


def one_label(file: netCDF4.Dataset) -> None:
    file["prior/obs"][1] = "Tibet 2011"


def the_gate(file: netCDF4.Dataset) -> None:
    file.gate = "fail"


def the_panel(file: netCDF4.Dataset) -> None:
    file.panel_sha256 = "y"


def a_groups_attribute(file: netCDF4.Dataset) -> None:
    file["sample_stats"].sampler = "another"


def the_hashes(file: netCDF4.Dataset) -> None:
    file.delncattr(CONTENT)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (one_draw, "posterior"),
        (one_label, "prior"),
        (the_gate, "attributes"),
        (the_panel, "attributes"),
        (a_groups_attribute, "sample_stats"),
        (the_hashes, "attributes, constant_data, .*"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_trace_that_was_changed_is_refused_by_its_hashes(tmp_path, change, where):
    path = tmp_path / "a.nc"
    trace.write(made(), path)
    assert trace.attributes(path)["gate"] == "pass"
    with netCDF4.Dataset(path, "a") as file:
        change(file)
    with pytest.raises(UserError, match=rf"a\.nc was changed since it was written \({where} by"):
        trace.read(path)
    # It is sampled again where the attributes do not say what they did, and only then.
    assert bool(trace.attributes(path)) == ("attributes" not in where)
    if where in ("posterior", "prior"):
        assert set(trace.read(path, without=[where]).children) == set(made().children) - {where}


def made() -> xr.DataTree:
    """Return a trace whose draws do not shrink."""
    y = np.random.default_rng(0).normal(size=(2, 500, 3))
    labels = {"obs": ["Tibet 2010", "Beijing 2010", "Hebei 2010"]}
    group = xr.Dataset({"y": (("chain", "draw", "obs"), y)}, labels, {"sampler": "one"})
    names = (*trace.GROUPS, *trace.PRIOR_GROUPS)
    tree = xr.DataTree.from_dict({f"/{name}": group for name in names})
    tree.attrs = ATTRIBUTES | {"gate_failed": ""}
    return tree


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["collapsed", "nuts"])
def test_an_interrupt_of_sampling_ends_all_processes_at_once(tmp_path, engine):
    words = ["sample", "3.2", "8.1", "--panel", "official", "--model", "mundlak"]
    words += ["--engine", engine, "--out", tmp_path]
    with start("-m", "analysis", *words) as run:
        line = run.stdout.readline()  # said as sampling begins
        assert "sampling 2" in line
        workers = psutil.Process(run.pid).children
        assert happened(lambda: run.poll() is None, lambda: len(workers(recursive=True)) >= 2)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate()
    assert run.returncode == 130
    assert "the same command goes on" in out
    assert "Traceback" not in out + err
    # The fits at work were given up: had they been waited for, their traces would be there.
    assert len(list(tmp_path.rglob("*.nc"))) < 2
    assert until(lambda: not group_alive(run.pid))


def group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# --- locales and labels ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_locale_with_decimal_commas_changes_no_byte(tmp_path):
    built = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"], capture_output=True
    ) if shutil.which("localedef") else None  # fmt: skip
    if built is None or built.returncode:
        pytest.skip("builds a German locale by localedef, which is missing or has no de_DE")
    script = tmp_path / "localised.py"
    script.write_text(LOCALISED)
    variables = {"LC_ALL": "de_DE.UTF-8", "LOCPATH": str(tmp_path), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, script, *REPLICATE, "--out", tmp_path / "de"],
        cwd=ROOT,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0,5")
    assert locale.str(0.5) == "0.5"
    cli.app([*REPLICATE, "--out", str(tmp_path / "here")], standalone_mode=False)
    one, other = (tmp_path / name / "results" / "replication.csv" for name in ("de", "here"))
    assert one.read_bytes() == other.read_bytes()


LOCALISED = """
import locale
from analysis import __main__ as cli
locale.setlocale(locale.LC_ALL, "")
print(locale.str(0.5))
cli.main()
"""


def test_markup_in_a_users_label_is_shown_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr(terminal, "console", terminal.Console(width=100))
    terminal.show(pd.DataFrame({"region": ["[/red]", "[bold]x"]}), "Labels")
    printed = capsys.readouterr().out
    assert "[/red]" in printed
    assert "[bold]x" in printed
