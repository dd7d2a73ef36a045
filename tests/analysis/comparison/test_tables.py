"""Tables read off traces: each number by hand, on traces that the test makes up."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.comparison import coefficients, ladder, regions, tables, turning_points
from analysis.posterior import trace
from analysis.specifications import SPECIFICATIONS, published_column, select
from models.bayesian.registry import LADDER
from models.priors import REGULARISED
from tests.helpers.results import comparison, replication

REGIONS = ["east", "central", "west"]
RNG = np.random.default_rng(0)
SHAPE = (2, 500)


def made_up(
    column: str = "3.2",
    terms: tuple[str, ...] = ("indus", "fin"),
    varying: tuple[str, ...] = ("indus",),
    by_region=((0.3, 0.1, -0.1),),
    model: str = "hierarchical",
    panel: str = "official",
    noise: float = 0.01,
) -> xr.DataTree:
    """Return a trace with given region slopes; two provinces of each region, three years."""
    slope = np.array(by_region) + noise * RNG.normal(size=(*SHAPE, len(varying), 3))
    centre = slope.mean(axis=-1)
    all_terms = np.concatenate([centre, RNG.normal(size=(*SHAPE, len(terms) - len(varying)))], -1)
    draws = ("chain", "draw")
    coords = {"term": list(terms), "varying": list(varying), "region": REGIONS}
    posterior = xr.Dataset(
        {
            "slope": ((*draws, "term"), all_terms),
            "slope_region": ((*draws, "varying", "region"), slope),
            "slope_common": ((*draws, "pooled"), centre),
            "slope_std": ((*draws, "coefficient"), all_terms),
            "tau_slope_std": ((*draws, "pooled"), 0.1 * np.abs(RNG.normal(size=centre.shape))),
        },
        coords | {"pooled": list(varying)},
    )
    prior = posterior.copy()
    prior["tau_slope_std"] = (
        (*draws, "pooled"),
        0.5 * np.abs(RNG.normal(size=centre.shape)),
    )
    at_zero = xr.Dataset(
        {
            "prior": ("term", np.log(np.full(len(terms), 0.2))),
            "posterior": ("term", np.log(np.full(len(terms), 0.1))),
            "prior_region": (("varying", "region"), np.log(np.full((len(varying), 3), 0.2))),
            "posterior_region": (("varying", "region"), np.log(np.full((len(varying), 3), 0.8))),
        },
        coords,
    )
    province, year = (codes.ravel() for codes in np.indices((6, 3)))
    within = RNG.normal(size=(18, len(terms)))
    data = xr.Dataset(
        {
            "x": (("obs", "term"), within + province[:, None]),
            "row_province": ("obs", np.array(list("abcdef"))[province].astype(object)),
            "row_year": ("obs", 2010 + year),
            "row_region": ("obs", np.repeat(REGIONS, 6).astype(object)),
        },
        {"term": list(terms)},
    )
    groups = {
        "posterior": posterior,
        "prior": prior,
        "density_at_zero": at_zero,
        "constant_data": data,
        "observed_data": xr.Dataset({"y": ("obs", RNG.normal(size=18))}),
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "panel": panel,
        "column": column,
        "model": model,
        "gate": "pass",
        "fitted_as": "",
        "priors": REGULARISED.to_json(),
    }
    return tree


def test_slopes_are_compared_with_their_column_and_3_2s_regions_with_table_8():
    found = pd.DataFrame(coefficients.rows(made_up()), columns=coefficients.COLUMNS)
    assert list(zip(found["column"], found["term"], strict=True)) == [
        ("3.2", "indus"),
        ("3.2", "fin"),
        ("8.1", "indus"),
        ("8.2", "indus"),
        ("8.3", "indus"),
    ]
    assert found["published"].tolist() == [0.105, -0.006, 0.312, -0.047, -0.083]
    assert (found["fitted_column"] == "3.2").all()
    assert found["mean"].iloc[2:].tolist() == pytest.approx([0.3, 0.1, -0.1], abs=0.005)
    assert found["bf10"].tolist() == pytest.approx([2, 2, 0.25, 0.25, 0.25])
    assert found["bf10_prior"].unique().tolist() == [
        "slope_std ~ Normal(0, 2.5); tau_slope_std ~ HalfNormal(0, 0.5)"
    ]


@pytest.mark.parametrize("column", ["3.1", "4.1", "5.1", "6.3"])
def test_region_slopes_of_another_regression_are_not_in_table_8(column):
    found = coefficients.rows(made_up(column, ("indus",)))
    assert {row["column"] for row in found} == {column}
    assert [row["region"] for row in regions.region_slopes(made_up(column, ("indus",)))] == REGIONS


def test_region_of_practical_equivalence_is_in_within_standard_deviations():
    tree = made_up()
    data = tree["constant_data"]
    frame = pd.DataFrame({"y": tree["observed_data"]["y"], "x": data["x"].sel(term="indus")})
    frame["province"], frame["year"] = data["row_province"], data["row_year"]
    by = {name: frame.groupby(name)[["y", "x"]].transform("mean") for name in ("province", "year")}
    within = frame[["y", "x"]] - by["province"] - by["year"] + frame[["y", "x"]].mean()
    unit = within["y"].std() / within["x"].std()
    row = coefficients.rows(tree, rope=0.25)[0]
    assert row["rope"] == pytest.approx(0.25 * unit)
    draws = tree["posterior"]["slope"].sel(term="indus").to_numpy()
    assert row["p_rope"] == np.mean(np.abs(draws) < 0.25 * unit)


def test_pooling_factor_is_0_where_regions_are_known_and_1_where_they_are_not_told_apart():
    apart = coefficients.rows(made_up(noise=1e-4))[0]["pooling_factor"]
    alike = coefficients.rows(made_up(by_region=((0.1, 0.1, 0.1),)))[0]["pooling_factor"]
    assert apart == pytest.approx(0, abs=1e-4)
    assert alike == pytest.approx(1, abs=0.02)
    half = made_up(by_region=((0.1, 0.0, -0.1),), noise=0.1)  # both variances 2/3 · 0.01
    deviation = half["posterior"]["slope_region"] - half["posterior"]["slope_common"].rename(
        pooled="varying"
    )
    between = deviation.mean(("chain", "draw")).var("region")
    total = deviation.var("region").mean(("chain", "draw"))
    expected = float((1 - between / total).squeeze())
    assert coefficients.rows(half)[0]["pooling_factor"] == pytest.approx(expected)
    assert 0.4 < expected < 0.6


@pytest.mark.parametrize(
    ("panel", "model", "expected"),
    [
        ("official", "flat", "evidence"),
        ("own-mine", "hierarchical", "evidence"),
        ("implied", "flat", "solver check"),
        ("implied", "hierarchical", "implied"),
    ],
)
def test_agreement_on_a_reconstruction_is_no_evidence(panel, model, expected):
    attrs = {"panel": panel, "model": model}
    assert coefficients.interpret(attrs) == expected
    assert coefficients.interpret(attrs | {"variant": "tight"}) == "variant"


def test_differences_have_the_published_ones_beside_them():
    found = {(r["first"], r["second"]): r for r in regions.differences(made_up())}
    assert set(found) == {("east", "central"), ("east", "west"), ("central", "west")}
    row = found["east", "west"]
    assert row["mean"] == pytest.approx(0.4, abs=0.005)
    assert row["p_positive"] == 1
    assert row["published"] == pytest.approx(0.312 + 0.083)
    assert row["published_se"] == pytest.approx(np.hypot(0.103, 0.018))
    assert "published" not in regions.differences(made_up("4.1", ("indus",)))[0]


def test_orders_of_the_regions_add_up_to_one():
    found = {row["order"]: row["probability"] for row in regions.orders(made_up())}
    assert found["east > central > west"] == 1
    assert len(found) == 6
    mixed = regions.orders(made_up(by_region=((0.2, 0.2, -0.5),)))
    share = {row["order"]: row["probability"] for row in mixed}
    assert sum(share.values()) == pytest.approx(1)
    assert share["east > central > west"] == pytest.approx(0.5, abs=0.06)


def test_of_many_regions_the_orders_that_occur_are_listed(monkeypatch):
    names = [f"r{i:02d}" for i in range(12)]
    slopes = np.arange(12.0)[:, None, None] + 0.6 * RNG.normal(size=(12, *SHAPE))
    by_region = {"indus": dict(zip(names, slopes, strict=True))}
    monkeypatch.setattr(regions, "_by_region", lambda tree: by_region)
    found = regions.orders(made_up())
    probabilities = [row["probability"] for row in found]
    assert sum(probabilities) == pytest.approx(1)
    assert probabilities == sorted(probabilities, reverse=True)
    assert 1 < len(found) <= np.prod(SHAPE)
    falling = np.argsort(-slopes.reshape(12, -1)[:, 7])
    assert " > ".join(names[i] for i in falling) in {row["order"] for row in found}


def test_scales_set_prior_and_posterior_side_by_side():
    (row,) = regions.scales(made_up())
    assert (row["scale"], row["element"]) == ("tau_slope_std", "indus")
    assert row["prior_q50"] == pytest.approx(0.5 * 0.674, rel=0.1)
    assert row["sd_ratio"] == pytest.approx(0.2, rel=0.1)
    assert 0.2 < row["overlap"] < 0.6
    same = RNG.normal(size=100_000)
    assert regions.overlap(same, RNG.normal(size=100_000)) == pytest.approx(1, abs=0.01)
    assert regions.overlap(same, same + 100) == pytest.approx(1 / regions.BINS)


def test_each_element_of_a_scale_of_two_dims_keeps_its_own_label_and_numbers():
    """As a system's residual scales have them, an outcome and a region each."""
    tree, outcomes = made_up("7.1", ("indus",), model="joint"), ["M_cap", "M_lab"]
    factor = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    normal = {group: np.exp(RNG.normal(size=(*SHAPE, 1, 1))) for group in ("prior", "posterior")}
    coords = {"outcome": outcomes, "sigma_group": REGIONS}
    for group, by in (("prior", 10 * factor), ("posterior", factor)):
        own = (("chain", "draw", "outcome", "sigma_group"), by * normal[group])
        tree[group] = tree[group].to_dataset().assign(sigma_std=own).assign_coords(coords)
    found = {r["element"]: r for r in regions.scales(tree) if r["scale"] == "sigma_std"}
    assert list(found) == [f"{outcome} {region}" for outcome in outcomes for region in REGIONS]
    middle = {group: np.median(normal[group]) for group in normal}
    assert [row["prior_q50"] for row in found.values()] == pytest.approx(
        10 * middle["prior"] * factor.ravel()
    )
    assert [row["posterior_q50"] for row in found.values()] == pytest.approx(
        middle["posterior"] * factor.ravel()
    )
    ratio = normal["posterior"].std() / normal["prior"].std() / 10
    assert [row["sd_ratio"] for row in found.values()] == pytest.approx([ratio] * 6)


