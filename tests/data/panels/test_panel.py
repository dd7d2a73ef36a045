import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.panels.catalogue import FOLDER, PANELS, kind_of, named_panels, own_name
from data.panels.panel import load_panel
from data.panels.provinces import PROVINCES, REGION_OF
from data.panels.validation import validate
from data.shared.errors import UserError

VARIABLES = ("produ", "indus")

SMALL = """province,year,indus,produ
Beijing,2010,1.5,0.25
Beijing,2011,1.25,0.5
Tibet,2010,0.5,0.0625
Tibet,2011,0.75,0.125
"""


@pytest.fixture
def small_frame():
    return pd.DataFrame(
        {
            "province": ["Beijing", "Beijing", "Tibet", "Tibet"],
            "year": [2010, 2011, 2010, 2011],
            "region": ["east", "east", "west", "west"],
            "produ": [0.25, 0.5, 0.0625, 0.125],
            "indus": [1.5, 1.25, 0.5, 0.75],
        }
    )


@pytest.fixture
def write(tmp_path):
    def _write(text: str | bytes, name: str = "mine.csv", encoding: str = "utf-8") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return str(path)

    return _write


def full_panel() -> pd.DataFrame:
    """Return all 31 provinces in three years, numbers from a fixed seed."""
    rng = np.random.default_rng(1)
    rows = [(province.name, year) for province in PROVINCES for year in (2010, 2011, 2012)]
    frame = pd.DataFrame(rows, columns=["province", "year"])
    return frame.assign(produ=rng.normal(size=len(rows)), indus=rng.lognormal(size=len(rows)))


def message(path: str, variables=VARIABLES) -> str:
    with pytest.raises(UserError) as caught:
        load_panel(path, variables)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def edited(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


# --- what is accepted ----------------------------------------------------------------------


def test_own_panel_is_typed_sorted_and_named(write, small_frame):
    path = write(SMALL)
    panel = load_panel(path, VARIABLES)
    pd.testing.assert_frame_equal(panel.frame, small_frame)
    assert panel.name == "own-mine"
    assert panel.balanced
    assert panel.notices == ()
    assert panel.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert "user's own" in panel.label


def test_columns_that_are_not_read_may_hold_anything(write):
    lines = SMALL.splitlines()
    text = "\n".join([lines[0] + ",note", *(line + ',"n/a, ""see"" note"' for line in lines[1:])])
    assert list(load_panel(write(text), ["indus"]).frame.columns) == [
        "province",
        "year",
        "region",
        "indus",
    ]


@pytest.mark.parametrize("seed", range(5))
def test_row_and_column_order_do_not_matter(write, seed):
    frame = full_panel()
    expected = load_panel(write(frame.to_csv(index=False)), VARIABLES).frame
    rng = np.random.default_rng(seed)
    shuffled = frame.iloc[rng.permutation(len(frame)), rng.permutation(4)]
    found = load_panel(write(shuffled.to_csv(index=False)), VARIABLES).frame
    pd.testing.assert_frame_equal(found, expected)
    assert list(found["province"].unique()) == [province.name for province in PROVINCES]
    assert (found["region"] == found["province"].map(REGION_OF)).all()
    pd.testing.assert_frame_equal(found[["produ", "indus"]], frame[["produ", "indus"]])


@pytest.mark.parametrize("seed", range(5))
def test_numbers_survive_the_file_exactly(write, seed):
    frame = full_panel()
    values = np.random.default_rng(seed).normal(size=len(frame)) * 10.0 ** np.arange(-46, 47)
    found = load_panel(write(frame.assign(produ=values).to_csv(index=False)), VARIABLES).frame
    np.testing.assert_array_equal(found["produ"].to_numpy(), values)


@pytest.mark.parametrize(
    ("beijing", "tibet"),
    [
        ("北京", "西藏"),
        ("北京市", "西藏自治区"),
        ("Beijing Municipality", "Tibet Autonomous Region"),
        ("BEIJING", "Xizang"),
        (" Ｂｅｉｊｉｎｇ ", "\u3000西藏\u200b"),
    ],
)
def test_province_spellings(write, small_frame, beijing, tibet):
    text = SMALL.replace("Beijing", beijing).replace("Tibet", tibet)
    pd.testing.assert_frame_equal(load_panel(write(text), VARIABLES).frame, small_frame)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(write, small_frame, encoding, end):
    text = SMALL.replace("Beijing", "北京市").replace("\n", end)
    panel = load_panel(write(text, encoding=encoding), VARIABLES)
    pd.testing.assert_frame_equal(panel.frame, small_frame)
    assert any("GBK" in notice for notice in panel.notices) == (encoding == "gbk")


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("province,year", "Province, YEAR "),
        SMALL.replace(",", "\t"),
        SMALL.replace(",", ";"),
        SMALL.replace(",2010,", ",2010.0,"),
        SMALL.replace(",2010,", ",2010年,"),
        SMALL.replace("\n", "\n\n"),
        SMALL.replace("\n", ",,\n") + ",,,,,\n",
        SMALL.replace("2010", "２０１０").replace("0.0625", "０．０６２５"),
        SMALL.replace("0.0625", "6.25e-2").replace("0.5,", " +.5 ,"),
        SMALL.rstrip("\n"),
    ],
)
def test_harmless_variants(write, small_frame, text):
    panel = load_panel(write(text), VARIABLES)
    pd.testing.assert_frame_equal(panel.frame, small_frame)
    assert panel.notices == ()


