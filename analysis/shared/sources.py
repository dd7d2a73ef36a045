"""Hash the code that something is made by: a module's files, with all that it imports.

Results that take hours are kept under such a hash. One of the whole project would make them stale
whenever anything is changed, a sentence of the report included.
"""

import ast
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from sysconfig import get_path

from analysis.shared.outputs import ROOT
from data.shared.files import sha256


def closure(*names: str, but: tuple[str, ...] = ()) -> list[Path]:
    """List the files of modules, and those of everything that they import of the project.

    Imports within functions count, and so do the packages that hold a module. What is imported
    by a name that is put together at run time is not seen: name it too.

    Parameters
    ----------
    *names : str
        Modules.
    but : tuple of str
        Modules that are left out, and not followed.
    """
    waiting, files = list(names), set()
    passed_over = {path for name in but for path in _files(name)[-1:]}
    while waiting:
        for path in _files(waiting.pop()):
            if path not in files | passed_over:
                files.add(path)
                waiting += _imports(path)
    return sorted(files)


def _files(name: str) -> list[Path]:
    """Return a module's file and its packages' of the project; none of any other name."""
    *packages, last = name.split(".")
    inits = [ROOT.joinpath(*packages[: i + 1], "__init__.py") for i in range(len(packages))]
    at = ROOT.joinpath(*packages, last)
    return [path for path in (*inits, at / "__init__.py", at.with_suffix(".py")) if path.is_file()]


def _imports(path: Path) -> list[str]:
    """List the names that a file imports; of `from a import b`, `a.b` may be a module as well."""
    names = []
    waiting = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue  # what types alone need makes nothing
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def content_sha256(paths: Iterable[Path], root: Path) -> str:
    """Hash files with their places below a folder."""
    parts = [str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() for path in paths]
    return sha256(b"\0".join(parts))


@cache
def code_sha256(*names: str, but: tuple[str, ...] = ()) -> str:
    """Hash modules and all that they import of the project, as `closure` lists it.

    Read once in a process: what is made later is still of the code that it started with.
    """
    return content_sha256(closure(*names, but=but), ROOT)


@cache
def made_by(*names: str) -> str:
    """Hash modules, all that they import of the project, and the packages that are installed."""
    return sha256("\0".join([code_sha256(*names), *installed()]).encode())


# --- of many modules at once --------------------------------------------------------------------

IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))",
    re.MULTILINE,
)
"""A statement of import. Parsing every file takes half a second, this some hundredths."""

HUBS = ("models.bayesian.registry",)
"""Modules that lead to all others of their kind: their text counts, what they import does not."""


WORDS = ("analysis.shared.products",)
"""Modules that name and describe results, and compute none: their text does not count."""


def module_sha256(*names: str) -> dict[str, str]:
    """Hash each module, or all modules of a package, with what they import of the project.

    Like `code_sha256`, but for `HUBS` and `WORDS`, and quick enough for many modules: `status` asks
    of all that makes a product whether it is still the same.
    """
    modules = _modules()
    digests = {}
    for name in names:
        waiting = [module for module in modules if module == name or module.startswith(f"{name}.")]
        reached = set(waiting)
        while waiting:
            current = waiting.pop()
            imported = set() if current in HUBS else modules[current][1] & modules.keys() - reached
            reached |= imported
            waiting += imported
        listed = [f"{module} {modules[module][0]}" for module in sorted(reached.difference(WORDS))]
        digests[name] = sha256("\n".join(listed).encode())
    return digests


@cache
def _modules() -> dict[str, tuple[str, set[str]]]:
    """Return, of each module of the project, the hash of its text and the names it imports.

    Read once in a process, as in `code_sha256`.
    """
    modules = {}
    for layer in ("data", "models", "analysis"):
        for path in (ROOT / layer).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            content = path.read_bytes()
            modules[name] = sha256(content), _named(content.decode())
    return modules


def _named(text: str) -> set[str]:
    """Return the names that a text imports, with the packages that hold them."""
    names = set()
    for source, members, plain in IMPORT.findall(text):
        words = re.findall(r"[\w.]+", members or plain)
        names |= {f"{source}.{word}" if source else word for word in words} | {source}
    return names | {name[:at] for name in names for at, c in enumerate(name) if c == "."}


def installed() -> list[str]:
    """List installed packages with their versions."""
    # Of the environment alone: libraries add folders of their own to the path when imported.
    where = [get_path("purelib"), get_path("platlib")]
    return sorted({f"{package.name}=={package.version}" for package in distributions(path=where)})
