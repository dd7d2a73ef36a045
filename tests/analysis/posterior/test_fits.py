"""A model fits if other provinces of its law would look like the data, and not otherwise."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.posterior import fits
from analysis.posterior.predictive_statistics import Rows
from analysis.posterior.sample import shaped
from models.bayesian import growth
from models.bayesian.registry import find
from tests.helpers import growing
from tests.helpers.fits import fit_of

RNG = np.random.default_rng


def panel(n: int = 12, years: int = 10) -> Rows:
    province, year = np.repeat(np.arange(n), years), np.tile(np.arange(years), n)
    region = (province >= n // 2).astype(int)
    x = RNG(1).standard_normal((n * years, 1))
    return Rows(province, year, region, tuple(range(2010, 2010 + years)), ("a", "b"), x,
                (-np.inf, np.inf))  # fmt: skip


def test_lines_hold_all_of_lines_and_the_first_component_all_of_one_path():
    rows = panel()
    steep = RNG(2).standard_normal(12)
    path = RNG(3).standard_normal(10)
    lines = (steep[rows.province] * rows.year)[None]
    found = fits.statistics(lines, rows)
    assert found["lines"][0] == pytest.approx(1, abs=0.9)
    centred = lines - rows.mean_by(rows.province, lines)[:, rows.province]
    assert fits.statistics(centred, rows)["lines"][0] == pytest.approx(1)
    one = fits.statistics((steep[rows.province] * path[rows.year])[None], rows)
    assert one["first component"][0] == pytest.approx(1)
    noise = fits.statistics(RNG(4).standard_normal((1, 120)), rows)
    assert noise["lines"][0] < 0.3
    assert noise["first component"][0] < 0.5
    assert set(found) == {"autocorrelation", "lines", "first component",
                          "residual sd a", "residual sd b"}  # fmt: skip


def test_noise_is_told_from_lines_and_like_data_pass():
    rows, rng = panel(), RNG(5)
    noise = rng.standard_normal(120)
    grown = noise + 0.5 * RNG(6).standard_normal(12)[rows.province] * rows.year

    def like(size: int = 20_000):
        yield rng.standard_normal((size, 120))

    assert fits.verdict(fits.shares(noise, like(), rows)) == "pass"
    beyond = fits.shares(grown, like(), rows)
    assert beyond["lines"] == 0
    assert fits.verdict(beyond) == "fail"


def test_a_single_row_and_waves_that_lie_years_apart_leave_the_verdict_to_the_data():
    rows, rng = panel(), RNG(7)
    waves = replace(rows, years=tuple(range(2000, 2020, 2)))
    noise = rng.standard_normal((1, 120))
    apart = fits.statistics(noise, waves)
    assert apart["autocorrelation"] == fits.statistics(noise, rows)["autocorrelation"]
    kept = np.r_[0, 10:120]
    of_rows = {name: getattr(rows, name)[kept] for name in ("province", "year", "region", "x")}
    single = replace(waves, **of_rows)
    assert all(np.isfinite(v).all() for v in fits.statistics(noise[:, kept], single).values())
    drawn = iter([rng.standard_normal((20_000, 111))])
    shares = fits.shares(rng.standard_normal(111), drawn, single)
    assert fits.verdict(shares) == "pass"
    alone = replace(rows, years=(2000,), year=np.zeros(120, int), province=np.arange(120))
    assert fits.statistics(noise, alone)["autocorrelation"] == 0


def test_the_bound_is_over_all_statistics_and_fits():
    assert pytest.approx(0.05) == fits.TAIL * 2 * 60 * 6
    assert fits.verdict({"lines": 2 * fits.TAIL}) == "pass"
    assert fits.verdict({"lines": 1 - fits.TAIL / 2}) == "fail"


@pytest.mark.parametrize("phi", [growing.PHI, -0.8], ids=["its own data", "another law's"])
def test_growth_fits_its_own_data_and_not_those_of_another_law(phi, monkeypatch):
    monkeypatch.setattr(fits, "LEAST_REPLICATES", 6_000)
    monkeypatch.setattr(fits, "TAIL", 1e-3)
    fitted = fit_of("3.2", "growth")
    parts, rng = fitted.parts, RNG(7)
    scales = {
        "tau_slope_std": np.array([0.3]),
        "tau_slope_province_std": np.full(3, growing.SPREAD_OF_SLOPES),
        "tau_trend_std": np.full(3, growing.SPREAD_OF_GROWTH),
        "sigma_std": np.array([growing.SIGMA[name] for name in parts.design.regions]),
        "phi": np.full(3, growing.PHI),
    }
    y = growing.outcome(parts, 12)
    own = growth.density(parts).with_outcome(y)
    parts = parts.with_outcome(parts.base.centre + parts.scale * y)
    given = own.point(scales | {"phi": np.full(3, phi)})
    drawn = own.draw(np.tile(given, (2, 500, 1)), rng)
    free = shaped(fitted.definition, parts, drawn)
    found = fits.attributes(fitted.model, parts, free, rng)
    assert found[fits.FITS] == ("pass" if phi > 0 else "fail")
    told = json.loads(found[fits.NUMBERS])
    assert set(told) == {fits.NEW, fits.FITTED}
    table = fits.table(found)
    assert table["beyond"].any() == (phi < 0)
    assert not table.loc[table["provinces"] == fits.FITTED, "beyond"].any()


def test_a_model_that_draws_nothing_anew_has_no_verdict():
    fitted = fit_of("3.2", "mundlak")
    found = fits.attributes(find("mundlak"), fitted.parts, {}, RNG(0))
    assert found == {fits.FITS: "", fits.NUMBERS: "{}"}
    assert fits.table(found).empty
    assert fits.table({}).empty