def test_a_turning_point_is_counted_draw_by_draw():
    slope, curvature = np.array([-2.0, -2.0, 2.0, 1.0]), np.array([1.0, 0.1, -1.0, -1.0])
    found = turning_points.turning_point(slope, curvature, 0.8, 2.0)  # at 1, 10, 1 and 0.5
    assert found["p_minimum"] == 0.5
    assert found["p_inside"] == 0.5
    assert (found["p_inside_minimum"], found["p_inside_maximum"]) == (0.25, 0.25)
    assert found["q50"] == 1.0


def test_turning_points_are_of_regions_and_of_the_average():
    tree = made_up(
        "3.3",
        ("indus", "indus2"),
        ("indus", "indus2"),
        ((-0.2, -0.4, -0.6), (0.1, 0.1, 0.1)),
        noise=1e-5,
    )
    found = {row["region"]: row for row in turning_points.rows(tree)}
    assert {name: row["q50"] for name, row in found.items()} == pytest.approx(
        {"all": 2, "east": 1, "central": 2, "west": 3}, rel=1e-3
    )
    x = tree["constant_data"]["x"].sel(term="indus").to_numpy()
    assert (found["west"]["low"], found["west"]["high"]) == (x[12:].min(), x[12:].max())
    printed = coefficients.published_slopes().loc["3.3"]["coef"]
    assert found["all"]["published"] == pytest.approx(-printed["indus"] / (2 * printed["indus2"]))
    assert turning_points.rows(made_up()) == []