def test_decimal_commas_are_read_and_told(write, small_frame):
    panel = load_panel(write(SMALL.replace(",", ";").replace(".", ",")), VARIABLES)
    pd.testing.assert_frame_equal(panel.frame, small_frame)
    (notice,) = panel.notices
    assert "0,25 and the like were read with a decimal comma; write decimal points" in notice


def test_commas_between_thousands_are_read_and_told(write):
    panel = load_panel(write(edited("1.5,", '"12,345.5",')), VARIABLES)
    assert panel.frame["indus"].iloc[0] == 12345.5
    assert "12,345.5" in panel.notices[0]
    assert "thousands" in panel.notices[0]


@pytest.mark.parametrize("cell", ["0,123", "1,5", "12,34.5", "1.234,5"])
def test_ambiguous_commas_are_refused(write, cell):
    text = message(write(edited("1.5,", f'"{cell}",')))
    assert f"line 2, column indus: {cell!r} is not a number" in text


@pytest.mark.parametrize("seed", range(3))
def test_other_units_keep_their_names_and_follow_the_31_in_alphabetical_order(write, seed):
    names = ["Tianjin", "Hebei", "Aba", "Huron", "Zeta"]
    rows = [f"{name},{year},north,0.5" for year in (2001, 2002) for name in names]
    rows = np.random.default_rng(seed).permutation(rows)
    frame = load_panel(write("\n".join(["province,year,region,x", *rows])), ["x"]).frame
    assert list(frame["province"].unique()) == names
    assert list(frame["year"]) == [2001, 2002] * 5
    assert set(frame["region"]) == {"north"}


@pytest.mark.parametrize(
    ("label", "region"),
    [("East", "east"), ("东部", "east"), ("中部地区", "central"), ("Coastal", "Coastal")],
)
def test_region_is_taken_as_given(write, label, region):
    head, *rows = SMALL.splitlines()
    text = "\n".join([f"{head},region", *(f"{row},{label}" for row in rows)])
    assert set(load_panel(write(text), VARIABLES).frame["region"]) == {region}


def test_unbalanced_panel_is_accepted_with_a_notice(write):
    frame = full_panel().drop(index=[0, 4])
    panel = load_panel(write(frame.to_csv(index=False)), VARIABLES)
    assert not panel.balanced
    assert len(panel.frame) == 91
    (notice,) = panel.notices
    assert "lacks 2 of 93 province-years (Beijing 2010, Tianjin 2011)" in notice


