"""Universes are the estimators' own fits of the panels that they name, in whatever order."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analysis.replication import system_gmm
from analysis.robustness.multiverse import evaluate, fraction, grid
from analysis.robustness.multiverse.evaluate import GRID_FAMILY, Batch, collect, run, write
from analysis.shared import sources
from analysis.shared.outputs import ROOT, read_netcdf
from analysis.specifications import select
from analysis.ye2024.multiverse.choices import GRID, SAMPLE
from analysis.ye2024.multiverse.families import FAMILIES, setting
from data.panels.panel import load_panel
from data.shared.errors import UserError
from models.bayesian import growth
from models.design import design
from models.frequentist import fgls, twfe
from models.frequentist.wild_bootstrap import wild_bootstrap
from models.inference.batched import draw_points
from tests.helpers.clusters import await_workers, scheduler, worker

POSTERIOR, GMM, WILD = FAMILIES


def ways(column: str, **options: str) -> int:
    """Return the batch with those options of rows and estimator, the plainest of the rest."""
    laid = grid.layout(setting(), column)
    wanted = {name: laid.choices[name][0].name for name in laid.whole} | options
    named = [tuple(option.name for option in chosen) for chosen in laid.ways]
    return named.index(tuple(wanted[name] for name in laid.whole))


def one(column: str, options: dict[str, str], **whole: str) -> tuple[np.ndarray, np.ndarray]:
    """Return estimate (term) and se (term, clustering) of one universe."""
    found = grid.run(setting(), column, ways(column, **whole))
    laid = grid.layout(setting(), column)
    made = [name for name in laid.names if name not in laid.whole]
    at = tuple([o.name for o in laid.choices[name]].index(options[name]) for name in made)
    return found["estimate"][at], found["se"][at]


OFFICIAL = {
    "accounts": "as_published, anchors",
    "winsorised": "interest",
    "gap_rule": "growth",
    "tibet": "companion",
    "normalisation": "pooled",
    "controls": "all five",
}
"""The universe that is the panel `official-as_published`."""

PANEL = "official-as_published"


@pytest.mark.parametrize("column", ["3.2", "3.3", "8.1"])
def test_a_universe_is_the_panel_that_it_names(column):
    (record,) = select([column])
    made = design(load_panel(PANEL, record.variables).frame, record)
    fit = twfe.fit(made)
    estimate, se = one(column, OFFICIAL)
    p = len(record.interest)
    np.testing.assert_allclose(estimate, fit.coef[:p], rtol=2e-6)
    np.testing.assert_allclose(se[:, 0], fit.se[:p], rtol=2e-6)
    np.testing.assert_allclose(se[:, 1], fit.se_cluster[:p], rtol=2e-6)
    if column == "3.2":
        arrays = made.y, made.x, made.province, made.year, made.region
        estimate, _ = one(column, OFFICIAL, weights="by region's noise")
        assert estimate[0] == pytest.approx(fgls.slopes(*arrays)[0], rel=2e-6)


def test_a_fraction_and_the_grid_have_the_same_panels():
    """The same options, once through the small matrices and once through a frame."""
    laid = grid.layout(setting(), "3.2")
    (record,) = select(["3.2"])
    wanted = OFFICIAL | {
        "accounts": "census4, national totals",
        "winsorised": "everything",
        "normalisation": "by_year",
        "controls": "without stru",
        "sample": "without municipalities",
    }
    chosen = [
        next(option for option in own if option.name == wanted[name])
        for name, own in laid.choices.items()
        if name in wanted
    ]
    made = fraction.universe(setting(), record, chosen)
    fit = twfe.fit(design(made.frame, made.record))
    estimate, se = one("3.2", wanted, sample="without municipalities")
    assert fit.n == 27 * 13
    assert estimate[0] == pytest.approx(fit.coef[0], rel=2e-6)
    assert se[0, 1] == pytest.approx(fit.se_cluster[0], rel=2e-6)


def test_a_fraction_is_balanced_and_seeded():
    _, codes = fraction.universes(setting(), POSTERIOR, "3.2", seed=1)
    choices, again = fraction.universes(setting(), POSTERIOR, "3.2", seed=1)
    assert np.array_equal(codes, again)
    assert not np.array_equal(codes, fraction.universes(setting(), POSTERIOR, "3.2", seed=2)[1])
    for own, column in zip(choices.values(), codes.T, strict=True):
        times = np.bincount(column, minlength=len(own))
        assert times.max() - times.min() <= 1
    # Choices are in no order with each other.
    assert np.abs(np.corrcoef(codes.T) - np.eye(len(choices))).max() < 0.25


def test_the_best_of_balanced_fractions_tells_main_effects_apart():
    sizes, rng = (2, 3, 4), np.random.default_rng(1)
    one, best = (fraction.balanced(sizes, 24, rng, tries) for tries in (1, 100))
    full = np.array(list(np.ndindex(*sizes)))
    known = [fraction.information(codes, sizes) for codes in (one, best, full)]
    assert known[0] < known[1] <= known[2]  # an orthogonal array has the most
    copied = np.column_stack([full[:, 0], full[:, 0]])
    assert fraction.information(copied, (2, 2)) == -np.inf


@pytest.mark.parametrize("errors", ["independent", "AR(1)", "growth"])
def test_a_posterior_is_that_of_the_models_own_draws(errors):
    """Both by the first fit, from modes, and by one that starts from another universe's."""
    (record,) = select(["8.2"])
    panel = load_panel("official", record.variables)
    (sets,) = [option.sets for option in POSTERIOR.crossed.options if option.name == errors]
    made = fraction.Universe(panel.frame, record, sets)
    later = made._replace(frame=panel.frame[panel.frame["year"] <= 2018])
    rngs = [np.random.default_rng(seed) for seed in range(3)]
    summaries = fraction.posteriors([made, later, made], rngs)
    assert summaries.shape == (3, 1, len(fraction.SUMMARIES))
    parts = growth.split(design(panel.frame, record), **sets)
    density, rng = growth.density(parts), np.random.default_rng(9)
    drawn = density.draw(draw_points(density, 4_000, rng).log_scale, rng)
    expected = growth.slopes(parts, drawn)[:, 0]
    sd = expected.std()
    for mean, low, high, positive, trusted, p in summaries[[0, 2], 0]:
        assert trusted == 1
        assert np.isnan(p)  # what bootstraps have
        assert mean == pytest.approx(expected.mean(), abs=0.2 * sd)
        assert low == pytest.approx(np.quantile(expected, 0.025), abs=0.5 * sd)
        assert high == pytest.approx(np.quantile(expected, 0.975), abs=0.5 * sd)
        assert positive == pytest.approx((expected > 0).mean(), abs=0.08)
        # Four Monte-Carlo errors: the sd of 500 draws is known to 3.5 % where they are normal.
        width = np.diff(np.quantile(expected, [0.025, 0.975]))[0]
        assert high - low == pytest.approx(width, rel=0.15)
    assert summaries[1, 0, 0] != summaries[0, 0, 0]


