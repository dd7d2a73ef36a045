"""The gate passes a healthy fit and bites on each illness by its name."""

import json

import arviz as az
import numpy as np
import pytest
import xarray as xr

from analysis.posterior.diagnose import CHECKS, COLUMNS, diagnose, failures, numbers, stated
from analysis.posterior.engines import INDEPENDENCE
from analysis.posterior.jobs import NUTS
from analysis.posterior.remedies import REMEDIES, Sampled
from analysis.posterior.trace import GROUPS, NO_PRIOR, write
from data.shared.errors import UserError
from tests.helpers.traces import ATTRIBUTES

CHAINS, DRAWS = 4, 1_000


def healthy() -> tuple[xr.Dataset, xr.Dataset]:
    """Return independent draws of two variables, and the statistics of a sampler at ease."""
    rng = np.random.default_rng(1)
    shape = (CHAINS, DRAWS)
    coords = {"chain": np.arange(CHAINS), "draw": np.arange(DRAWS)}
    posterior = xr.Dataset(
        {
            "slope_std": (("chain", "draw", "term"), rng.normal(size=(*shape, 3))),
            "sigma_std": (("chain", "draw", "sigma_group"), np.exp(rng.normal(size=(*shape, 1)))),
            "derived": (("chain", "draw"), np.zeros(shape)),
        },
        coords,
    )
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.zeros(shape, bool)),
            "maxdepth_reached": (("chain", "draw"), np.zeros(shape, bool)),
            "energy": (("chain", "draw"), rng.normal(size=shape)),
        },
        coords,
        {"sampler": NUTS},
    )
    return posterior, stats


def gate(posterior: xr.Dataset, stats: xr.Dataset) -> list[str]:
    return failures(numbers(posterior, stats, ["slope_std", "sigma_std"]))


def divergence(posterior, stats):
    stats["diverging"][2, 500] = True


def saturated_tree(posterior, stats):
    stats["maxdepth_reached"][0, 3] = True


def stuck_chain(posterior, stats):
    posterior["slope_std"][1, :, 2] = posterior["slope_std"][1, 0, 2]


def shifted_chain(posterior, stats):
    posterior["slope_std"][3, :, 0] += 0.6


def wide_chain(posterior, stats):
    # Equal means, unequal spread: only the folded rank statistic sees it.
    posterior["slope_std"][3, :, 0] *= 3


def sticky_draws(posterior, stats):
    shape = posterior["sigma_std"].shape
    walk = np.random.default_rng(2).normal(size=(CHAINS, DRAWS))
    for draw in range(1, DRAWS):
        walk[:, draw] = 0.9 * walk[:, draw - 1] + np.sqrt(1 - 0.81) * walk[:, draw]
    posterior["sigma_std"][:] = walk.reshape(shape)


def sticky_tails(posterior, stats):
    # Extremes come in one long spell in each chain, either side; the middle mixes well.
    values = posterior["slope_std"].to_numpy()[..., 1]
    posterior["slope_std"][..., 1] = np.clip(values, -1.5, 1.5)
    posterior["slope_std"][:, 200:260, 1] = 3 + np.abs(values[:, 200:260])
    posterior["slope_std"][:, 600:660, 1] = -3 - np.abs(values[:, 600:660])


def slow_energy(posterior, stats):
    stats["energy"][1] = np.cumsum(np.random.default_rng(3).normal(size=DRAWS))


def not_a_number(posterior, stats):
    posterior["slope_std"][0, 10, 0] = np.nan


def divergences_where_sigma_is_large(posterior, stats):
    stats["diverging"][:] = posterior["sigma_std"][..., 0] > 15
    stats.attrs["target_accept"] = 0.99


def energy_of_a_slope(posterior, stats):
    slow_energy(posterior, stats)
    posterior["slope_std"][1, :, 1] += 0.05 * stats["energy"][1]


ILLNESSES = {
    divergence: {"divergences"},
    saturated_tree: {"saturated"},
    stuck_chain: {"r_hat"},
    shifted_chain: {"r_hat"},
    wide_chain: {"r_hat"},
    sticky_draws: {"ess_bulk"},
    sticky_tails: {"ess_tail"},
    slow_energy: {"bfmi"},
    not_a_number: {"r_hat", "ess_bulk", "ess_tail"},
}


def test_a_healthy_fit_passes_with_numbers_by_hand():
    posterior, stats = healthy()
    found = numbers(posterior, stats, ["slope_std", "sigma_std"])
    assert failures(found) == []
    assert list(found) == [check.name for check in CHECKS[NUTS]]
    assert found["divergences"] == found["saturated"] == 0
    energy = stats["energy"].to_numpy()
    bfmi = (np.diff(energy) ** 2).mean(axis=1) / energy.var(axis=1)
    assert found["bfmi"] == pytest.approx(bfmi.min(), rel=0.01)
    assert found["ess_bulk"] == pytest.approx(CHAINS * DRAWS, rel=0.2)


@pytest.mark.parametrize("illness", ILLNESSES, ids=lambda function: function.__name__)
def test_each_illness_is_named(illness):
    posterior, stats = healthy()
    illness(posterior, stats)
    found = gate(posterior, stats)
    assert ILLNESSES[illness] <= set(found)
    if illness in (divergence, saturated_tree, slow_energy):
        assert set(found) == ILLNESSES[illness]


def test_only_free_variables_count():
    posterior, stats = healthy()
    assert "derived" in posterior  # constant: its R̂ is not a number
    assert gate(posterior, stats) == []