def test_a_misspelt_province_beside_a_region_is_pointed_out(write):
    frame = full_panel().assign(region="east")
    frame.loc[0, "province"] = "Beijin"
    first, second, third = load_panel(write(frame.to_csv(index=False)), VARIABLES).notices
    assert first.endswith(
        "'Beijin' is taken for a province of its own; correct it if Beijing is meant."
    )
    assert "'Beijin' ends in 2010 and 'Beijing' begins in 2011" in second
    assert "unbalanced" in third
    frame["province"] = [f"unit {i // 3}" for i in range(len(frame))]
    assert load_panel(write(frame.to_csv(index=False)), VARIABLES).notices == ()


def test_validate_takes_numbers_and_leaves_its_argument_alone(small_frame):
    frame = small_frame.iloc[::-1]
    before = frame.copy()
    pd.testing.assert_frame_equal(validate(frame, VARIABLES, "memory"), small_frame)
    pd.testing.assert_frame_equal(frame, before)


# --- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SMALL.replace("indus", "x"), ["header", "no column indus"], id="column"),
        pytest.param(
            SMALL.replace("indus,produ", "a,b"), ["column produ and no column indus"], id="columns"
        ),
        pytest.param(SMALL.replace("province", "unit"), ["header", "column province"], id="unit"),
        pytest.param(
            SMALL.replace("indus,", "produ,"), ["header", "column produ stands 2 times"], id="twice"
        ),
        pytest.param(
            edited("Tibet,2011", "Tibet,2010"),
            ["line 5, columns province and year", "Tibet 2010", "on line 4"],
            id="duplicate",
        ),
        pytest.param(
            edited("Tibet,2011", "西藏自治区,2010"), ["line 5", "Tibet 2010"], id="same province"
        ),
        pytest.param(
            edited("Tibet,2010", "Tibbet,2010"),
            ["line 4, column province", "'Tibbet'", "add a column region"],
            id="unknown province",
        ),
        pytest.param(
            edited("Tibet,2010", ",2010"), ["line 4, column province", "missing"], id="no province"
        ),
        pytest.param(
            edited("1.25", "abc"), ["line 3, column indus", "'abc' is not a number"], id="text"
        ),
        pytest.param(edited("1.25", "0x1F"), ["line 3, column indus", "'0x1F'"], id="hexadecimal"),
        pytest.param(edited("1.25", "1_2"), ["line 3, column indus", "'1_2'"], id="underscore"),
        pytest.param(edited("1.25", "1d5"), ["line 3, column indus", "'1d5'"], id="exponent"),
        pytest.param(edited("1.25", "12%"), ["line 3, column indus", "'12%'"], id="per cent"),
        pytest.param(edited("1.25", "1.5①"), ["line 3, column indus", "'1.5①'"], id="footnote"),
        pytest.param(edited("1.25", "10²"), ["line 3, column indus", "'10²'"], id="exponent mark"),
        pytest.param(
            edited("1.25", "__import__('os')"), ["line 3, column indus", "not a number"], id="code"
        ),
        pytest.param(edited("1.25", "x" * 99), ["line 3, column indus", "xxx…'"], id="long"),
        pytest.param(edited("1.25", ""), ["line 3, column indus", "missing", "drop"], id="empty"),
        pytest.param(edited("1.25", "NaN"), ["line 3, column indus", "missing"], id="nan"),
        pytest.param(edited("1.25", "."), ["line 3, column indus", "missing"], id="Stata"),
        pytest.param(edited("1.25", "-Inf"), ["line 3, column indus", "not finite"], id="inf"),
        pytest.param(edited("1.25", "1e999"), ["line 3, column indus", "not finite"], id="1e999"),
        pytest.param(
            edited("Tibet,2011", "Tibet,2011.5"), ["line 5, column year", "'2011.5'"], id="half"
        ),
        pytest.param(edited("Tibet,2011", "Tibet,11"), ["line 5, column year", "'11'"], id="11"),
        pytest.param(
            edited("Tibet,2011", "Tibet,20111231"), ["line 5, column year", "'2011"], id="date"
        ),
        pytest.param(
            edited("Tibet,2011", "Tibet,"), ["line 5, column year", "missing"], id="no year"
        ),
        pytest.param(
            SMALL.replace("1.25", "x").replace("0.0625", "y").replace("0.125", "inf"),
            ["line 3, column indus: 'x'", "(further failing cells: 2)"],
            id="the first of three",
        ),
        pytest.param(
            SMALL.replace("\n", "\n\n\n").replace("1.25", "x"), ["line 7, column indus"], id="blank"
        ),
        pytest.param(
            edited("Tibet,2010,0.5", 'Tibet,2010,"0.5\n"').replace("0.125", "x"),
            ["line 6, column produ"],
            id="a cell over two lines",
        ),
        pytest.param(
            SMALL.replace("2011", "2010")
            .replace("Beijing,2010,1.2", "Hebei,2010,1.2")
            .replace("Tibet,2010,0.7", "Gansu,2010,0.7"),
            ["column year", "only the year 2010", "add years"],
            id="one year",
        ),
        pytest.param(
            "\n".join(SMALL.splitlines()[:3]),
            ["column province", "only Beijing", "add provinces"],
            id="one province",
        ),
        pytest.param(SMALL.splitlines()[0], ["no rows"], id="no rows"),
        pytest.param("", ["empty"], id="empty file"),
        pytest.param("\ufeff\n \n", ["empty"], id="blank file"),
        pytest.param(
            edited("1.25,", "1,25,"), ["line 3", "5 values and the header 4"], id="comma too many"
        ),
        pytest.param(edited("1.25,", ""), ["line 3", "3 values"], id="value too few"),
        pytest.param(edited("1.25", '"1.25'), ["line 3", "quotes"], id="open quote"),
        pytest.param(b"PK\x03\x04\0\0", ["cannot be read", "CSV"], id="no spreadsheet"),
        pytest.param(SMALL.encode("utf-16-le"), ["not a CSV", "UTF-8"], id="UTF-16 unmarked"),
        pytest.param(SMALL.encode("utf-16")[:-3], ["not a CSV", "UTF-8"], id="UTF-16, cut"),
        pytest.param(b"province,year\n\xff\xff\xff", ["not a CSV"], id="neither encoding"),
    ],
)
def test_each_mistake_gets_one_sentence(write, text, expected):
    path = write(text)
    found = message(path)
    assert found.startswith(path)
    for part in expected:
        assert part in found


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (["east", "east", "west", "east"], ["line 5, column region", "Tibet", "line 4"]),
        (["east", "east", "", "west"], ["line 4, column region", "missing"]),
    ],
)
def test_region_mistakes(write, regions, expected):
    head, *rows = SMALL.splitlines()
    body = [f"{row},{region}" for row, region in zip(rows, regions, strict=True)]
    found = message(write("\n".join([f"{head},region", *body])))
    for part in expected:
        assert part in found


