"""The set-up files agree with each other, and `make setup` leaves all or nothing."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from functools import partial
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE

import jsonschema
import pytest
import typer
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT.parent / "shared" / "reference" / "pixi_schema.json"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIXI = tomllib.loads((ROOT / "pixi.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

RUNTIME = [Requirement(text) for text in PYPROJECT["project"]["dependencies"]]
EXTRA = [
    Requirement(text)
    for texts in PYPROJECT["project"]["optional-dependencies"].values()
    for text in texts
]
DEVELOPMENT = [Requirement(text) for text in PYPROJECT["dependency-groups"]["dev"]]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "netCDF4": "netcdf4"}
PACKAGES = ("data", "models", "analysis", "tests")


def conda(requirements: list[Requirement]) -> dict[str, SpecifierSet]:
    return {
        CONDA_NAMES.get(requirement.name, requirement.name): requirement.specifier
        for requirement in requirements
    }


def specifiers(table: dict[str, str]) -> dict[str, SpecifierSet]:
    return {name: SpecifierSet(text) for name, text in table.items() if name != "python"}


def pixi_tasks() -> dict[str, dict]:
    of_features = (feature.get("tasks", {}) for feature in PIXI["feature"].values())
    return {name: task for tasks in (PIXI["tasks"], *of_features) for name, task in tasks.items()}


def make_tasks() -> set[str]:
    commands = re.search(r"^COMMANDS := ((?:.+\\\n)*.+)$", MAKEFILE, re.MULTILINE)[1]
    commands = commands.replace("\\\n", " ").split()
    phony = re.search(r"^\.PHONY: (.+) \$\(COMMANDS\)$", MAKEFILE, re.MULTILINE).group(1).split()
    return {*commands, *phony} - {"help"}


# --- dependencies -------------------------------------------------------------------------------


def test_pixi_has_the_dependencies_of_pyproject():
    assert specifiers(PIXI["dependencies"]) == conda(RUNTIME)
    extras = [
        specifiers(PIXI["feature"][name]["dependencies"])
        for name in PYPROJECT["project"]["optional-dependencies"]
    ]
    assert dict(pin for extra in extras for pin in extra.items()) == conda(EXTRA)
    test = PIXI["feature"]["test"]
    # What conda-forge does not have comes from where pip takes it.
    assert specifiers(test["dependencies"] | test["pypi-dependencies"]) == conda(DEVELOPMENT)


def test_the_citation_names_this_version_and_the_paper():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"version: {PYPROJECT['project']['version']}\n" in citation
    (doi,) = re.findall(r"doi: (\S+)", citation)
    assert doi in readme


def test_python_versions_agree():
    wanted = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert wanted == "3.13"
    for text in (PYPROJECT["project"]["requires-python"], PIXI["dependencies"]["python"]):
        assert [v for v in ("3.11", "3.12", "3.13") if v in SpecifierSet(text)] == ["3.12", "3.13"]


@pytest.mark.parametrize("file", ["pyproject.toml", "pixi.toml"])
def test_every_dependency_has_its_reason(file):
    names = {requirement.name for requirement in RUNTIME + EXTRA + DEVELOPMENT}
    if file == "pixi.toml":
        names = {CONDA_NAMES.get(name, name) for name in names} | {"python"}
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    reasoned = {
        match.group(1)
        for line in lines
        if (
            match := re.match(
                r'^\s*"?([A-Za-z0-9_-]+)(?:\[\w+\])?(?: = ")?[<>=].*"\S*\s+# \w', line
            )
        )
    }
    assert reasoned == names


def test_every_import_is_a_declared_dependency():
    distributions = packages_distributions()
    declared = {canonicalize_name(requirement.name) for requirement in RUNTIME + EXTRA}
    for_tests = declared | {canonicalize_name(requirement.name) for requirement in DEVELOPMENT}
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in third_party(path)
        if {canonicalize_name(d) for d in distributions.get(name, [name])}.isdisjoint(
            for_tests if package == "tests" else declared
        )
    }
    assert undeclared == set()


def third_party(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - set(PACKAGES)


# --- the lock -----------------------------------------------------------------------------------


def pins() -> list[tuple[Requirement, int]]:
    """Each pin with the number of its hashes."""
    joined = re.sub(r"^ *#.*\n?", "", LOCK, flags=re.MULTILINE).replace("\\\n", " ")
    found = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        requirement, *hashes = re.split(r"\s+--hash=sha256:", line)
        assert all(re.fullmatch("[0-9a-f]{64}", text.strip()) for text in hashes), line
        found.append((Requirement(requirement), len(hashes)))
    return found


@pytest.mark.parametrize("python", ["3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_lock_meets_every_dependency(python, platform):
    place = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
    }
    locked: dict[str, str] = {}
    for pin, hashes in pins():
        if pin.marker is None or pin.marker.evaluate(place):
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert hashes > 0, pin
            assert canonicalize_name(pin.name) not in locked, pin
            locked[canonicalize_name(pin.name)] = exact.version
    unmet = [
        str(requirement)
        for requirement in RUNTIME + EXTRA + DEVELOPMENT
        if locked.get(canonicalize_name(requirement.name), "0") not in requirement.specifier
    ]
    assert unmet == []


def test_the_lock_names_no_index_host_or_file():
    forbidden = re.compile(
        r"://|\bfile:|@|(?:^|\s)-(?:i|f)\b|--(?!hash=)(?:\w+-)?(?:index|links|host|url)"
        r"|\b[\w-]+\.(?:org|com|net|io|cn)\b|(?:^|\s)/\w"
    )
    assert [line for line in LOCK.splitlines() if forbidden.search(line)] == []


# --- tasks --------------------------------------------------------------------------------------


def test_make_and_pixi_offer_the_same_tasks():
    assert set(pixi_tasks()) == make_tasks()


def test_a_task_runs_the_command_of_its_name():
    from analysis.__main__ import app

    named = {n for n, task in pixi_tasks().items() if task["cmd"] == f"python -m analysis {n}"}
    assert named == set(pixi_tasks()) - {"setup", "test", "trust", "lint"}
    assert named <= set(typer.main.get_command(app).commands)


def test_every_task_has_a_description_and_known_prerequisites():
    tasks = pixi_tasks()
    for name, task in tasks.items():
        assert task["description"], name
        assert set(task.get("depends-on", [])) <= set(tasks), name
        assert name == "setup" or "setup" in task["depends-on"], name


@pytest.mark.skipif(
    not SCHEMA.exists(),
    reason="reads pixi's own manifest schema, fetched from elsewhere: no clone has it",
)
def test_pixi_manifest_is_valid():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(PIXI)] == []
    assert not validator.is_valid(PIXI | {"workspace": {}})


def test_ci_calls_lint_and_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line.split()[:2] for line in script.read_text(encoding="utf-8").splitlines()]
    assert [words for words in commands if words[:1] == ["make"]] == [
        ["make", "lint"],
        ["make", "test"],
    ]


# --- make setup, run on stand-ins for the interpreters ------------------------------------------

WORKS = """#!/bin/sh
if [ "$1" = -c ]; then exit 0; fi
mkdir -p .venv/bin
cat > .venv/bin/python <<'END'
#!/bin/sh
echo "$0 $@" >> log
{install}
END
chmod +x .venv/bin/python
echo {name} > log
"""
FAILS = "#!/bin/sh\necho 'this version is not installed' >&2\nexit 127\n"

needs_make = pytest.mark.skipif(
    shutil.which("make") is None or os.name == "nt",
    reason="runs make, which is not installed or is not POSIX's",
)


class Machine:
    """A folder with the Makefile and a lock, and a PATH with only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.path = folder / "bin"
        self.project.mkdir()
        self.path.mkdir()
        (self.project / "Makefile").write_text(MAKEFILE, encoding="utf-8")
        (self.project / "requirements.lock").write_text("", encoding="utf-8")
        for tool in ("sh", "rm", "mkdir", "touch", "cat", "chmod"):
            (self.path / tool).symlink_to(shutil.which(tool))

    def add(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")
        (self.path / name).chmod(0o755)

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("make"), *words],
            cwd=self.project,
            env={"PATH": str(self.path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def log(self) -> list[str]:
        return (self.project / "log").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


@needs_make
def test_setup_takes_the_first_interpreter_that_runs(machine):
    machine.add("python3", FAILS)
    machine.add("python3.13", FAILS)
    machine.add("python3.12", WORKS.format(name="python3.12", install="exit 0"))
    done = machine.make("setup")
    assert done.returncode == 0, done.stderr
    assert machine.log[0] == "python3.12"
    assert "--require-hashes -r requirements.lock" in machine.log[1]
    assert machine.log[2].endswith("--editable .")


@needs_make
def test_setup_runs_again_only_when_the_lock_changes(machine):
    machine.add("python3", WORKS.format(name="python3", install="exit 0"))
    assert machine.make("setup").returncode == 0
    assert machine.make("-q", "setup").returncode == 0
    lock = machine.project / "requirements.lock"
    later = lock.stat().st_mtime + 60
    os.utime(lock, (later, later))
    assert machine.make("-q", "setup").returncode == 1


@needs_make
def test_a_failed_installation_leaves_nothing(machine):
    machine.add("python3", WORKS.format(name="python3", install="exit 1"))
    assert machine.make("setup").returncode != 0
    assert not (machine.project / ".venv").exists()


@needs_make
def test_setup_falls_back_on_uv(machine):
    machine.add("python3", FAILS)
    machine.add("uv", '#!/bin/sh\necho "$@" >> log\nmkdir -p .venv\n')
    done = machine.make("setup")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in machine.log] == ["venv", "pip", "pip"]
    assert "--require-hashes" in machine.log[1]


@needs_make
def test_a_missing_python_is_one_sentence(machine):
    done = machine.make("setup")
    assert done.returncode != 0
    (sentence,) = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert re.search(r"Python 3\.12 or newer .* is missing: install .*\.$", sentence)
    assert not (machine.project / ".venv").exists()


# --- installed ----------------------------------------------------------------------------------


def test_the_installed_script_runs_a_study_that_lies_anywhere(tmp_path):
    checkout, study, elsewhere = (tmp_path / name for name in ("checkout", "study", "elsewhere"))
    no_outputs = shutil.ignore_patterns("results", "traces", "figures", "__pycache__")
    for layer in ("analysis", "data", "models"):
        shutil.copytree(ROOT / layer, checkout / layer, ignore=no_outputs)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    shutil.copytree(ROOT / "data/studies/cigarettes", study, ignore=no_outputs)
    elsewhere.mkdir()
    # An environment that has the dependencies (pip mostly), and nothing of this checkout.
    venv.create(tmp_path / "venv", with_pip=find_spec("pip") is None)
    (packages,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python, script = (tmp_path / "venv/bin" / name for name in ("python", "reanalysis"))
    install = re.search(r"^IN_PLACE := (.*?) --editable \.$", MAKEFILE, re.MULTILINE)[1].split()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(elsewhere)}
    run = partial(subprocess.run, env=environment, cwd=elsewhere, check=True, stdout=PIPE)
    run([python, "-m", "pip", "install", "-qq", "--no-index", *install, "--editable", checkout])
    done = run([script, "replicate", "--study", study / "study.toml"])
    assert b"Demand for cigarettes" in done.stdout
    assert (study / "results/replication.csv").is_file()
    assert not list(elsewhere.iterdir())
    assert not (checkout / "results").exists()
