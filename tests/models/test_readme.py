"""The catalogue says of every model what the registry says, and its links lead somewhere."""

import re
from pathlib import Path

from analysis.posterior.engines import engine_for
from models.bayesian.registry import MODELS

FOLDER = Path(__file__).resolve().parents[2] / "models"
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def rows() -> dict[str, list[str]]:
    """Return the cells of each model's row, by the model's name."""
    _, catalogue = TEXT.split("## The Bayesian models")
    catalogue, _, _ = catalogue.partition("\n## ")
    # A bar within a formula is escaped.
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in catalogue.splitlines()
        if line.startswith("| `")
    ]
    return {name.strip("`"): others for name, *others in cells}


def test_the_catalogue_is_the_registry():
    catalogue = rows()
    assert list(catalogue) == [model.name for model in MODELS]
    for model in MODELS:
        equation, sentence, engine, link = catalogue[model.name]
        assert equation.count("`") >= 2
        assert sentence.replace(r"\|", "|") == model.sentence
        assert engine == engine_for(model).name
        path = "/".join(model.source.split(".")[1:]) + ".py"
        assert link == f"[{Path(path).name}]({path})"
        assert (FOLDER / path).is_file()


def test_every_folder_and_file_that_is_named_is_there_and_no_room_is_left_out():
    table, _ = TEXT.split("## The Bayesian models")
    named = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert all((FOLDER / name).exists() for name in named)
    rooms = {f"{path.name}/" for path in FOLDER.iterdir() if (path / "__init__.py").is_file()}
    assert rooms <= set(named)