def test_a_missing_column_is_told_with_all_columns_of_the_file(write):
    found = message(write(SMALL.replace("indus", "Indu").replace("\n", ",Note\n")))
    assert "no column indus; add what is missing to the columns found" in found
    assert "(province, year, Indu, produ, Note)" in found


def test_a_table_with_a_column_for_each_year_is_told_to_be_turned(write):
    found = message(write("province,indus2010,indus2011\nTibet,1,2\n"))
    assert "has a column for each year, into one row per province and year" in found


def test_points_that_may_part_thousands_are_told(write):
    text = SMALL.splitlines()[0] + "".join(
        f"\n{name},{year},{value},0.5"
        for name in ("Tibet", "Hebei")
        for year, value in ((2010, "1.234"), (2011, "987"))
    )
    (notice,) = load_panel(str(write(text)), VARIABLES).notices
    assert "has 1.234 and whole numbers such as 987, all read with decimal points" in notice


def test_file_not_found_names_the_panels(tmp_path):
    found = message(str(tmp_path / "none.csv"))
    assert "none.csv" in found
    assert all(name in found for name in named_panels())


@pytest.mark.parametrize("name", ["no-such-panel", "nul\0.csv"])
def test_a_name_that_is_neither_panel_nor_file(name):
    assert repr(name) in message(name)


