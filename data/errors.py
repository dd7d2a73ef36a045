"""The one error that a user's own input can cause."""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake in the user's input, told in one sentence.

    The sentence names file, row and column where they apply, and the remedy. The command
    line prints it without a traceback and exits with code 2.
    """


@contextmanager
def located(panel: str, column: str) -> Iterator[None]:
    """Begin what an error within says with the panel and the published column it is about.

    Raises
    ------
    UserError
        The same, "Panel …, column …: …".
    """
    try:
        yield
    except UserError as error:
        raise UserError(f"Panel {panel}, column {column}: {error}") from None