def test_the_ladder_names_the_step_that_moves_most():
    compared = comparison()
    own = (compared["column"] == "3.2") & (compared["fitted_column"] == "3.2")
    means = dict.fromkeys(LADDER, 0.06) | {"mundlak": 0.21, "region_sigma": 0.01}
    for model, mean in means.items():
        compared.loc[own & (compared["model"] == model), "mean"] = mean
    steps = ladder.table(replication(), compared)
    rows = steps[steps["column"] == "3.2"]
    assert rows["step"].tolist() == ["TWFE", *LADDER]
    assert rows["move"].iloc[1:4].tolist() == pytest.approx([0.01, -0.2, 0.05])
    assert rows["move_in_published_se"].iloc[2] == pytest.approx(-0.2 / 0.031)
    assert rows["step"][rows["moves_most"] == "yes"].tolist() == ["region_sigma"]
    assert ladder.summary(steps).to_dict("records") == [
        {"panel": "official"} | dict.fromkeys(LADDER, 0) | {"region_sigma": 1}
    ]
    alone = steps[steps["column"] == "8.1"]
    assert alone["step"].tolist() == ["TWFE", "mundlak"]
    assert (alone["moves_most"] == "").all()


def test_every_table_is_made_and_keeps_its_contract(tmp_path, monkeypatch):
    monkeypatch.setattr(trace, "breaches", lambda _: [])
    path = tmp_path / "trace.nc"
    trace.write(made_up(), path)
    found = tables.make([path], rope=0.2)
    assert {name: tuple(frame.columns) for name, frame in found.items()} == {
        table.name: table.columns for table in tables.TABLES
    }
    assert len(found["comparison"]) == 5
    wide = tables.side_by_side(found["comparison"], "hierarchical")
    assert wide["column"].tolist() == ["3.2", "3.2", "8.1", "8.2", "8.3"]
    assert "agrees" in wide["official"].iloc[2]


