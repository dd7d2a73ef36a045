"""Imports run one way, no room imports one above it, and estimation is blind.

The published numbers may be read only where they are compared with something. Were an estimator or
a model to see them, agreement with the paper would mean nothing.
"""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("data", "models", "analysis", "figures")
PUBLISHED = "data.published.tables"

FLOORS = (
    {"data.shared"},
    {"data.panels"},
    {"data.studies"},
    {"data.published"},
    {"data.ye2024"},
    {"models.design", "models.priors"},
    {"models.frequentist", "models.inference"},
    {"models.bayesian"},
    {"models.large_panels"},
    {"analysis.specifications"},
    {"analysis.shared"},
    {"analysis.replication", "analysis.posterior", "analysis.audit", "analysis.claims"},
    {"analysis.comparison", "analysis.benchmark"},
    {"analysis.robustness", "analysis.simulation"},
    {"analysis.ye2024"},
    {"analysis.analyses"},
    {"analysis.reporting"},
    {"analysis.commands"},
    {"analysis.__main__"},
)
"""The rooms (folders directly below a layer, and files there), low to high: a room imports only
from lower floors, and on its own floor from nobody."""

READERS = {
    "data.ye2024.fingerprints": "judges construction choices by Table 2 alone",
    "analysis.replication.replicate": "sets estimates beside printed numbers",
    "analysis.comparison.coefficients": "sets posteriors beside printed numbers",
    "analysis.comparison.regression_table": "sets printed columns beside estimates of them",
    "analysis.comparison.gmm_grid": "says which choices a printed row allows",
    "analysis.commands.study": "checks a study's file of printed numbers",
    "analysis.audit.run": "compares printed numbers with each other",
    "analysis.ye2024.audit": "compares printed numbers with each other",
    "analysis.ye2024.reconstruction.targets": "looks for a panel that meets the printed numbers",
}
"""Who may import the printed numbers, and what for."""

BLIND = (
    "data.panels.",
    "data.ye2024.imputation.",
    "data.studies.",
    "models.",
    "analysis.shared.",
    "analysis.specifications.",
    "analysis.posterior.",
    "analysis.replication.dynamic_estimators.",
    "analysis.replication.gmm_grid.",
    "analysis.replication.system_gmm.",
    "analysis.robustness.",
    "analysis.simulation.",
    "analysis.ye2024.imputation.",
)
"""Folders and files that may not even reach the printed numbers through another module."""


def room(name: str) -> str:
    """Return the room that a module lies in: its first two names."""
    return ".".join(name.split(".")[:2])


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
    return imported(name, path.name, path.read_text(encoding="utf-8")) & (known | {"tests"})


@cache
def imported(name: str, file: str, source: str) -> frozenset[str]:
    """Return all that a module imports, and the packages that hold it."""
    wanted = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".") if file == "__init__.py" else name.split(".")[:-1]
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wanted |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    # Importing a module runs the packages that hold it.
    parents = {".".join(w.split(".")[:i]) for w in wanted for i in range(1, w.count(".") + 1)}
    return frozenset(wanted | parents)


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
    floor = {name: level for level, names in enumerate(FLOORS) for name in names}
    wrong = set()
    for name, targets in graph.items():
        layer = LAYERS.index(name.split(".")[0])
        for target in targets:
            top = target.split(".")[0]
            if top == "tests" or LAYERS.index(top) > layer:
                wrong.add(f"{name} imports {target}")
        for here, there in ((room(name), room(target)) for target in targets):
            if here != there and floor.get(there, -1) >= floor.get(here, len(FLOORS)):
                wrong.add(f"{name} imports upwards, from {there}")
        if name not in {*READERS, PUBLISHED}:
            if PUBLISHED in targets:
                wrong.add(f"{name} imports {PUBLISHED}")
            if literals(found[name]):
                wrong.add(f"{name} names {PUBLISHED}")
        if f"{name}.".startswith(BLIND) and PUBLISHED in reachable(name, graph):
            wrong.add(f"{name} reaches {PUBLISHED}")
    return wrong


