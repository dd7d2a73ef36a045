"""Every distinct universe has one posterior; together they say what each of them says."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from analysis.robustness.multiverse import all_summary, all_universes, evaluate, fraction
from analysis.robustness.multiverse.all_universes import batches, collect
from analysis.robustness.multiverse.counting import distinct
from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.robustness.multiverse.structures import PRIOR
from analysis.shared.products import find
from analysis.specifications import select
from analysis.ye2024.multiverse.families import FAMILIES, setting
from data.shared.errors import UserError
from models.design import design
from models.frequentist import twfe
from tests.helpers.clusters import await_workers, scheduler, worker

COLUMN = "8.2"
SHAPE = {"winsorised": 4, "gap_rule": 3, "controls": 3}
DISTINCT = 24
"""Winsorising moves no outcome of these provinces, and without controls the regressor alone."""


@cache
def toy():
    """Return a setting in which 36 combinations of options are 24 universes."""
    posterior = FAMILIES[0]
    few = tuple(c for c in posterior.choices if c.name in (*SHAPE, PRIOR.name))
    return replace(setting(), families=(replace(posterior, choices=few, size=12, batch=12),))


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(fraction, "DRAWS", 50)
    monkeypatch.setattr(all_universes, "SIZE", 9)


def test_each_distinct_universe_is_fitted_once(few_draws):
    found = distinct(toy(), COLUMN)
    assert dict(zip(found.choices, found.number.shape, strict=True)) == SHAPE
    seen = []

    def estimate(universes, rngs):
        seen.extend(universes)
        numbers = [float(len(seen) - len(universes) + i) for i in range(len(universes))]
        return np.tile(np.array(numbers)[:, None, None], (1, 1, len(fraction.SUMMARIES)))

    stubbed = replace(toy(), families=(replace(toy().families[0], estimate=estimate),))
    listed = [b for b in batches(stubbed, [COLUMN]) if b.family == "growth"]
    assert len(listed) == 3  # of nine, nine and six
    done = dict(all_universes.run_batch(batch, lambda: stubbed, 1) for batch in listed)
    data = {(u.record.terms, u.frame.to_csv(index=False)) for u in seen}
    assert len(seen) == len(data) == DISTINCT
    # Each combination has the fit of its own data.
    tree = collect(listed, done, stubbed, 1, Path("hash"))
    fits = tree[f"growth/{COLUMN}"].to_dataset()
    (record,) = select([COLUMN])
    for at in np.ndindex(found.number.shape):
        chosen = [options[i] for options, i in zip(found.choices.values(), at, strict=True)]
        own = fraction.universe(stubbed, record, chosen)
        fitted = seen[int(fits["estimate"].to_numpy()[(*at, 0)])]
        assert own.frame.equals(fitted.frame)
        assert own.record == fitted.record


def test_an_interrupted_run_goes_on_and_comes_to_the_same(tmp_path, few_draws):
    asked = []

    def counted(batch, **how):
        asked.append(batch)
        return all_universes.run_batch(batch, **how)

    listed = batches(toy(), [COLUMN])
    assert {b.family for b in listed} == {"independent", "growth", GRID_FAMILY}
    run = partial(evaluate.run, load=toy, seed=1, workers=1, estimate=counted)
    straight = dict(run(listed, folder=tmp_path / "a" / "hash"))
    first = run(listed[::-1], folder=tmp_path / "b" / "hash")
    next(first), next(first)
    first.close()
    asked.clear()
    goes_on = dict(run(listed, folder=tmp_path / "b" / "hash"))
    assert len(asked) == len(listed) - 2
    one, other = (
        collect(listed, done, toy(), 1, tmp_path / "hash") for done in (straight, goes_on)
    )
    assert one.identical(other)
    path = tmp_path / all_universes.FILE
    evaluate.write(one, path, tmp_path / "b" / "hash")
    assert evaluate.current(path, tmp_path / "hash").identical(one)
    least_squares = one[f"{GRID_FAMILY}/{COLUMN}"].to_dataset()
    plain = least_squares.sel(winsorised="interest", gap_rule="growth", controls="all five")
    (record,) = select([COLUMN])
    chosen = {"winsorised": "interest", "gap_rule": "growth", "controls": "all five"}
    options = [
        next(o for o in listed_ if o.name == chosen[name])
        for name, listed_ in distinct(toy(), COLUMN).choices.items()
    ]
    fit = twfe.fit(design(fraction.universe(toy(), record, options).frame, record))
    assert plain["estimate"].sel(term="indus") == pytest.approx(fit.coef[0], rel=1e-6)
    half = 2.364624 * fit.se_cluster[0]  # Student t of seven degrees of freedom
    assert plain["high"].sel(term="indus") == pytest.approx(fit.coef[0] + half, rel=1e-5)


def test_a_universe_has_the_fractions_own_posterior():
    """The first of a batch starts from its own modes, as it does alone."""
    (batch, *_) = [b for b in batches(toy(), [COLUMN]) if b.family == "independent"]
    _, found = all_universes.run_batch(batch, toy, 1)
    (record,) = select([COLUMN])
    sets = all_universes.structures(toy())["independent"].sets
    options = all_universes.options(distinct(toy(), COLUMN), 0)
    own = fraction.universe(toy(), record, options)._replace(sets=sets)
    (alone,) = fraction.posteriors([own], [np.random.default_rng(5)])
    sd = (alone[0, 2] - alone[0, 1]) / 4
    np.testing.assert_allclose(found["summary"][0, 0, :3], alone[0, :3], atol=0.3 * sd)


def test_the_fractions_places_are_its_own_universes():
    family, found = toy().families[0], distinct(toy(), COLUMN)
    choices, codes = fraction.universes(toy(), family, COLUMN, 1)
    assert list(choices) == [*found.choices, PRIOR.name]
    at = np.unravel_index(all_universes.drawn(toy(), COLUMN, 1), found.number.shape)
    np.testing.assert_array_equal(np.column_stack(at), codes[:, : len(SHAPE)])


def test_another_code_or_another_list_of_columns_has_another_folder(tmp_path):
    folders = {
        all_universes.folder_of(tmp_path, setting, 1, columns) for columns in (["8.1"], ["8.2"])
    }
    assert len({*folders, evaluate.folder_of(tmp_path, setting, 1)}) == 3


def test_a_change_of_its_modules_makes_its_tables_stale():
    code = find("multiverse_all").code
    assert {all_universes.__name__, all_summary.__name__} <= set(code)


def test_without_either_error_structure_it_is_refused():
    with pytest.raises(UserError, match="name neither"):
        all_universes.structures(replace(toy(), families=()))


@pytest.mark.trust
def test_a_cluster_comes_to_the_same(tmp_path):
    listed = batches(toy(), [COLUMN])
    run = partial(evaluate.run, listed, toy, 1, estimate=all_universes.run_batch)
    list(run(tmp_path / "here", workers=1))
    with scheduler(tmp_path) as address, worker(address):
        await_workers(address)
        list(run(tmp_path / "there", cluster=address))
    for batch in listed:
        here, there = (dict(np.load(tmp_path / name / batch.name)) for name in ("here", "there"))
        np.testing.assert_array_equal(here["summary"], there["summary"])
