"""The command line: `python -m analysis COMMAND`.

Exit codes: see `analysis.commands.options.EXIT_CODES`.
"""

import errno
import os
import traceback
from pathlib import Path

from rich.console import Console
from typer import Typer
from typer.models import CommandInfo, TyperInfo

from analysis.commands import (
    analyses,
    comparison,
    editions,
    panels,
    posterior,
    reconstruction,
    regression_table,
    release,
    replication,
    reporting,
    reproduce,
    study,
)
from analysis.commands.options import app
from data.shared.errors import UserError
from data.shared.files import TEMPORARY

SECTIONS = {
    "The main job, and its results": (reproduce, reporting),
    "Data": (panels, reconstruction),
    "Estimates and posteriors": (replication, posterior),
    "Beside the printed numbers": (comparison, regression_table, editions),
    "Robustness, simulations and benchmarks": (analyses,),
    "Everything at one commit": (release,),
    "Another paper": (study,),
}
"""Files of commands, as `--help` lists them; importing one registers its commands."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def arrange(listed: Typer) -> None:
    """Put commands, and groups of them, into the order and under the heads of `SECTIONS`."""
    heads = {file.__name__: head for head, files in SECTIONS.items() for file in files}
    order = list(heads)
    for info in (*listed.registered_commands, *listed.registered_groups):
        info.rich_help_panel = heads[_file(info)]
    listed.registered_commands.sort(key=lambda info: order.index(_file(info)))


def _file(info: CommandInfo | TyperInfo) -> str:
    """Return the module of a command, or of a group's first."""
    if isinstance(info, TyperInfo):
        info = info.typer_instance.registered_commands[0]
    return info.callback.__module__


def _shown(error: OSError) -> str | None:
    """Return the file that an error is about; of a temporary one its folder."""
    path = Path(error.filename or "")
    return str(path.parent) if TEMPORARY.fullmatch(path.name) else error.filename


def main() -> None:
    """Run a command; report a user's mistake in one sentence and exit with code 2."""
    # A command that is killed while it asks git for the commit would leave the index locked.
    os.environ.setdefault("GIT_OPTIONAL_LOCKS", "0")
    try:
        app()
    except UserError as error:
        message = str(error)
    except OSError as error:  # an output folder that cannot be written to, or has no room
        remedy = "free some space or give" if error.errno in NO_ROOM else "give"
        message = f"{_shown(error)}: {error.strerror}; {remedy} a folder that can be written to."
    except Exception:
        # Shown here, since a progress bar that is closed after this would wait for ever.
        message = ""
        traceback.print_exc()
    else:
        return
    if not message:
        raise SystemExit(1)
    Console(stderr=True).print(
        f"Error: {message}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    raise SystemExit(2)


arrange(app)

if __name__ == "__main__":
    main()
