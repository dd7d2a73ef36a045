"""A long job says how long it takes, by what it took before, and what it is at."""

import json

import pytest

from analysis.commands.reproduce import STEPS
from analysis.shared import timing
from analysis.shared.outputs import Outputs
from analysis.shared.timing import Steps, about

NAMES = ("first", "second")


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands until it is set."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def run(out: Outputs, clock: list[float], took: tuple[float, float], **options) -> None:
    steps = Steps("job", NAMES, out, **options)
    steps.announce()
    for name, seconds in zip(NAMES, took, strict=True):
        steps.begin(name)
        clock[0] += seconds
    steps.finish()


def test_a_run_says_what_the_one_before_it_took_and_what_is_left(tmp_path, clock, capsys):
    out = Outputs(tmp_path)
    run(out, clock, (60, 240))
    said = capsys.readouterr().out
    assert "not known yet" in said
    assert "Step 1 of 2: first.\n" in said
    assert "Done in about 5 minutes." in said
    run(out, clock, (60, 240))
    said = capsys.readouterr().out
    assert "This takes about 5 minutes, as measured on " in said
    assert "Step 1 of 2: first, about 5 minutes left." in said
    assert "Step 2 of 2: second, about 4 minutes left." in said


def test_a_step_that_is_done_in_part_counts_by_its_share_and_keeps_its_record(
    tmp_path, clock, capsys
):
    out = Outputs(tmp_path)
    run(out, clock, (60, 240))
    for share, left in ((0.5, 3), (0.0, 1)):
        capsys.readouterr()
        run(out, clock, (60, 240 * share), shares={"second": share})
        minutes = "a minute" if left == 1 else f"{left} minutes"
        assert f"This takes about {minutes}," in capsys.readouterr().out
        assert Steps("job", NAMES, out).before.seconds == {"first": 60, "second": 240}


def test_parts_say_what_is_left_by_those_that_this_run_has_computed(clock):
    pace = timing.Pace(5)
    said = []
    for seconds in (0.01, 120, 240, 240, 0):  # the first was kept by a run before
        said.append(pace.next())
        clock[0] += seconds
    assert said == [
        "part 1 of 5",
        "part 2 of 5",
        "part 3 of 5, about 6 minutes left",
        "part 4 of 5, about 6 minutes left",
        "part 5 of 5, about 3 minutes left",
    ]


def test_a_step_that_no_record_knows_leaves_the_time_unsaid(tmp_path, clock, capsys):
    out = Outputs(tmp_path)
    run(out, clock, (60, 240))
    assert Steps("job", (*NAMES, "third"), out).left() is None
    path = Steps("job", NAMES, out).path
    path.write_text("{}")
    assert Steps("job", NAMES, out).before is None


def test_a_run_that_measures_speaks_for_clones_without_one(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(timing, "__file__", str(tmp_path / "shared" / "timing.py"))
    steps = Steps("job", NAMES, Outputs(tmp_path / "one"))
    for name in NAMES:
        steps.begin(name)
        clock[0] += 90
    steps.finish(measure=True)
    assert Steps("job", NAMES, Outputs(tmp_path / "two")).left() == 180


def test_the_record_of_reproduce_knows_its_steps():
    path = Steps("reproduce", STEPS, Outputs()).committed
    assert set(json.loads(path.read_text("utf-8"))["seconds"]) == set(STEPS)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (20, "less than a minute"),
        (70, "about a minute"),
        (130, "about 2 minutes"),
        (3_700, "about 62 minutes"),
    ],
)
def test_times_are_said_in_minutes(seconds, said):
    assert about(seconds) == said
