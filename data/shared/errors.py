"""The one error that a user's own input can cause."""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake in the user's input, reported in one sentence.

    The sentence names file, row and column where they apply, and the remedy. The command
    line prints it without a traceback and exits with code 2.
    """


@contextmanager
def located(panel: str, column: str) -> Iterator[None]:
    """Begin the sentence of an error within with its panel and published column.

    Raises
    ------
    UserError
        The same, "Panel …, column …: …".
    """
    try:
        yield
    except UserError as error:
        raise UserError(f"Panel {panel}, column {column}: {error}") from None


def one_line(error: UserError) -> UserError:
    """Return an error whose sentence is one line: quoted cells may hold what a terminal obeys."""
    letters = (c if c.isprintable() else repr(c)[1:-1] for c in str(error))
    return UserError("".join(letters))
