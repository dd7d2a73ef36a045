"""A study's data: terms by their formulas, its own names, and one sentence for each mistake."""

import numpy as np
import pandas as pd
import pytest

from data.shared.errors import UserError
from data.studies.load import load
from tests.helpers import studies
from tests.helpers.studies import STUDY


def test_the_panel_has_a_column_for_each_term(tmp_path):
    frame = studies.panel().sample(frac=1, random_state=1)
    loaded = load(studies.write(tmp_path, frame=frame))
    rows, panel = loaded.panel.frame, frame.sort_values(["county", "yr"])
    assert list(rows.columns[:3]) == ["province", "year", "region"]
    assert rows["province"].tolist() == panel["county"].tolist()
    np.testing.assert_allclose(rows["log(jobs)"], np.log(panel["jobs"]))
    np.testing.assert_allclose(rows["dens"], panel["roads"] / panel["area"])
    before = rows.groupby("province")["lnout"].shift()
    np.testing.assert_allclose(rows["lag(lnout)"], before)
    assert set(loaded.regions) == {"north", "central", "south"}
    assert loaded.panel.balanced
    assert loaded.panel.name == "counties"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Two words 2014.csv", "Two_words_2014"),
        ("implied.csv", "data-implied"),
        ("official@1.csv", "data-official_1"),
        (".csv", "panel"),
    ],
)
def test_a_panel_has_a_safe_name_and_none_of_the_papers(tmp_path, file, name):
    path = studies.write(tmp_path, studies.STUDY.replace("counties.csv", file))
    (tmp_path / "counties.csv").rename(tmp_path / file)
    assert load(path).panel.name == name


def test_other_data_transformations_or_regions_are_another_panel_and_other_titles_are_not(tmp_path):
    first = load(studies.write(tmp_path)).panel.sha256
    same = load(studies.write(tmp_path, STUDY.replace("Made up", "Invented"))).panel.sha256
    assert same == first
    for before, after in (("log(out)", "log(2 * out)"), ('region = "zone"\n', "")):
        text = STUDY.replace(before, after).replace("zone == 'central'", "yr > 1991")
        assert load(studies.write(tmp_path, text)).panel.sha256 != first
    frame = studies.panel(seed=4)
    assert load(studies.write(tmp_path, frame=frame)).panel.sha256 != first


def test_regions_may_come_from_study_toml_or_be_none(tmp_path):
    text = STUDY.replace('region = "zone"\n', "").replace("sample = \"zone == 'central'\"\n", "")
    assert load(studies.write(tmp_path, text)).regions == ("all",)
    units = sorted(studies.panel()["county"].unique())
    tables = f"[data.regions]\nsouth = {units[:4]}\nnorth = {units[4:]}\n\n[data.labels]"
    loaded = load(studies.write(tmp_path, text.replace("[data.labels]", tables)))
    assert loaded.regions == ("south", "north")
    assert (loaded.panel.frame["region"] == "south").sum() == 4 * 9


def test_a_condition_is_a_dummy_of_numbers_or_words(tmp_path):
    frame = studies.panel()
    frame["law"] = np.where(frame["jobs"] > 20, "yes", "no")
    frame.loc[0, "law"] = ""
    text = studies.STUDY.replace('dens = "', 'strict = "law == \'yes\' or yr >= 1997"\ndens = "')
    text = text.replace("dens + log(jobs)", "dens + log(jobs) + strict")
    loaded = load(studies.write(tmp_path, text, frame))
    made = loaded.panel.frame["strict"]
    assert np.isnan(made[0])
    expected = (frame["law"] == "yes") | (frame["yr"] >= 1997)
    assert (made[1:] == expected[1:].astype(float)).all()
    wrong = text.replace("strict = ", "stern = ").replace("+ strict", "+ law")
    with pytest.raises(UserError, match="column law: law holds words such as 'yes', not numbers"):
        load(studies.write(tmp_path, wrong, frame))
    alone = studies.STUDY.replace("dens + log(jobs)", "dens + log(jobs) + law")
    with pytest.raises(UserError, match=r"column law: law holds words such as '\w+', not numbers; "
                       r"make a dummy below \[transform\], such as is_law"):  # fmt: skip
        load(studies.write(tmp_path, alone, frame))


