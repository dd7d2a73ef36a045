"""The hash of a result's code changes with what makes the result, and with nothing else."""

import pytest

from analysis.shared import sources

FILES = {
    "analysis/__init__.py": "",
    "analysis/room/__init__.py": "from analysis.other import used\n",
    "analysis/room/run.py": "import numpy\n\ndef run():\n    from models import solve\n",
    "analysis/other/used.py": "",
    "analysis/other/unused.py": "from analysis.room import run\n",
    "models/solve.py": "import analysis.room.run\n",
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    return tmp_path


def test_a_closure_follows_imports_and_packages_and_nothing_else(tree):
    names = {str(path.relative_to(tree)) for path in sources.closure("analysis.room.run")}
    assert names == set(FILES) - {"analysis/other/unused.py"}


def test_what_is_left_out_is_not_followed_either(tree):
    left = sources.closure("analysis.room.run", but=("analysis.other.used", "models.solve"))
    names = {str(path.relative_to(tree)) for path in left}
    assert names == {"analysis/__init__.py", "analysis/room/__init__.py", "analysis/room/run.py"}


@pytest.mark.parametrize("name", FILES)
def test_the_hash_changes_with_what_is_imported_alone(tree, name):
    before = sources.code_sha256.__wrapped__("analysis.room.run")
    assert sources.code_sha256.__wrapped__("analysis.room.run") == before
    (tree / name).write_text(FILES[name] + "# changed\n", encoding="utf-8")
    after = sources.code_sha256.__wrapped__("analysis.room.run")
    assert (after != before) == (name != "analysis/other/unused.py")


def test_a_file_of_another_name_is_other_code(tree):
    paths = [tree / "analysis/__init__.py", tree / "analysis/other/used.py"]
    one, other = (sources.content_sha256([path], tree) for path in paths)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert one != other


def test_other_packages_are_other_code(monkeypatch):
    before = sources.made_by.__wrapped__("data.shared.errors")
    monkeypatch.setattr(sources, "installed", lambda: ["numpy==0.1"])
    assert sources.made_by.__wrapped__("data.shared.errors") != before


def test_the_quick_hash_follows_the_same_imports_as_the_slow_one_but_for_hubs():
    name = "models.frequentist.gmm.fit"
    assert sources.module_sha256(name) == sources.module_sha256(name)
    graph = {module: named for module, (_, named) in sources._modules().items()}
    seen, waiting = {name}, [name]
    while waiting:
        new = graph[waiting.pop()] & graph.keys() - seen
        seen |= new
        waiting += new
    files = {sources._files(module)[-1] for module in seen}
    assert set(sources.closure(name)) <= files


def test_a_hub_counts_by_its_text_and_leads_nowhere(monkeypatch):
    made = {
        "analysis.new": ("1", {"models.bayesian.registry", "numpy"}),
        "models.bayesian.registry": ("2", {"models.bayesian.flat"}),
        "models.bayesian.flat": ("3", set()),
    }
    monkeypatch.setattr(sources, "_modules", lambda: made)
    before = sources.module_sha256("analysis.new", "models.bayesian")
    made["models.bayesian.flat"] = ("4", set())
    after = sources.module_sha256("analysis.new", "models.bayesian")
    assert before["analysis.new"] == after["analysis.new"]
    assert before["models.bayesian"] != after["models.bayesian"]
    made["models.bayesian.registry"] = ("5", set())
    assert sources.module_sha256("analysis.new")["analysis.new"] != after["analysis.new"]


def test_words_about_a_result_are_not_what_it_is_made_by(monkeypatch):
    made = {
        "analysis.new": ("1", {sources.WORDS[0]}),
        sources.WORDS[0]: ("2", {"analysis.shared.parts"}),
        "analysis.shared.parts": ("3", set()),
    }
    monkeypatch.setattr(sources, "_modules", lambda: made)
    before = sources.module_sha256("analysis.new")
    made[sources.WORDS[0]] = ("4", {"analysis.shared.parts"})
    assert sources.module_sha256("analysis.new") == before
    made["analysis.shared.parts"] = ("5", set())
    assert sources.module_sha256("analysis.new") != before