def rooms_and_arrows(root: Path) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the rooms, and which of them imports which other."""
    found = modules(root)
    rooms = {room(name) for name, path in found.items() if name.count(".")}
    arrows = {
        (room(name), room(target))
        for name, path in found.items()
        for target in imports(name, path, set(found))
        if target.count(".") and name.count(".") and room(name) != room(target)
    }
    return rooms, arrows


def test_the_project_keeps_the_flow():
    assert {PUBLISHED, "models.design", "analysis.comparison.coefficients"} <= set(modules(ROOT))
    assert violations(ROOT) == set()


def test_models_read_no_file_and_no_papers_definitions():
    found = modules(ROOT)
    imported = set().union(*(imports(n, found[n], set(found)) for n in found if n[:7] == "models."))
    of_data = {name for name in imported if name.startswith("data.")}
    assert of_data == {"data.shared", "data.shared.errors"}


def test_every_room_has_its_floor_and_every_reader_of_printed_numbers_its_reason():
    rooms, _ = rooms_and_arrows(ROOT)
    assert rooms == set().union(*FLOORS)
    assert set(READERS) <= set(modules(ROOT))


def test_the_house_has_at_most_26_rooms_and_few_arrows_between_them():
    rooms, arrows = rooms_and_arrows(ROOT)
    assert len(rooms) <= 26
    assert len(arrows) <= 170
    # With `data` and `models` as one room each, as the 45 rooms and 255 arrows were counted
    # that this plan began with.
    joined = {
        tuple(name if name.startswith("analysis") else name.split(".")[0] for name in pair)
        for pair in arrows
    }
    assert len({pair for pair in joined if pair[0] != pair[1]}) <= 90


def sorted_files(root: Path) -> list[str]:
    """Return the modules, each after all it imports, early or late; a circle raises CycleError."""
    files = modules(root)
    # A file runs the packages that hold it, which may import it: those edges are left out.
    graph = {
        name: {
            target
            for target in imports(name, path, set(files)) & set(files)
            if not f"{name}.".startswith(f"{target}.")
        }
        for name, path in files.items()
    }
    return list(TopologicalSorter(graph).static_order())


def test_no_files_import_each_other_in_a_circle():
    assert set(sorted_files(ROOT)) == set(modules(ROOT))


def test_a_circle_through_a_late_import_is_found(tmp_path):
    late = "def f():\n    from models import design\n"
    plant(tmp_path, {"models/priors.py": "import models.design\n"})
    sorted_files(tmp_path)
    plant(tmp_path, {"models/design.py": "import models.priors\n", "models/priors.py": late})
    with pytest.raises(CycleError, match="cycle"):
        sorted_files(tmp_path)


def plant(root: Path, files: dict[str, str]) -> None:
    clean = {
        "data/__init__.py": "",
        "data/published/__init__.py": "",
        "data/published/tables.py": "FOLDER = 'published'\n",
        "data/panels/panel.py": '"""Not data/published."""\nimport numpy\n',
        "data/ye2024/fingerprints.py": "from data.panels import panel\n"
        "from data.published import tables\n",
        "models/__init__.py": "",
        "models/design.py": "from data.panels.panel import load\n",
        "analysis/__init__.py": "",
        "analysis/posterior/sample.py": "from models import design\nCOLUMN = 'published'\n",
        "analysis/comparison/coefficients.py": "from data.published.tables import load\n"
        "from . import figures\n",
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
        ("data/panels/panel.py", "import models.design\n", "panel imports models.design"),
        (
            "data/shared/files.py",
            "def f():\n    from models import design\n",
            "files imports models",
        ),
        ("models/design.py", "from analysis.posterior.sample import x\n", "imports analysis"),
        ("models/design.py", "from ..analysis.posterior import sample\n", "imports analysis"),
        ("models/design.py", "import tests.helpers\n", "design imports tests"),
        ("analysis/shared/new.py", "import figures.draw\n", "new imports figures.draw"),
        ("analysis/shared/new.py", "import data.published.tables as p\n", "new imports data.pub"),
        ("analysis/shared/new.py", "from data.published import tables\n", "new imports data.pub"),
        ("data/published/new.py", "from . import tables\n", "new imports data.published"),
        ("data/published/new.py", "from .tables import load\n", "new imports data.published"),
        (
            "data/shared/files.py",
            "f('data.published.tables')\n",
            "data.shared.files names data.published",
        ),
        ("analysis/shared/new.py", "open('data/published/1.csv')\n", "new names data.published"),
        ("analysis/shared/new.py", "ROOT / 'data' / 'published'\n", "new names data.published"),
        ("models/design.py", "import data.ye2024.fingerprints\n", "design reaches data.published"),
        ("data/panels/panel.py", "import data.ye2024\n", "upwards, from data.ye2024"),
        ("analysis/replication/new.py", "import analysis.posterior.sample\n", "upwards"),
        ("data/panels/__init__.py", "import data.published.tables\n", "design reaches data.pub"),
        (
            "analysis/posterior/sample.py",
            "import analysis.comparison.coefficients\n",
            "sample reaches data.published",
        ),
        *(
            (
                f"analysis/{blind}.py",
                "def f():\n    from analysis.comparison import coefficients\n",
                "new reaches data.published",
            )
            for blind in ("robustness/multiverse/new", "simulation/new", "shared/new")
        ),
    ],
)
def test_a_planted_violation_is_found(tmp_path, name, text, expected):
    plant(tmp_path, {"figures/draw.py": "", "data/ye2024/__init__.py": "", name: text})
    assert any(expected in sentence for sentence in violations(tmp_path)), violations(tmp_path)