def test_a_summary_is_that_of_draws_from_every_normal():
    rng = np.random.default_rng(1)
    mean, sd = rng.normal(1, 0.5, (40, 2)), rng.uniform(0.1, 1, (40, 2))
    drawn = (mean + sd * rng.standard_normal((20_000, 40, 2))).reshape(-1, 2)
    expected = [drawn.mean(axis=0), *np.quantile(drawn, [0.025, 0.975], axis=0)]
    found = fraction.summary(mean, sd, True)
    assert found.shape == (2, len(fraction.SUMMARIES))
    np.testing.assert_allclose(found[:, :3].T, expected, atol=0.01)
    np.testing.assert_allclose(found[:, 3], (drawn > 0).mean(axis=0), atol=0.002)
    assert (found[:, 4] == 1).all()


def test_error_structures_are_crossed_with_the_same_universes(monkeypatch):
    asked = []

    def estimate(universes, rngs):
        asked.append(universes)
        return np.zeros((len(universes), 1, len(fraction.SUMMARIES)))

    family = replace(POSTERIOR, size=4, batch=2, estimate=estimate)
    assert fraction.batches(family) == 6
    parts = [fraction.run(setting(), family, "8.2", 1, number) for number in range(6)]
    for at in (2, 4):
        for one_, other in zip(asked[at] + asked[at + 1], asked[0] + asked[1], strict=True):
            assert one_.frame.equals(other.frame)
            assert one_.sets != other.sets
    found = fraction.collect(setting(), family, "8.2", 1, parts)
    assert found["errors"].to_numpy().tolist() == [
        name for name in ("independent", "AR(1)", "growth") for _ in range(4)
    ]
    assert (found["accounts"].to_numpy().reshape(3, 4) == found["accounts"].to_numpy()[:4]).all()