def test_3_2_alone_is_table_8s_regression():
    pairs = {
        (record.column, region): published_column(record, region)
        for record in SPECIFICATIONS
        for region in REGIONS
    }
    assert {pair: column for pair, column in pairs.items() if column} == {
        ("3.2", "east"): "8.1",
        ("3.2", "central"): "8.2",
        ("3.2", "west"): "8.3",
    }
    assert published_column(select(["8.1"])[0], "") == "8.1"


def test_rungs_have_size_and_coverage_from_the_first_study_that_has_them():
    """Of the slope over all rows in the cells that decide, comparators in the same cells."""
    cells = [("growth", "deciding"), ("twfe", ""), ("ar1", "deciding")]
    rows = [
        {"panel": "official@1", "column": "3.2", "generator": generator, "slopes": slopes,
         "estimand": estimand, "method": method,
         "role": role if generator == "swap" or not role else "confirming",
         "coverage": covered - 0.5 * (generator != "swap") - 0.2 * (estimand != "slope")}
        for method, role in cells
        for generator in ("swap", "own_scale")
        for slopes, covered in (("none", 0.9), ("region", 0.8), ("unequal", 0.7))
        for estimand in ("slope", "east")
    ]  # fmt: skip
    screen = pd.DataFrame(rows)
    last = screen[screen["method"] == "growth"].assign(coverage=0.95)
    found = ladder.scores([last, screen]).set_index("step")
    expected = {"TWFE": (0.1, 0.75)} | ({"growth": (0.05, 0.95)} if "growth" in LADDER else {})
    assert set(found.index) == set(expected)
    for step, values in expected.items():
        assert found.loc[step, ["size", "coverage"]].tolist() == pytest.approx(values)
    assert ladder.scores([]).empty
