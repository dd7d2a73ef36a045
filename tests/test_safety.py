"""Nothing that comes from a file is run: no source calls what could."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("data", "models", "analysis")
SOURCES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
RUNS = {"eval", "exec", "compile", "__import__"}
RUNS_FROM_ANYWHERE = {"eval", "exec", "system", "popen", "read_pickle"}
"""Under these names whatever module they are taken from; `re.compile` is another matter."""

RUNNING_MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "joblib",
    "cloudpickle",
    "shelve",
    "marshal",
    "yaml",
}
OWN_PROCESSES = {"analysis/benchmark/samplers.py", "analysis/benchmark/contenders.py"}
"""These hand over what they made themselves, through a folder of their own."""


def flagged(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [*(alias.name for alias in node.names), getattr(node, "module", None) or ""]
    }
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    keywords = {
        (keyword.arg, keyword.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if isinstance(keyword.value, ast.Constant)
    }
    return [
        *(RUNS & called),
        *(RUNS_FROM_ANYWHERE & {name.rpartition(".")[2] for name in called if "." in name}),
        *(imported & (RUNNING_MODULES | (RUNS_FROM_ANYWHERE - RUNS))),
        *(name for name in ("allow_pickle", "shell") if (name, True) in keywords),
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_what_a_file_holds(path):
    allowed = {"pickle"} if str(path.relative_to(ROOT)) in OWN_PROCESSES else set()
    assert set(flagged(path)) <= allowed


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from yaml import load", "eval('1')", "np.load(f, allow_pickle=True)",
        "subprocess.run(c, shell=True)", "os.system(c)", "pd.read_pickle(f)",
        "from os import system", "from pandas import read_pickle as r", "frame.eval(text)",
    ],
)  # fmt: skip
def test_what_runs_is_seen(source, tmp_path):
    (tmp_path / "a.py").write_text(source)
    assert len(flagged(tmp_path / "a.py")) == 1
