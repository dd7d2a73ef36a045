import json
from itertools import combinations

import numpy as np
import pytest
import xarray as xr

from data.panels.catalogue import FOLDER
from data.panels.panel import load_panel
from data.published.tables import load_indicators
from data.shared.errors import UserError
from data.ye2024 import anchors, fingerprints, gap_errors, recollect, second, selection
from data.ye2024.definitions import CHOICES, COLUMNS, DEFAULTS, DESCRIBED, DIRECTORY, INDICATORS
from data.ye2024.gaps import CODES
from data.ye2024.official import YEARS

needs_series = pytest.mark.skipif(
    not (DIRECTORY / "series.csv").exists(),
    reason="rebuilds panels from the raw official series, which are not committed",
)


@pytest.fixture(scope="module")
def dataset():
    return recollect.load()


@pytest.fixture(scope="module")
def rebuilt():
    return recollect.build()


# --- the committed Dataset ------------------------------------------------------------------


def test_variables_carry_only_dims_of_choices_that_touch_them(dataset):
    touched = {
        "produ_inno": {"vintage", "gap_rule", "tibet", "normalisation"},
        "produ_alt": {"vintage", "gap_rule"},
        "indus": {"vintage", "denominator", "industry"},
        "density": {"employment"},
        "M_cap": {"vintage", "elasticity", "employment"},
        "M_all": {"vintage", "elasticity", "employment"},
        "fin": {"vintage"},
        "env": {"vintage", "gap_rule", "industry"},
        "stru": {"vintage"},
        "urb": set(),
        "trans": set(),
    }
    for name, choices in touched.items():
        assert set(dataset[name].dims) == choices | {"winsorised", "province", "year"}, name


def test_every_choice_makes_a_difference(dataset):
    for name in COLUMNS:
        for choice in set(CHOICES) & set(dataset[name].dims):
            vintage = "as_published" if choice == "industry" else "census4"
            base = selection.choices(dataset, name, {name: {"vintage": vintage}})
            ways = [
                dataset[name].sel({**base, choice: value}).to_numpy() for value in CHOICES[choice]
            ]
            for one, other in combinations(ways, 2):
                assert not np.array_equal(one, other), (name, choice)


def test_combinations_that_do_not_exist_are_empty_and_all_others_complete(dataset):
    for name in COLUMNS:
        empty = dataset[name].isnull()
        exists = xr.ones_like(empty)
        if "denominator" in exists.dims:
            exists &= (exists["denominator"] == "provinces") | (exists["vintage"] == "census4")
        if "industry" in exists.dims:
            exists &= (exists["industry"] == "ratio") | (exists["vintage"] == "as_published")
        xr.testing.assert_equal(empty, ~exists)


def test_values_are_physical(dataset):
    for name in COLUMNS:
        least, greatest = DESCRIBED[name].bounds
        assert least <= dataset[name].min() <= dataset[name].max() <= greatest, name
    assert dataset["urb"].max() <= 1
    for name in ("indus", "density", "fin", "stru", "urb", "trans"):
        assert dataset[name].min() > 0, name
    assert dataset["env"].min() >= 0
    beta = dataset["beta_K"]
    common = beta.sel(elasticity="common")
    assert 0 < common.min() < common.max() < 1
    # One basis of employment leaves so little growth in some provinces that theirs are negative.
    negative = (beta <= 0).sum("province").max(["vintage", "elasticity"])
    assert dict(zip(beta["employment"].to_numpy(), negative.to_numpy(), strict=True)) == {
        "census2020": 2, "yearbook": 8, "mixed_bases": 0, "interpolated": 0
    }  # fmt: skip
    assert beta.max() < 1


def test_winsorising_moves_four_cells_at_each_end(dataset):
    raw = dataset["fin"].sel(vintage="census4", winsorised="no").to_numpy().ravel()
    cut = dataset["fin"].sel(vintage="census4", winsorised="yes").to_numpy().ravel()
    ordered = np.sort(raw)
    np.testing.assert_array_equal(cut, np.clip(raw, ordered[4], ordered[-5]))


def test_the_index_is_that_of_table_1():
    table = load_indicators()
    printed = list(zip(table["symbol"], table["dimension"], table["sign"], strict=True))
    signs = {+1: "+", -1: "-"}
    assert [(i.symbol, i.dimension, signs[i.sign]) for i in INDICATORS] == printed


def test_location_quotients_lie_on_both_sides_of_one_in_every_year(dataset):
    quotient = dataset["indus"].sel(selection.choices(dataset, "indus", {}))
    assert (quotient.min("province") < 1).all()
    assert (quotient.max("province") > 1).all()


def test_longer_spans_agree_with_the_sample(dataset):
    for name in ("indus", "stru", "urb"):
        long = dataset[f"{name}_long"].rename(year_long="year").sel(year=list(YEARS))
        chosen = selection.choices(dataset, name, {})
        chosen.pop("vintage", None)
        xr.testing.assert_equal(
            long.transpose("province", "year", ...).drop_attrs(),
            dataset[name].sel(chosen, drop=True).transpose("province", "year", ...).drop_attrs(),
        )


