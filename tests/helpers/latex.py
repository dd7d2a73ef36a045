"""LaTeX read as far as a table needs it, and compiled where there is an engine."""

import re
import shutil
import subprocess
from pathlib import Path

PACKAGES = ("array", "booktabs", "caption", "longtable", "pdflscape", "fontenc")


def engine() -> str | None:
    """Return an engine with the packages that tables name; None if there is none."""
    found, finder = shutil.which("pdflatex"), shutil.which("kpsewhich")
    if not (found and finder):
        return None
    files = [f"{name}.sty" for name in PACKAGES]
    done = subprocess.run([finder, *files], capture_output=True, text=True, check=False)
    return found if len(done.stdout.split()) == len(files) else None


def without_marks(text: str) -> str:
    """Drop comments, and escaped signs, which part nothing."""
    return re.sub(r"\\[&%$#_{}]", "", re.sub(r"(?m)^%.*\n", "", text))


def columns(spec: str) -> int:
    """Count the columns of a preamble such as `l>{\\centering}p{0.1\\linewidth}r`."""
    plain = re.sub(r"[>@]\{[^{}]*\}", "", spec)
    return len(re.findall(r"[lcrp]", re.sub(r"\{[^{}]*\}", "", plain)))


def faults(text: str) -> list[str]:
    """Say what keeps tables from being compiled: braces, environments, cells of each row."""
    text = without_marks(text)
    found = []
    if text.count("{") != text.count("}"):
        found.append("braces are not balanced")
    if text.count("\\begingroup") != text.count("\\endgroup"):
        found.append("groups are not balanced")
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            found.append(f"{name} ends where it did not begin")
    found += [f"{name} does not end" for name in stack]
    for spec, body in tables(text):
        for row in rows(body):
            spans = [int(size) - 1 for size in re.findall(r"\\multicolumn\{(\d+)\}", row)]
            if row.count("&") + 1 + sum(spans) != columns(spec):
                found.append(f"{row!r} has not {columns(spec)} cells")
    return found


def tables(text: str) -> list[tuple[str, str]]:
    """Return the preamble and the body of each long table."""
    found = []
    for part in text.split("\\begin{longtable}")[1:]:
        spec, body = part.split("\n", 1)
        found.append((spec[1:-1], body.split("\\end{longtable}")[0]))
    return found


def rows(body: str) -> list[str]:
    """Return the rows of a table's body, without rules and caption."""
    body = re.sub(r"\\caption\*\{\n.*\n\} \\\\\n", "", body)
    lines = [line.split("\\\\")[0] for line in body.splitlines()]
    return [line for line in lines if line and not re.match(r"\\(?!multicol|text|hat)\w+", line)]


def compiled(text: str, folder: Path) -> str:
    """Compile tables within a document twice, as long tables need; return the log."""
    packages = ",".join(PACKAGES[:-1])
    document = (
        f"\\documentclass{{article}}\\usepackage{{{packages}}}\\usepackage[T1]{{fontenc}}\n"
        f"\\begin{{document}}\n{text}\n\\end{{document}}\n"
    )
    (folder / "tables.tex").write_text(document, encoding="utf-8")
    command = [engine(), "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    for _ in range(2):
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    return (folder / "tables.log").read_text(encoding="utf-8", errors="replace")
