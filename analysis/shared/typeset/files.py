"""Write tables to a file in the format that its name ends in."""

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.shared.typeset.latex import latex
from analysis.shared.typeset.page import page
from analysis.shared.typeset.sheet import Sheet, markdown
from analysis.shared.typeset.word import word
from data.shared.files import replacing

WRITERS: dict[str, Callable[[Sequence[Sheet]], bytes]] = {
    "html": lambda sheets: page(sheets).encode(),
    "tex": lambda sheets: "\n".join(map(latex, sheets)).encode(),
    "md": lambda sheets: "\n".join(map(markdown, sheets)).encode(),
    "docx": word,
}
"""By the end of a file's name, what returns the file's bytes."""


def write(sheets: Sequence[Sheet], form: str, path: Path) -> None:
    """Write sheets whole or not at all.

    Parameters
    ----------
    sheets : sequence of Sheet
    form : str
        A key of `WRITERS`.
    path : Path

    Raises
    ------
    UserError
        If the format needs a package that is not installed.
    OSError
        If the file cannot be written.
    """
    content = WRITERS[form](sheets)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