def test_bounds_themselves_pass_and_what_is_missing_does_not():
    r_hat, ess, _, divergences, bfmi, _ = CHECKS[NUTS]
    assert r_hat.passes(1.01)
    assert not r_hat.passes(1.0101)
    assert ess.passes(400)
    assert not ess.passes(399)
    assert divergences.passes(0)
    assert not divergences.passes(1)
    assert bfmi.passes(0.3)
    assert not bfmi.passes(0.29)
    every = [check for checks in CHECKS.values() for check in checks]
    assert not any(check.passes(float("nan")) for check in every)


@pytest.mark.parametrize(
    ("scale", "illness"), [(1.5, set()), (0.4, {"k_hat", "distance"}), (60.0, {"acceptance"})]
)
def test_independent_draws_are_judged_by_their_proposals(scale, illness):
    """A standard normal drawn by another: a little wide, too narrow, far too wide."""
    rng = np.random.default_rng(3)
    shape = (12, CHAINS, DRAWS)
    proposed = scale * rng.normal(size=shape)
    log_weight = (proposed / scale) ** 2 / 2 - proposed**2 / 2
    posterior, _ = healthy()
    stats = xr.Dataset({"log_weight": (("step", "chain", "draw"), log_weight)})
    found = gate(posterior, stats.assign_attrs(sampler=INDEPENDENCE))
    assert illness <= set(found)
    assert bool(found) == bool(illness)


def stored(path, spoil=None, says=None):
    """Write a trace, with the gate its draws give or another."""
    posterior, stats = healthy()
    if spoil:
        spoil(posterior, stats)
    values = numbers(posterior, stats, ["slope_std", "sigma_std"])
    posterior.attrs["free_variables"] = "slope_std sigma_std"
    empty = xr.Dataset({"y": ("obs", [0.0])})
    groups = dict.fromkeys(GROUPS, empty) | {"posterior": posterior, "sample_stats": stats}
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    tree.attrs = {
        **ATTRIBUTES,
        "gate": says or ("fail" if failures(values) else "pass"),
        "gate_failed": " ".join(failures(values)),
        "gate_numbers": json.dumps(values),
        NO_PRIOR: "none",
    }
    write(tree, path)
    return path


def test_table_of_stored_traces(tmp_path):
    paths = [stored(tmp_path / "p" / "a.nc"), stored(tmp_path / "p" / "b.nc", divergence)]
    table = diagnose(paths)
    assert list(table.columns) == list(dict.fromkeys(COLUMNS))  # samplers share checks
    assert table["gate"].tolist() == ["pass", "fail"]
    assert table["failed"].tolist() == ["", "divergences"]
    assert table["divergences"].tolist() == [0, 1]
    assert table["column"].tolist() == [ATTRIBUTES["column"]] * 2


@pytest.mark.parametrize(
    ("illness", "parameter", "helps"),
    [
        (stuck_chain, "slope_std[2]", "--tune 2000 --draws 2000"),
        (shifted_chain, "slope_std[0]", "--engine nuts"),
        (sticky_draws, "sigma_std[0]", "--draws"),
        (sticky_tails, "slope_std[1]", "--draws"),
        (not_a_number, "slope_std[0]", "for longer"),
        (divergences_where_sigma_is_large, "sigma_std[0]", "--target-accept 0.995"),
        (energy_of_a_slope, "slope_std[1]", "lighter tails"),
    ],
)
def test_the_parameter_that_fails_is_named_with_what_helps(illness, parameter, helps, tmp_path):
    (row,) = diagnose([stored(tmp_path / "a.nc", illness)]).to_dict("records")
    assert row["gate"] == "fail"
    assert parameter in row["parameter"].split()
    assert helps in row["remedy"]
    (said,) = stated([tmp_path / "a.nc"]).to_dict("records")
    assert said["remedy"] == row["remedy"]


def test_more_draws_are_asked_for_in_proportion_to_what_is_lacking():
    made = Sampled(draws=1000, tune=500, accept=0.95, engine="nuts")
    assert REMEDIES["ess_bulk"].words(200.0, made) == "with more draws (--draws 2500)"
    assert "nuts" not in REMEDIES["divergences"].words(3.0, made)  # it is what was tried
    assert "--engine nuts" in REMEDIES["k_hat"].words(0.9, made)


def test_every_check_has_a_remedy():
    assert set(REMEDIES) == {check.name for checks in CHECKS.values() for check in checks}


@pytest.mark.parametrize(("spoil", "says"), [(None, "fail"), (divergence, "pass")])
def test_a_stored_gate_that_the_draws_contradict_is_an_error(tmp_path, spoil, says):
    path = stored(tmp_path / "doctored.nc", spoil, says)
    with pytest.raises(UserError, match="sample again") as error:
        diagnose([path])
    assert "doctored.nc" in str(error.value)
    assert f"'{says}'" in str(error.value)


def test_the_tail_is_the_outer_5_percent_whatever_a_users_settings_say():
    posterior, stats = healthy()
    expected = numbers(posterior, stats, ["slope_std", "sigma_std"])
    with az.rc_context({"stats.ci_prob": 0.5, "stats.round_to": 1}):
        assert numbers(posterior, stats, ["slope_std", "sigma_std"]) == expected
    free = posterior[["slope_std", "sigma_std"]]
    low, high = (az.ess(free, method="quantile", prob=prob) for prob in (0.05, 0.95))
    worst = min(float(ess[name].min()) for ess in (low, high) for name in free)
    np.testing.assert_allclose(expected["ess_tail"], worst, rtol=1e-12)
    np.testing.assert_allclose(expected["bfmi"], az.bfmi(stats)["energy"].min(), rtol=1e-12)
