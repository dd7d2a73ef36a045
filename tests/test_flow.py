"""Imports run one way, data -> models -> analysis -> figures, and estimation is blind.

The published numbers may be read only where they are compared with something. Were an estimator or
a model to see them, agreement with the paper would mean nothing.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("data", "models", "analysis", "figures")
PUBLISHED = "data.published"
MAY_READ_PUBLISHED = {
    "data.fingerprints",
    "analysis.replicate",
    "analysis.compare",
    "analysis.audit.paper",
    "analysis.audit.run",
    "analysis.gmm_grid",
    "analysis.reconstruct.targets",
}
# These may not even reach the published numbers through another module.
BLIND = (
    *("models.", "analysis.engines", "analysis.sample", "analysis.specifications"),
    *("analysis.multiverse.choices", "analysis.multiverse.grid"),
)


def modules(root: Path) -> dict[str, Path]:
    """Return the modules of all layers by dotted name."""
    found = {}
    for layer in LAYERS:
        for path in (root / layer).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: set[str]) -> set[str]:
    """Return the project's modules that one module imports, wherever in it the import stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wanted = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wanted |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    # Importing a module runs the packages that hold it.
    parents = {".".join(w.split(".")[:i]) for w in wanted for i in range(1, w.count(".") + 1)}
    return (wanted | parents) & (known | {"tests"})


def literals(path: Path) -> set[str]:
    """Return what names the published tables as text: a module to import late, a path to read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    }
    joined = {
        node.right.value
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
    }
    return {text for text in texts if PUBLISHED in text or "data/published" in text} | (
        joined & {"published"}
    )


def reachable(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in graph.get(waiting.pop(), set()) - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def violations(root: Path) -> set[str]:
    """Return one sentence for each import against the flow or of the published numbers."""
    found = modules(root)
    graph = {name: imports(name, path, set(found)) for name, path in found.items()}
    wrong = set()
    for name, targets in graph.items():
        layer = LAYERS.index(name.split(".")[0])
        for target in targets:
            top = target.split(".")[0]
            if top == "tests" or LAYERS.index(top) > layer:
                wrong.add(f"{name} imports {target}")
        if name not in MAY_READ_PUBLISHED | {PUBLISHED}:
            if PUBLISHED in targets:
                wrong.add(f"{name} imports {PUBLISHED}")
            if literals(found[name]):
                wrong.add(f"{name} names {PUBLISHED}")
        if f"{name}.".startswith(BLIND) and PUBLISHED in reachable(name, graph):
            wrong.add(f"{name} reaches {PUBLISHED}")
    return wrong


def test_the_project_keeps_the_flow():
    assert {"data.published", "models.design", "analysis.compare"} <= set(modules(ROOT))
    assert violations(ROOT) == set()


def plant(root: Path, files: dict[str, str]) -> None:
    clean = {
        "data/__init__.py": "",
        "data/published.py": "FOLDER = 'published'\n",
        "data/panel.py": '"""Not data/published."""\nimport numpy\n',
        "data/fingerprints.py": "from data import panel, published\n",
        "models/__init__.py": "",
        "models/design.py": "from data.panel import load\n",
        "analysis/__init__.py": "",
        "analysis/sample.py": "from models import design\nCOLUMN = 'published'\n",
        "analysis/compare.py": "from data.published import load\nfrom . import sample\n",
    }
    for name, text in (clean | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_tree_that_keeps_the_flow_has_no_violation(tmp_path):
    plant(tmp_path, {})
    assert violations(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("data/panel.py", "import models.design\n", "data.panel imports models.design"),
        ("data/panel.py", "def f():\n    from models import design\n", "data.panel imports models"),
        ("models/new.py", "from analysis.sample import x\n", "models.new imports analysis.sample"),
        ("models/new.py", "from ..analysis import sample\n", "models.new imports analysis.sample"),
        ("models/new.py", "import tests.helpers\n", "models.new imports tests"),
        ("analysis/new.py", "import figures.draw\n", "analysis.new imports figures.draw"),
        ("analysis/new.py", "import data.published as p\n", "analysis.new imports data.published"),
        ("analysis/new.py", "from data import published\n", "analysis.new imports data.published"),
        ("data/new.py", "from . import published\n", "data.new imports data.published"),
        ("data/new.py", "from .published import load\n", "data.new imports data.published"),
        ("data/new.py", "f('data.published')\n", "data.new names data.published"),
        ("analysis/new.py", "open('data/published/1.csv')\n", "analysis.new names data.published"),
        ("analysis/new.py", "ROOT / 'data' / 'published'\n", "analysis.new names data.published"),
        ("models/new.py", "import data.fingerprints\n", "models.new reaches data.published"),
        ("data/__init__.py", "from data import fingerprints\n", "design reaches data.published"),
        ("analysis/sample.py", "import analysis.compare\n", "sample reaches data.published"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, name, text, expected):
    plant(tmp_path, {"figures/draw.py": "", name: text})
    assert any(expected in sentence for sentence in violations(tmp_path)), violations(tmp_path)
