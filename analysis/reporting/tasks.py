"""Tasks of Makefile and pixi.toml, from the commands."""

import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from data.shared.files import write_text

BEFORE = "[feature.reconstruct.dependencies]"
"""In pixi.toml, what follows the tasks that need no extra."""


def makefile(text: str, commands: Sequence[str]) -> str:
    """Put further commands into the Makefile's list; those in it keep their order."""
    listed = re.search(r"^COMMANDS := ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    before = listed[1].replace("\\\n", " ").split()
    names = [name for name in before if name in commands]
    names += [name for name in commands if name not in before]
    if names == before:
        return text
    lines = textwrap.wrap(" ".join(names), 88, break_on_hyphens=False)
    body = (" \\\n" + " " * len("COMMANDS := ")).join(lines)
    return text[: listed.start(1)] + body + text[listed.end(1) :]


def pixi(text: str, commands: Mapping[str, str]) -> str:
    """Add a task for each command that pixi.toml has none for.

    Parameters
    ----------
    text : str
    commands : mapping
        By name, what each does.
    """
    manifest = tomllib.loads(text)
    names = {*manifest["tasks"]}.union(
        *(part.get("tasks", ()) for part in manifest["feature"].values())
    )
    tasks = [
        f'[tasks.{name}]\ndescription = "{words}"\ncmd = "python -m analysis {name}"\n'
        'depends-on = ["setup"]\n\n'
        for name, words in commands.items()
        if name not in names
    ]
    return text.replace(BEFORE, "".join(tasks) + BEFORE)


def write(root: Path, commands: Mapping[str, str]) -> None:
    """Rewrite both files, by the commands and what each does."""
    for name, rewrite in (("Makefile", makefile), ("pixi.toml", pixi)):
        path = root / name
        write_text(rewrite(path.read_text(encoding="utf-8"), commands), path)