def test_a_posterior_of_few_effective_draws_is_not_trusted(monkeypatch):
    (record,) = select(["8.2"])
    panel = load_panel("official", record.variables)
    (sets,) = [o.sets for o in POSTERIOR.crossed.options if o.name == "AR(1)"]
    made = fraction.Universe(panel.frame, record, sets)
    monkeypatch.setattr(fraction, "LEAST_EFFECTIVE", 1e9)
    assert fraction.posteriors([made], [np.random.default_rng(1)])[0, 0, 4] == 0


def test_universes_of_the_same_data_are_one_regression():
    """Without controls it does not matter whether they are winsorised."""
    laid = grid.layout(setting(), "8.2")
    parts = [grid.run(setting(), "8.2", number) for number in range(len(laid.ways))]
    found = grid.collect(setting(), "8.2", parts)
    bare = found.sel(controls="none", term="indus", clustering="province", normalisation="pooled")
    one_, other = (bare.sel(winsorised=w) for w in ("outcome and interest", "everything"))
    assert (one_["regression"] == other["regression"]).all()
    assert (one_["estimate"] == other["estimate"]).all()
    full = found.sel(controls="all five", normalisation="pooled")
    rows = full["regression"].sel(winsorised=["outcome and interest", "everything"])
    assert len(np.unique(rows)) == rows.size
    # Numbers are the same exactly where the regressions are: estimates are.
    values = found["estimate"].transpose(*found["regression"].dims, "term").to_numpy()
    _, by_value = np.unique(values.reshape(-1, 1), axis=0, return_inverse=True)
    pairs = np.unique(np.column_stack([found["regression"].to_numpy().ravel(), by_value]), axis=0)
    assert len(pairs) == len(np.unique(found["regression"]))


def test_a_wild_bootstrap_is_that_of_the_panel():
    record, single = select(["3.2", "8.2"])
    made = fraction.universe(setting(), record, [SAMPLE.options[0]])
    arrays = design(made.frame, made.record)
    ((coef, low, high, *_, p),) = fraction.wild(made, np.random.default_rng(1))
    fit = twfe.fit(arrays)
    assert coef == fit.coef[0]
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 30) * fit.se_cluster[0])
    assert p == pytest.approx(wild_bootstrap(arrays, 9_999).p[0], abs=0.06)
    few = fraction.universe(setting(), single, [SAMPLE.options[0]])
    assert fraction.wild(few, np.random.default_rng(1)).shape == (1, len(fraction.SUMMARIES))


def test_gmm_is_table_5s_and_what_cannot_be_estimated_is_missing():
    (record,) = select(["5.1"])
    frame = load_panel("official", record.variables).frame
    rng = np.random.default_rng(1)
    lag, slope = fraction.gmm(fraction.Universe(frame, record, {}), rng)
    table = system_gmm.coefficients(system_gmm.fit_column(frame, record))
    assert lag[0] == table.loc["L.y", "coef"]
    assert slope[0] == table.loc["indus", "coef"]
    assert slope[1] < slope[0] < slope[2]
    short = frame[frame["year"] <= 2011]
    assert np.isnan(fraction.gmm(fraction.Universe(short, record, {}), rng)).all()


def test_everything_is_listed_once():
    listed = evaluate.batches(setting())
    assert len(set(listed)) == len(listed)
    families = {(batch.family, batch.column.split(".")[0]) for batch in listed}
    static, dynamic = {"3", "4", "6", "7", "8"}, {"5"}
    assert families == {
        (f, t) for f in (GRID_FAMILY, "posterior", "wild_bootstrap") for t in static
    } | {("gmm", t) for t in dynamic}


@cache
def few():
    """Return a setting in which little is a choice."""
    grid_of_three = [c for c in GRID if c.name in ("accounts", "tibet", "effects")]
    families = tuple(replace(family, size=3, batch=2) for family in FAMILIES)
    return replace(setting(), grid=tuple(grid_of_three), families=families)