def test_the_codebook_counts_cells_as_the_dataset_does(dataset):
    book = (FOLDER.parent / "codebook.md").read_text(encoding="utf-8")
    rules = ("observed", "interpolated", "extended", "proxy")
    for series in {indicator.series for indicator in INDICATORS}:
        codes = dataset["filled"].sel(vintage=DEFAULTS["vintage"], series=series).to_numpy()
        counts = [int((codes == CODES[rule]).sum()) or "" for rule in rules]
        assert f"| `{series}` | " + " | ".join(map(str, counts)).replace("  ", " ") in book, series


def test_the_codebook_prints_the_shares_of_the_official_panel():
    book = (FOLDER.parent / "codebook.md").read_text(encoding="utf-8")
    said = json.loads((FOLDER / "official.json").read_text(encoding="utf-8"))["cells"]
    filled = ("interpolated", "extended")
    for name in COLUMNS:
        total = sum(said[name].values()) or 1
        of = {rule: 100 * count / total for rule, count in said[name].items()}
        observed = of.pop("observed", 0) if said[name] else 100.0
        in_time = sum(share for rule, share in of.items() if rule in filled)
        derived = sum(share for rule, share in of.items() if rule not in filled)
        assert f"| `{name}` | {observed:.1f} % | {derived:.1f} % | {in_time:.1f} % |" in book, name


def test_the_codebook_sets_both_editions_beside_table_2():
    book = (FOLDER.parent / "codebook.md").read_text(encoding="utf-8")
    first, today = (
        fingerprints.of_panel(load_panel(name, COLUMNS).frame)
        for name in ("official@1", "official")
    )
    for old, new in zip(first.itertuples(), today.itertuples(), strict=True):
        numbers = f"{old.matches} | {new.matches} | {old.distance:.3f} | {new.distance:.3f} |"
        assert f"| `{new.variable}` | {numbers}" in book, new.variable
    assert today["matches"].sum() > first["matches"].sum()
    assert today["distance"].mean() < first["distance"].mean()


def test_the_codebook_names_every_choice_and_variable():
    book = (FOLDER.parent / "codebook.md").read_text(encoding="utf-8")
    for name in (*COLUMNS, *CHOICES, *(value for values in CHOICES.values() for value in values)):
        assert f"`{name}`" in book, name


def test_a_missing_damaged_or_changed_file_is_refused_with_its_hash(dataset, tmp_path):
    with pytest.raises(UserError, match=r"gone\.nc is missing"):
        recollect.load(tmp_path / "gone.nc")
    whole = recollect.DATASET.read_bytes()
    half = len(whole) // 2
    flipped = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    path = tmp_path / "other.nc"
    recollect.write_dataset(dataset.assign(fin=dataset["fin"] * 1.01), path)
    changed = path.read_bytes()  # a whole NetCDF, and not what the sidecar of the first one says
    recollect.write_dataset(dataset, path)
    xr.testing.assert_identical(recollect.load(path), dataset)
    for content in (whole[:half], flipped, changed):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"other\.nc has sha256 [0-9a-f]{64} but its sidecar"):
            recollect.load(path)
    path.with_name("other.nc.json").unlink()
    with pytest.raises(UserError, match=r"other\.nc\.json says None; restore both files"):
        recollect.load(path)


# --- rebuilt from the official series -------------------------------------------------------


@needs_series
def test_the_dataset_is_rebuilt_value_for_value(rebuilt, dataset):
    xr.testing.assert_identical(rebuilt.transpose(*dataset.dims), dataset.transpose(*dataset.dims))


@needs_series
def test_panels_are_rebuilt_byte_for_byte(rebuilt, tmp_path):
    recollect.write_dataset(rebuilt, tmp_path / "official.nc")
    xr.testing.assert_identical(recollect.load(tmp_path / "official.nc"), recollect.load())
    judged = anchors.summary(anchors.load())
    selections = fingerprints.selections(fingerprints.compute(rebuilt), judged)
    for path in selection.write(rebuilt, selections, tmp_path):
        assert path.read_bytes() == (FOLDER / path.name).read_bytes()


@needs_series
def test_the_codebook_prints_the_typical_errors_of_gaps():
    book = (FOLDER.parent / "codebook.md").read_text(encoding="utf-8")
    errors = gap_errors.table(recollect.read_ingredients())
    assert set(errors["rule"]) == {"interpolated", "extended", "proxy"}
    for row in errors.itertuples():
        assert f"| `{row.series}`, {row.rule} | {row.error:.1f} % |" in book, row.series


@needs_series
def test_series_with_a_hole_are_refused(tmp_path):
    lines = (DIRECTORY / "series.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    hole = "urbanization_rate,census2020_revised,Gansu,"
    kept = [line for line in lines if not (line.startswith(hole) and ",2014," in line)]
    assert len(kept) == len(lines) - 1
    folder = tmp_path / "series"
    folder.mkdir()
    (folder / "series.csv").write_text("".join(kept), encoding="utf-8")
    second.beside(folder).symlink_to(second.beside(DIRECTORY).resolve())
    with pytest.raises(UserError, match=r"urb \(.*\) cannot be computed for Gansu 2014"):
        recollect.build(folder)
