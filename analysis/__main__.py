"""The command line: `python -m analysis COMMAND`.

Exit codes: see `analysis.commands.options.EXIT_CODES`.
"""

import errno
import traceback

from rich.console import Console

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

ROOMS = (
    *(panels, replication, reconstruction, posterior, comparison, regression_table),
    *(editions, analyses, reporting, reproduce, release, study),
)
"""Importing a file of commands registers them."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run a command; report a user's mistake in one sentence and exit with code 2."""
    try:
        app()
    except UserError as error:
        message = str(error)
    except OSError as error:  # an output folder that cannot be written to, or has no room
        remedy = "free some space or give" if error.errno in NO_ROOM else "give"
        message = f"{error.filename}: {error.strerror}; {remedy} a folder that can be written to."
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


if __name__ == "__main__":
    main()