@pytest.fixture
def small():
    """The grid of a small column."""
    return [Batch(GRID_FAMILY, "8.2", n) for n in range(len(grid.layout(few(), "8.2").ways))]


def test_an_interrupted_run_goes_on_and_comes_to_the_same(small, tmp_path):
    straight = dict(run(small, few, 1, tmp_path / "a" / "hash", workers=1))
    first = run(small[::-1], few, 1, tmp_path / "b" / "hash", workers=1)
    next(first)
    first.close()
    asked = []

    def counted(batch, **how):
        asked.append(batch)
        return evaluate.run_batch(batch, **how)

    goes_on = dict(run(small, few, 1, tmp_path / "b" / "hash", workers=1, estimate=counted))
    assert len(asked) == len(small) - 1
    one_, other = (
        collect(small, done, few(), 1, tmp_path / "hash") for done in (straight, goes_on)
    )
    assert one_.identical(other)


def test_the_file_is_selected_by_choice_and_its_batches_go(small, tmp_path):
    folder = tmp_path / "multiverse" / "hash"
    tree = collect(small, dict(run(small, few, 1, folder, workers=1)), few(), 1, folder)
    path = tmp_path / evaluate.FILE
    write(tree, path, folder)
    assert list(tmp_path.iterdir()) == [path]
    assert read_netcdf(path).identical(tree)
    assert evaluate.current(path, folder).identical(tree)
    assert evaluate.current(path, folder.with_name("other code")) is None
    own = xr.load_dataset(path, group=f"{GRID_FAMILY}/8.2")
    assert own["estimate"].dims == ("accounts", "tibet", "effects", "term")
    chosen = own.sel(accounts="census5", tibet="neighbour", effects="province trends")
    assert chosen["estimate"].dtype == np.float32
    assert chosen["se"].sel(clustering="province", term="indus") > 0
    assert chosen["critical"].sel(clustering="province") == pytest.approx(2.365, abs=1e-3)


def test_batches_are_kept_by_the_code_that_makes_them_the_data_and_the_seed(tmp_path):
    before = evaluate.folder_of(tmp_path, setting, 1)
    assert evaluate.folder_of(tmp_path, setting, 1) == before
    assert evaluate.folder_of(tmp_path, setting, 2) != before
    other = replace(setting(), dataset_sha256="0" * 64)

    def with_other_data():
        return other

    with_other_data.__module__ = setting.__module__
    assert evaluate.folder_of(tmp_path, with_other_data, 1) != before
    files = {str(path.relative_to(ROOT)) for path in sources.closure(*evaluate.code_of(setting))}
    assert {
        "analysis/ye2024/multiverse/choices.py",
        "analysis/robustness/multiverse/fraction.py",
        "models/frequentist/twfe_batch.py",
        "models/bayesian/growth.py",
        "data/ye2024/recollect.py",
    } <= files
    # What is made of the universes later, and what is printed, leaves them alone.
    later = ("analysis/comparison/", "analysis/reporting/", "data/published/")
    assert not [name for name in files if name.startswith(later)]
    names = {name.rpartition("/")[2] for name in files if "multiverse" in name}
    assert names.isdisjoint({"summarise.py", "draw.py"})


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"multiverse\.nc is missing: run"):
        read_netcdf(tmp_path / evaluate.FILE)
    (tmp_path / evaluate.FILE).write_bytes(b"no NetCDF")
    with pytest.raises(UserError, match="cannot be read as NetCDF"):
        read_netcdf(tmp_path / evaluate.FILE)


@pytest.mark.trust
def test_a_cluster_comes_to_the_same(tmp_path):
    listed = [Batch(GRID_FAMILY, "8.2", 0), Batch(GMM.name, "5.3", 0), Batch("posterior", "8.2", 1)]
    list(run(listed, few, 1, tmp_path / "here", workers=1))
    with scheduler(tmp_path) as address, worker(address):
        await_workers(address)
        list(run(listed, few, 1, tmp_path / "there", cluster=address))
    for batch in listed:
        here, there = (dict(np.load(tmp_path / name / batch.name)) for name in ("here", "there"))
        assert here.keys() == there.keys()
        for name, values in here.items():
            np.testing.assert_array_equal(values, there[name])