def test_a_folder_is_not_a_file(tmp_path):
    assert message(str(tmp_path)).startswith(f"{tmp_path} cannot be read")


# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("official.csv", "own-official"),
        ("dir/我的 面板.csv", "own-我的_面板"),
        ("a/..b: c?.csv", "own-b_c"),
        ("...csv", "own-panel"),
        ("???.csv", "own-panel"),
        ("省" * 80 + ".csv", "own-" + "省" * 60),
    ],
)
def test_own_names_are_safe_folder_names(path, name):
    assert own_name(Path(path)) == name


@pytest.fixture
def named(tmp_path, write):
    text = SMALL.encode()
    write(text, "official.csv")
    write(json.dumps({"sha256": hashlib.sha256(text).hexdigest()}), "official.json")
    write(text, "implied.csv")  # no sidecar: not a named panel
    return tmp_path


def test_named_panel_is_verified(named, small_frame):
    assert named_panels(named) == ("official",)
    panel = load_panel("official", VARIABLES, named)
    assert panel.name == "official"
    assert panel.label == PANELS[0].label
    pd.testing.assert_frame_equal(panel.frame, small_frame)


def test_a_flipped_bit_in_a_named_panel_is_refused(named):
    path = named / "official.csv"
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.24"))
    with pytest.raises(UserError) as caught:
        load_panel("official", VARIABLES, named)
    assert str(caught.value).startswith(f"{path} has sha256 ")
    assert good in str(caught.value)


@pytest.mark.parametrize("sidecar", ["", "[]", "{}", '{"sha256": null}'])
def test_a_broken_sidecar_is_refused(named, sidecar):
    (named / "official.json").write_text(sidecar, encoding="utf-8")
    with pytest.raises(UserError, match=r"official\.json says None"):
        load_panel("official", VARIABLES, named)


def test_a_users_file_called_like_a_named_panel_stays_the_users(named):
    panel = load_panel(str(named / "official.csv"), VARIABLES, named)
    assert panel.name == "own-official"
    assert panel.name not in {kind.name for kind in PANELS}


def test_every_committed_panel_has_a_label_and_loads():
    present = {path.stem for path in FOLDER.glob("*.csv")}
    assert present == set(named_panels())
    for name in present:
        panel = load_panel(name, VARIABLES)
        assert panel.balanced
        assert panel.notices == ()
        assert len(panel.frame) == 31 * 13


# --- the first edition ----------------------------------------------------------------------


def test_a_panel_of_the_first_edition_is_loaded_by_name_and_is_no_evidence():
    panel = load_panel("official@1", ["produ", "indus"])
    assert panel.name == "official@1"
    assert panel.balanced
    assert not kind_of(panel.name).evidence
    assert "superseded" in panel.label
    assert panel.frame["produ"].equals(
        panel.frame[["produ_inno", "produ_green", "produ_digit"]].sum(axis=1).round(12)
    )
    assert panel.name not in named_panels()


def test_the_first_editions_panels_differ_from_each_other_and_have_hashes_of_their_own():
    names = ("official@1", "official-census4@1", "official-as_published@1")
    panels = [load_panel(name, ["indus"]) for name in names]
    assert len({panel.sha256 for panel in panels}) == 3
    assert not panels[1].frame["indus"].equals(panels[2].frame["indus"])


def test_a_panel_that_the_first_edition_had_not_is_refused():
    with pytest.raises(UserError, match=r"no panel 'official-census5@1' in edition-1\.nc: choose"):
        load_panel("official-census5@1", ["indus"])
