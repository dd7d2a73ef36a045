"""Commands on a study: its numbers and words, results beside its file, nothing of the paper."""

import re
import sys

import pandas as pd
import pytest
from jinja2 import UndefinedError

from analysis import __main__ as cli
from analysis.analyses import find
from analysis.claims import study as of_study
from analysis.commands import comparison
from analysis.comparison import coefficients, dynamic, power
from analysis.replication import replicate
from analysis.reporting.page import blocks, page
from analysis.robustness.sensitivity import study as sensitivity
from analysis.shared import terminal
from analysis.shared.outputs import read_result
from analysis.simulation import recovery
from analysis.specifications import HEADLINE, PAPER, current, load, studying
from tests.helpers import studies

OF_THE_PAPER = ("indus", "produ", "Ye (", "Ye'", "official", "Table 8", "province of")
"""What no output of another study holds."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return studies.write(tmp_path_factory.mktemp("roads"))


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs a command and gives its exit code and words."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["analysis", *arguments])
        monkeypatch.setattr(terminal.console, "_width", 200)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        words = printed.out + printed.err
        assert [word for word in OF_THE_PAPER if word in words] == []
        return stop.value.code, words

    return run


def test_replicate_sets_a_studys_numbers_beside_its_estimates(run, study):
    code, words = run("replicate", "--study", str(study), "--draws", "99")
    assert code == 0
    assert "Table 2. Roads and output — panel counties" in words
    rows = read_result(study.parent / "results", "replication")
    assert set(rows["column"]) == {"1.1", "2.1", "2.2", "3.1"}
    assert rows.loc[rows["published"].notna(), "matches"].astype(bool).all()
    assert rows["published"].notna().sum() == 7
    assert "L.y" in set(rows.loc[rows["column"] == "3.1", "term"])
    assert current() is PAPER


def test_a_study_in_the_folder_is_taken_without_its_name(run, study, monkeypatch):
    monkeypatch.chdir(study.parent)
    code, words = run("replicate", "9.9", "--draws", "99")
    assert code == 2
    assert "no published column '9.9': choose among 2.1, 2.2, 3.1" in words
    code, words = run("replicate", "2.1", "--panel", "implied", "--draws", "99")
    assert code == 2
    assert "The study 'Roads and output' has its own data" in words


def test_the_papers_columns_are_the_default():
    assert (current(), current().headline) == (PAPER, HEADLINE)


def test_an_r_squared_within_is_named_beside_one_that_is_not(tmp_path):
    pooled = '[[column]]\nname = "2.4"\nformula = "lnout ~ dens"\ninterest = ["dens"]\n'
    text = studies.STUDY.replace("[printed]", f'{pooled}estimator = "pooled_ols"\n\n[printed]')
    with studying(load(studies.write(tmp_path, text))):
        listed = [replicate._lines(names) for names in (["2.1"], ["2.4"], ["2.1", "2.4"])]
    said = [next(head for head, _, name in lines if name == "r2") for lines in listed]
    assert said == ["R² within", "R²", "R² (effects: within)"]


def test_init_writes_a_file_that_check_and_replicate_take(run, tmp_path):
    studies.panel().to_csv(tmp_path / "mine.csv", index=False)
    words = ["--unit", "county", "--time", "yr", "--region", "zone", "--outcome", "log(out)"]
    words += ["--interest", "roads", "--controls", "log(jobs) lag(jobs, 2)"]
    data = ["study", "init", "--data", str(tmp_path / "mine.csv")]
    code, said = run(*data, *words)
    assert code == 0
    path = tmp_path / "study.toml"
    for command in ("study check", "replicate", "sample", "compare"):
        assert f"python -m analysis {command} --study {path}" in said
    assert 'region = "zone"' in path.read_text(encoding="utf-8")
    code, said = run("study", "check", "--study", str(path))
    assert code == 0
    assert "is a study (columns: 1, printed numbers: 0, claims: 0)" in said
    code, said = run("replicate", "--study", str(path), "--draws", "99")
    assert code == 0
    assert "round to" not in said
    assert "Stars: 1, 5 and 10 %." in said
    code, said = run(*data, *words)
    assert code == 2
    assert "is there already" in said


def test_init_writes_nothing_of_a_mistake(run, tmp_path):
    studies.panel().to_csv(tmp_path / "mine.csv", index=False)
    words = ["--unit", "county", "--time", "year", "--outcome", "out", "--interest", "roads"]
    code, said = run("study", "init", "--data", str(tmp_path / "mine.csv"), *words)
    assert code == 2
    assert "has no column 'year'; did you mean" in said or "the columns are" in said
    assert not (tmp_path / "study.toml").exists()


def test_check_counts_printed_numbers_and_says_a_mistake_in_them(run, study, tmp_path):
    code, said = run("study", "check", "--study", str(study))
    assert code == 0
    assert "is a study (columns: 3, printed numbers: 5, claims: 3)" in said
    path = studies.write(tmp_path)
    (tmp_path / "printed.csv").write_text("table,column\n2,2.1\n", encoding="utf-8")
    code, said = run("study", "check", "--study", str(path))
    assert code == 2
    assert "printed.csv" in said
    studies.write(tmp_path)
    (tmp_path / "claims.csv").write_text("text,column,term,kind\nx,2.1,dens,w\n", encoding="utf-8")
    code, said = run("study", "check", "--study", str(tmp_path))
    assert code == 2
    assert "claims.csv, line 2, column kind: 'w' is none of sign, size" in said


def test_what_to_run_next_is_of_the_study(capsys, monkeypatch, study):
    monkeypatch.setattr(terminal.console, "_width", 300)
    with studying(load(study)):
        terminal.say_next("report", then=" shows it.")
    said = " ".join(capsys.readouterr().out.split())
    assert said == f"Next: python -m analysis report --study {study} shows it."


def test_an_audit_needs_no_column_of_the_papers_name(run, study):
    code, words = run("audit", "--study", str(study))
    assert code == 0
    assert "Comparisons by result" in words


def test_power_is_of_columns_with_a_printed_slope(run, study, tmp_path):
    record = find("power")
    with studying(load(study)):
        chosen = record.of({"columns": None, "panel": None})
        assert [each.column for each in chosen.records] == ["2.1", "2.2"]
    assert len(record.of({"columns": None, "panel": None}).records) == 19
    path = studies.write(tmp_path, studies.STUDY.split("[printed]")[0])
    code, said = run("power", "--study", str(path))
    assert code == 2
    assert "no column of two-way effects or GMM that is asked for has one" in said


def test_a_page_shows_power_in_the_studys_words(study, tmp_path):
    cells = ["counties", "2.1", "dens", "province", 2000, 0.05, 0.04, 0.06, 0.3, 0.5, 1.6, 0.99]
    (tmp_path / "results/long").mkdir(parents=True)
    rows = pd.DataFrame([cells], columns=list(power.COLUMNS))
    rows.to_csv(tmp_path / "results/long/power.csv", index=False)
    chart = {"kind": "chart", "caption": "Intervals, clustered by province."}
    with studying(load(study)) as loaded:
        shown = page.render(page.Results(tmp_path / "results", []), loaded)
        (drawn,) = page._in_its_words({"kind": "charts", "rows": [chart]})["rows"]
        assert blocks.missing("power", "power")["command"].endswith(f"power --study {study.name}")
    assert blocks.missing("power", "power")["command"] == "python -m analysis power"
    assert drawn["caption"] == "Intervals, clustered by unit."
    assert "reaches the minimum detectable effect" in shown
    assert "clustered by unit" in shown
    assert "clustered by province" not in shown


def test_a_page_shows_claims_with_their_verdicts_and_the_data(study, tmp_path):
    row = dict.fromkeys(of_study.COLUMNS, "") | {"statement": "Roads raise output.", "column": 2.1}
    row |= {"term": "dens", "mean": 0.4, "q025": 0.3, "q975": 0.5, "sign": "fragile"}
    (tmp_path / "results").mkdir()
    pd.DataFrame([row]).to_csv(tmp_path / "results/study_claims.csv", index=False)
    with studying(load(study)) as loaded:
        shown = page.render(page.Results(tmp_path / "results", []), loaded)
    assert re.search("Roads raise output.*2.1.*dens.*0.400 .0.300, 0.500.*fragile", shown, re.S)
    assert loaded.panel.sha256 in shown


def test_a_page_leaves_no_block_out(study, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "blocks_of", lambda *_: [{"kind": "planted"}])
    with studying(load(study)) as loaded, pytest.raises(UndefinedError, match="no_such_kind"):
        page.render(page.Results(tmp_path, []), loaded)


def test_a_page_without_regions_says_so_and_rounds_estimates(tmp_path):
    text = studies.STUDY.replace('region = "zone"\n', "")
    rows = {"table": "2", "column": "2.1", "term": "dens", "statistic": ["coef", "stars"]}
    rows |= {"published": "", "estimated": ["0.5123456789", "***"], "matches": ""}
    (tmp_path / "results").mkdir()
    pd.DataFrame(rows).to_csv(tmp_path / "results/replication.csv", index=False)
    with studying(load(studies.write(tmp_path, text))) as loaded:
        shown = page.render(page.Results(tmp_path / "results", []), loaded)
    assert "The study names no regions" in shown
    assert "0.512<" in shown
    assert "0.51234" not in shown


def test_a_page_says_what_an_audit_did_not_find_and_what_is_not_made(study, tmp_path):
    (tmp_path / "results").mkdir()
    with studying(load(study)) as loaded:
        results = page.Results(tmp_path / "results", [])
        assert "audit --study study.toml" in page.render(results, loaded)
        (tmp_path / "results/audit.csv").write_text("check,place\n", encoding="utf-8")
        shown = page.render(results, loaded)
    assert "Nothing can be compared" in shown
    for command in ("dynamic", "sensitivity", "horizon"):
        assert f"python -m analysis {command} --study study.toml" in shown
    assert "scale-sweep" not in shown
    assert "province" not in shown.partition("<script")[0]


def test_a_page_shows_the_lags_coefficient_of_dynamic_columns(study, tmp_path):
    cells = {"panel": "counties", "column": "3.1", "estimator": "within", "n": 100, "gate": ""}
    rows = [cells | {"term": term, "coef": 0.5, "se": 0.1} for term in ("L.y", "dens")]
    (tmp_path / "results").mkdir()
    estimated = pd.DataFrame(rows).assign(low=0.3, high=0.7).reindex(columns=dynamic.COLUMNS)
    estimated.to_csv(tmp_path / "results/dynamic.csv", index=False)
    effect = {"panel": "counties", "column": "3.1", "model": "dynamic", "slope": "average"}
    effect |= {"quantity": "short_run", "median": 0.5, "low": 0.3, "high": 0.7, "share": 1.0}
    follows = pd.DataFrame([effect]).reindex(columns=dynamic.EFFECT_COLUMNS)
    follows.to_csv(tmp_path / "results/dynamic_effects.csv", index=False)
    with studying(load(study)) as loaded:
        results = page.Results(tmp_path / "results", [])
        shown = page.render(results, loaded)
    assert "0.500 (0.100) [0.300, 0.700]" in shown
    assert "autoregressive" in results.drawn
    assert "responses" not in results.drawn


def test_the_schema_is_printed_for_editors(run):
    code, said = run("study", "schema")
    assert code == 0
    assert '"title": "study.toml"' in said


def test_analyses_of_slopes_are_of_the_studys_columns(study):
    """What a user who names none gets: static columns of a study, its headline, its first."""
    asked = {"columns": None, "panel": None, "model": None, "every": False}
    of = {
        "horizon": ["2.1", "2.2"],
        "recovery": ["2.1", "2.2"],
        "influence": ["2.1", "2.2", "3.1"],
        "sensitivity": ["2.1"],
    }
    with studying(load(study)):
        for name, columns in of.items():
            chosen = find(name).of(asked)
            assert [record.column for record in chosen.records] == columns
            assert list(chosen.panels) == []
        every = find("sensitivity").of(asked | {"every": True})
        assert [record.column for record in every.records] == ["2.1", "2.2", "3.1"]
    assert [record.column for record in find("sensitivity").of(asked).records] == ["3.2"]


def test_horizons_and_influence_are_written_beside_the_study(run, study):
    code, said = run("horizon", "--study", str(study))
    assert code == 0
    assert "Column 2.1 on counties: differences give" in said
    code, said = run("influence", "2.1", "3.1", "--study", str(study))
    assert code == 0
    found = read_result(study.parent / "results", "influence")
    assert set(found["column"]) == {"2.1", "3.1"}
    assert len(found[found["column"] == "2.1"]) == 18 + 9
    assert set(found["home"].dropna()) == {"north", "central", "south"}
    for name in ("horizon", "influence"):
        assert (study.parent / f"figures/{name}.png").is_file()
    code, said = run("horizon", "3.1", "--study", str(study))
    assert code == 2
    assert "horizons are of static columns: name one of 2.1, 2.2." in said


def test_recovery_and_sensitivity_run_on_a_study(run, study, monkeypatch):
    monkeypatch.setattr(recovery, "DRAWS", 50)
    monkeypatch.setattr(recovery, "spread", lambda task, inputs, *_: map(task, inputs))
    asked = []
    monkeypatch.setattr(sensitivity, "run", lambda listed, *_, **__: asked.extend(listed) or [])
    code, said = run("recover", "2.2", "--data-sets", "20", "--study", str(study))
    assert code == 0
    assert "errors clustered by unit" in said
    assert set(read_result(study.parent / "results", "recovery")["column"]) == {"2.2"}
    code, _ = run("sensitivity", "--all", "--study", str(study))
    assert code == 0
    assert [job.specification.column for job in asked] == ["2.1", "2.2", "3.1"]


def test_a_multiverse_is_written_beside_the_study_and_shown(run, tmp_path):
    text = studies.STUDY + "[multiverse]\ncolumns = ['2.1']\ncontrols = 'each'\nposteriors = 0\n"
    path = studies.write(tmp_path, text)
    code, said = run("multiverse", "--study", str(path))
    assert code == 0
    assert "2 least-squares universes count, which are 2 distinct regressions" in said
    assert "of 2 universes have the printed sign" in said
    (row,) = read_result(tmp_path / "results", "multiverse").to_dict("records")
    assert (row["column"], row["universes"]) == ("2.1", 2)
    assert "Columns by GMM have no universes: 3.1." in said
    assert (tmp_path / "figures/specification_curve.png").is_file()
    with studying(load(path)) as loaded:
        shown = page.render(page.Results(tmp_path / "results", []), loaded)
    assert "Under other choices of analysis" in shown
    assert "Shares of sign and significance" in shown
    code, said = run("multiverse", "--study", str(path))
    assert "written: results/multiverse.nc" not in said


def test_every_term_of_interest_is_compared_and_one_panel_once(tmp_path, monkeypatch):
    text = studies.STUDY.replace('interest = ["dens"]', 'interest = ["dens", "log(jobs)"]', 1)
    cells = {"panel": "counties", "column": "2.1", "model": "growth", "mean": 0.4, "gate": "pass"}
    terms = pd.DataFrame([cells | {"term": term} for term in ("dens", "log(jobs)", "other")])
    shown = []
    monkeypatch.setattr(comparison, "print_frame", lambda rows, *_: shown.append(rows))
    with studying(load(studies.write(tmp_path, text))):
        comparison.show_comparison(terms.reindex(columns=list(coefficients.COLUMNS)))
    (rows,) = shown
    assert rows["term"].tolist() == ["dens", "log(jobs)"]


def test_a_page_draws_slopes_and_those_of_regions(run, study, tmp_path):
    code, _ = run("replicate", "--study", str(study), "--draws", "99", "--out", str(tmp_path))
    assert code == 0
    cells = {"panel": "counties", "column": "2.1", "term": "dens", "gate": "pass"}
    compared = pd.DataFrame([cells | {"model": "growth", "mean": 0.4, "q025": 0.3, "q975": 0.5}])
    compared = compared.assign(published=0.5, published_se=0.02, fitted_column="2.1")
    compared = compared.assign(agreement="differs")
    compared = pd.concat([compared, compared.assign(term="log(jobs)", mean=0.777)])
    compared.reindex(columns=list(coefficients.COLUMNS)).to_csv(
        tmp_path / "results/comparison.csv", index=False
    )
    row = cells | {"model": "growth", "mean": 0.4, "q025": 0.3, "q975": 0.5, "published": 0.5}
    row |= {"p_positive": 1.0, "p_rope": 0.0, "fits": "yes"}
    by_region = pd.DataFrame([row | {"region": zone} for zone in ("north", "central", "south")])
    by_region.to_csv(tmp_path / "results/region_slopes.csv", index=False)
    with studying(load(study)) as loaded:
        results = page.Results(tmp_path / "results", [])
        shown = page.render(results, loaded)
    assert {"slopes", "regions"} <= set(results.drawn)
    assert "by each model, with 95 % intervals" in shown
    of_interest, every = shown.partition("Slopes of terms of interest")[2].split("</table>")[:2]
    assert "0.777" not in of_interest
    assert "0.777" in every
    assert "Of 2 posteriors beside printed slopes 2 differ." in shown
    assert "growth by unit" in str(results.drawn["slopes"])
    assert "province" not in str(results.drawn["slopes"])
    text = str(results.drawn["regions"])
    assert "['north', 'central', 'south']" in text
    assert "east" not in text
