"""The READMEs: computed parts between their marks, links that lead somewhere, short sentences."""

import re
import shlex

import pandas as pd
import pytest
import typer

from analysis.__main__ import app
from analysis.comparison import power
from analysis.replication import small_sample
from analysis.reporting import readme, study_blocks
from analysis.reporting.imputation_block import filled
from analysis.reporting.readme_blocks import audit
from analysis.shared.outputs import ROOT
from analysis.specifications import load, studying
from data.shared.errors import UserError
from tests.helpers import studies

FILES = sorted(path for path in ROOT.glob("**/README.md") if ".venv" not in path.parts)
HAND_WRITTEN = [path for path in FILES if path.parent.name not in ("findings", "audit")]


HEADING, PICTURE, MARKUP = "#", "!", "<"


def paragraphs(path):
    """Yield what a README says, computed parts and cells of tables included, without its code."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for block in re.split(r"\n\s*\n|\n(?=- )", text):
        lines = [line.strip() for line in block.splitlines()]
        yield from (cell for line in lines if line[:1] == "|" for cell in line.split("|"))
        said = (line for line in lines if line[:1] not in ("|", HEADING, PICTURE, MARKUP))
        yield " ".join(said)


def sentences(path):
    """Return the sentences of a README: a colon or a semicolon ends none."""
    parts = [part for text in paragraphs(path) for part in re.split(r"(?<=[.!?])\s+", text)]
    return [part for part in parts if len(part.split()) > 1]


def test_a_body_goes_between_its_marks_and_nothing_else_changes():
    begin, end = readme.BEGIN.format(name="a"), readme.END.format(name="a")
    text = f"before\n{begin}\nold\n{end}\nafter"
    once = readme.rewrite(text, {"a": "new | \\1"}, "README.md")
    assert once == f"before\n{begin}\nnew | \\1\n{end}\nafter"
    assert readme.rewrite(once, {"a": "new | \\1"}, "README.md") == once


def test_a_missing_mark_is_named():
    with pytest.raises(UserError, match=r"a/README.md lacks the marks .*end of a"):
        readme.rewrite(readme.BEGIN.format(name="a"), {"a": "new"}, "a/README.md")


def test_every_computed_part_has_its_marks_in_its_readme_and_no_other():
    texts = {path: path.read_text(encoding="utf-8") for path in FILES}
    for block in readme.BLOCKS:
        begin = readme.BEGIN.format(name=block.name)
        assert [path for path, text in texts.items() if begin in text] == [ROOT / block.file]
        assert readme.rewrite(texts[ROOT / block.file], {block.name: "x"}, block.file)


def test_a_studys_parts_are_of_its_own_results(tmp_path):
    path = studies.write(tmp_path)
    (tmp_path / "results/long").mkdir(parents=True)
    cells = ["counties", "2.1", "dens", "province", 2000, 0.05, 0.04, 0.06, 0.3, 0.5, 1.6, 0.99]
    rows = pd.DataFrame([cells], columns=list(power.COLUMNS))
    rows.to_csv(tmp_path / "results/long/power.csv", index=False)
    marks = "".join(readme.BEGIN.format(name=b.name) for b in study_blocks.STUDY_BLOCKS)
    found = study_blocks.bodies(path.parent, marks)
    assert list(found) == ["study_power"]
    assert "| 2.1 | dens |" in found["study_power"]
    assert "clustered by unit" in found["study_power"]
    assert study_blocks.bodies(path.parent, "no marks") == {}


def test_printed_numbers_that_do_not_come_out_are_listed_with_small_sample_errors(tmp_path):
    path = studies.write(tmp_path)
    with studying(load(path)) as study:
        small = small_sample.t_values(study.panel.frame, study.records[-1])
        cells = [("2.1", "dens", "coef", "0.5", 0.4567891), ("3.1", "dens", "t", "9.9", 8.0)]
        rows = pd.DataFrame(
            [*cells, ("3.1", "dens", "coef", "0.1", 0.1), ("3.1", "dens", "se", None, 0.1)],
            columns=["column", "term", "statistic", "published", "estimated"],
        ).assign(matches=["False", "False", "True", None])
        said = study_blocks.unmet(rows)
        alone = study_blocks.unmet(rows[2:3])
        plain = study_blocks.unmet(rows[:1])
    assert said.startswith("Of 3 printed numbers 1 come out at their last digit. The others:")
    assert "| 2.1 | dens | coef | 0.5 | 0.4568 |  |" in said
    assert f"| 3.1 | dens | t | 9.9 | 8.0000 | {small['dens']:.4f} |" in said
    assert alone == "Of 1 printed numbers 1 come out at their last digit."
    assert "small-sample" not in plain


def test_every_mark_of_a_studys_readme_is_a_part():
    known = {block.name for block in study_blocks.STUDY_BLOCKS}
    for path in ROOT.glob("data/studies/*/README.md"):
        text = path.read_text(encoding="utf-8")
        marks = re.findall(r"<!-- (\w+): written", text)
        assert set(marks) <= known
        assert readme.rewrite(text, dict.fromkeys(marks, "x"), str(path))


def test_parts_that_need_no_results_are_up_to_date():
    assert filled() in (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert audit() in (ROOT / "figures" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        found = path if not file else path.parent / file
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {h.lower().replace(" ", "-") for h in headings}


MADE = ("results/", "traces/", "release/", "figures/fits/")
"""Folders of a run's outputs, which a clone has only in part."""


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_folders_of_code_that_are_named_are_there(path):
    """From the root, from the README's folder or from a room of it."""
    named = re.findall(r"`([\w./-]+/(?:[\w.-]+\.py)?)`", path.read_text(encoding="utf-8"))
    rooms = [ROOT, path.parent, *(room for room in path.parent.glob("*") if room.is_dir())]
    listed = [name for name in named if not name.startswith(MADE)]
    assert [name for name in listed if not any((room / name).exists() for room in rooms)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_shown_are_commands(path):
    """Each is parsed, not run: its name, its options and the number of its arguments."""
    shown = re.findall(r"python -m analysis ([a-z][^`\n#]*)", path.read_text(encoding="utf-8"))
    group = typer.main.get_command(app)
    for text in shown:
        name, *words = shlex.split(text.replace("…", "").strip())
        command = group.commands[name]
        command = getattr(command, "commands", {}).get(words[0] if words else "", command)
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, text


def test_the_first_readme_is_one_screen():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert len(text.encode()) <= 8_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_are_short(path):
    lengths = {sentence: len(sentence.split()) for sentence in sentences(path)}
    assert [sentence for sentence, length in lengths.items() if length > 40] == []
    assert sum(lengths.values()) / len(lengths) <= 22


def test_a_long_sentence_is_seen_wherever_it_is(tmp_path):
    long = " ".join(["word"] * 20 + ["here:"] + ["word"] * 25) + "."
    for text in (long, f"- {long}", f"| a | {long} |", f"<!-- a: x -->\n{long}\n<!-- end of a -->"):
        (tmp_path / "README.md").write_text(text, encoding="utf-8")
        assert max(len(s.split()) for s in sentences(tmp_path / "README.md")) > 40
