"""Tasks that are missing are added; what is there stays as it is."""

import tomllib

from analysis.reporting import tasks
from analysis.shared.outputs import ROOT


def test_what_has_its_tasks_already_is_left_alone():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pixi = (ROOT / "pixi.toml").read_text(encoding="utf-8")
    names = tomllib.loads(pixi)["tasks"]
    assert tasks.pixi(pixi, dict.fromkeys(names, "x")) == pixi
    listed = tasks.makefile("COMMANDS := a \\\n   b\n\nhelp:\n", ["b", "a"])
    assert listed == "COMMANDS := a \\\n   b\n\nhelp:\n"
    assert "COMMANDS :=" in makefile


def test_a_new_command_comes_last_and_one_that_is_gone_goes():
    text = tasks.makefile("X := 1\nCOMMANDS := a \\\n   b\n\nhelp:\n", ["b", "c"])
    assert text == "X := 1\nCOMMANDS := b c\n\nhelp:\n"
    long = tasks.makefile("COMMANDS := a\n", ["a", *(f"command-{i}" for i in range(30))])
    assert max(map(len, long.splitlines())) <= 102
    assert "command-29" in long.splitlines()[-1]


def test_a_new_task_is_one_that_pixi_reads():
    extra = f'{tasks.BEFORE}\njax = "*"\n[feature.reconstruct.tasks.r]\ncmd="y"\n'
    text = f'[tasks.a]\ncmd = "x"\n\n{extra}'
    told = tomllib.loads(tasks.pixi(text, {"a": "old", "r": "old", "new": "Do it"}))
    assert told["tasks"]["new"] == {
        "description": "Do it",
        "cmd": "python -m analysis new",
        "depends-on": ["setup"],
    }
    assert set(told["tasks"]) == {"a", "new"}
