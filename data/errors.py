"""The one error that a user's own input can cause."""


class UserError(Exception):
    """A mistake in the user's input, told in one sentence.

    The sentence names file, row and column where they apply, and the remedy. The command
    line prints it without a traceback and exits with code 2.
    """