def test_a_missing_value_is_kept_missing_and_a_condition_does_not_hold_there(tmp_path):
    frame = studies.panel()
    frame.loc[4, "jobs"] = np.nan
    text = STUDY.replace("zone == 'central'", "jobs > 0")
    rows = load(studies.write(tmp_path, text, frame)).panel.frame
    assert rows["log(jobs)"].isna().sum() == 1
    assert rows["jobs > 0"].sum() == len(frame) - 1


MISTAKES = [
    ('"counties.csv"', '"states.csv"', "key data.file: "),
    ('"county"', '"country"', "column 2.1: 'county' is no fixed effect: did you mean 'country'"),
    ('"zone"', '"zones"', "key data.region: "),
    ('"zone"', '"zones"', "counties.csv has no column 'zones'; did you mean 'zone'"),
    ("roads / area", "roads / aera", "key transform.dens: "),
    ("roads / area", "log(roads - area * 9)", "is no finite number for County 00 1990 (roads = "),
    ("+ log(jobs)", "+ log(jobz)", "key column[2.1].formula: "),
    ('lnout = "log(out)"\ndens', 'lnout = "log(out) * dens"\ndens', "dens is made further down"),
    ('dens = "', 'jobs = "jobs * 2"\ndens = "', "key transform.jobs: the data have such a column"),
    ("zone == 'central'", "zone == 'centre'", "no region 'centre'; did you mean 'central'"),
    ("zone == 'central'", "yr == '1990'", "the column yr holds numbers: write its values in no"),
    ("zone == 'central'", "county == 'County 1'", "did you mean 'County 17'"),
    ("zone == 'central'", "zone", "write comparisons with the column first"),
    ("zone == 'central'", "open('x')", "write comparisons with the column first"),
    (
        'log(jobs) | county + yr"\ninterest',
        'zone | county + yr"\ninterest',
        "zone holds text, not numbers",
    ),
]


@pytest.mark.parametrize(("before", "after", "sentence"), MISTAKES)
def test_a_mistake_is_one_sentence_with_key_and_remedy(tmp_path, before, after, sentence):
    assert before in STUDY
    with pytest.raises(UserError) as raised:
        load(studies.write(tmp_path, STUDY.replace(before, after)))
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: f.assign(jobs=f["jobs"].astype(str).replace(f"{f.jobs[3]}", "x")), "line 5, "),
        (lambda f: pd.concat([f, f.iloc[[2]]]), "County 00 1992 has a row already"),
        (lambda f: f.assign(yr=f["yr"] - 1900), "line 2, column yr: '90' is not a year"),
        (lambda f: f.assign(yr=f["yr"] - 1989), "number seasons, quarters or waves as years in a"),
        (lambda f: f.assign(yr=2 * f["yr"] - 1990), "lag(lnout) is missing in every row; number"),
        (lambda f: f.assign(county="A", yr=range(1000, 1000 + len(f))), "holds one unit only"),
        (lambda f: f.assign(zone=["a", *f["zone"][1:]]), "give each unit one region"),
        (lambda f: f.assign(jobs=np.nan), "column jobs: every value is missing"),
        (lambda f: f.assign(county=["", *f["county"][1:]]), "the unit is missing; fill it in"),
        (lambda f: f.head(0), "has no rows below its header"),
    ],
)
def test_a_mistake_in_the_data_names_its_place(tmp_path, spoil, sentence):
    path = studies.write(tmp_path)
    spoil(studies.panel()).to_csv(tmp_path / "counties.csv", index=False)
    with pytest.raises(UserError) as raised:
        load(path)
    assert sentence in str(raised.value)
