"""Read a user's own panel: bytes to text cells, cells to numbers."""

from collections.abc import Sequence

import pandas as pd

from data.panels.cells import select_columns
from data.panels.file_formats import tabulate
from data.panels.missing_codes import notices_of_codes
from data.panels.names import one_spelling, words_that_are_names
from data.panels.notices import missing_cells, notices_of
from data.panels.spelling import number, plain_numbers
from data.panels.validation import validate


def read(
    content: bytes, variables: Sequence[str], file: str
) -> tuple[pd.DataFrame, tuple[str, ...], bool]:
    """Read a user's file.

    Parameters
    ----------
    content : bytes
        Of the file.
    variables : sequence of str
        Columns that the estimation reads besides province and year.
    file : str
        How notices and errors name the file.

    Returns
    -------
    frame : DataFrame
        As of `validate`.
    notices : tuple of str
        Notices for the user, one sentence each.
    balanced : bool
        Whether every province is seen in every year.

    Raises
    ------
    UserError
        If the file cannot be read, writes one province two ways in one year, or fails `validate`.
    """
    rows, notices = tabulate(content, file)
    cells, of_numbers = plain_numbers(select_columns(rows, variables, file))
    words = words_that_are_names(cells)
    of_words = [
        f"{file}, column province: {word!r} is taken for a name, not for a missing one; correct it "
        "if names are missing."
        for word in sorted(words)
    ]
    cells, merged = one_spelling(cells, file)
    frame = validate(cells, variables, file, words)
    notices += [f"{file}: {sentence}" for sentence in of_numbers] + of_words + merged
    notices += notices_of(frame, "region" in cells, file)
    by_line = cells[list(variables)].map(number)
    notices += notices_of_codes(by_line, variables, file)
    return frame, tuple(notices), not missing_cells(frame)
