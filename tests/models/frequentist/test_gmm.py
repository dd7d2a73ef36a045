"""Difference and system GMM against Stata's xtabond2, pyxtabond2 and what theory says."""

import json
import tracemalloc
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.shared.errors import UserError
from models.frequentist.gmm import Gmm, GmmFit, GmmSpecification, Iv, fit
from models.frequentist.gmm import arrays as gathering
from models.frequentist.gmm.arrays import arrays
from models.frequentist.gmm.estimation import (
    moment_covariance,
    moments,
    robust_covariance,
    step,
    windmeijer,
)
from models.frequentist.gmm.grid import grid, with_lags
from models.frequentist.gmm.matrix import InstrumentMatrix
from models.frequentist.gmm.moment_tests import serial_correlation, stationarity_derivative
from models.frequentist.gmm.problem import prepare, row_root
from models.frequentist.gmm.records import TRANSFORMS, parse_term, terms
from tests.helpers import array_namespace

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT.parent / "shared" / "reference"
PANELS = sorted((ROOT / "data" / "panels").glob("*.csv"))

# --- xtabond2 -----------------------------------------------------------------------------------

EXACT = 1e-9
"""Relative, where the reference has all of a double's digits."""

SMALL_BEFORE_2010 = {
    "R09_nwk_diff_1step_robust_small",
    "R09_BB98_sys_1step_robust_small",
    "PG_sys_2step_wc_small",
}
"""`small` standard errors of logs of that time are up to 2.5e-5 off today's, relative to their
size, and the F of a system is that of the slopes without the constant."""

REVISED = {("R09_BB98_sys_1step_robust_small", "sargan"): 157.535}
"""xtabond2 has since changed the denominator of the error variance: 186.90 was printed."""

SPREAD = {"coef": 6, "se": 6, "ar1p": 3, "ar2p": 3, "hansenp": 3, "excl_p": 3, "diff_p": 3}
"""Decimals that are printed at least (trailing zeros are not in the file); 2 for the others."""


def references() -> dict[str, dict]:
    if not REFERENCE.exists():
        return {}
    return json.loads((REFERENCE / "gmm_reference.json").read_text("utf-8"))["reference"]


def specification(record: dict) -> GmmSpecification:
    return GmmSpecification(
        outcome="n",
        regressors=tuple(record["X"]),
        gmm=tuple(
            Gmm(
                tuple(each["vars"]),
                tuple(each["lag"]),
                each.get("collapse", False),
                each.get("eq", "both"),
            )
            for each in record.get("gmm", [])
        ),
        iv=tuple(Iv(tuple(each["vars"]), each.get("eq", "both")) for each in record.get("iv", [])),
        system=record.get("system", False),
        transform="deviations" if record.get("fod") else "difference",
        steps=2 if record.get("twostep") else 1,
        robust=record.get("robust", True),
        small=record.get("small", False),
        h=record.get("h", 3),
    )


def abdata(dropped: bool = False) -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "abdata.csv")
    return frame[~((frame["year"] == 1980) & (frame["id"] % 3 == 0))] if dropped else frame


def tolerance(printed: float, statistic: str) -> float:
    """Half a unit of the last printed digit, or `EXACT` where nothing was rounded."""
    digits = len(f"{printed!r}".replace(".", "").replace("-", "").lstrip("0"))
    if digits >= 11 or "e" in repr(printed):
        return EXACT * abs(printed)
    decimals = len(repr(printed).partition(".")[2])
    # 2 % more: a coefficient 0.02316745084 (in 40-digit arithmetic) was printed as 0.0231674.
    return 0.51 * 10.0 ** -max(decimals, SPREAD.get(statistic, 2))


def statistics(result: GmmFit) -> dict[str, float]:
    """Every printed statistic of a fit, under the reference's names."""
    first, second = result.serial_correlation
    found = {
        "N": result.n,
        "N_g": result.n_groups,
        "g_min": result.rows_per_group[0],
        "g_avg": result.rows_per_group[1],
        "g_max": result.rows_per_group[2],
        "j": len(result.instruments),
        "ar1": first.z,
        "ar1p": first.p,
        "ar2": second.z,
        "ar2p": second.p,
        "sargan": result.sargan.statistic,
        "sar_df": result.sargan.df,
        "sarganp": result.sargan.p,
        "chi2": result.wald.statistic,
        "chi2p": result.wald.p,
        "df_m": result.wald.df,
        "wald_chi2": result.wald.statistic,
        "wald_df": result.wald.df,
        "sig2": result.sigma2,
        "sigma": np.sqrt(result.sigma2),
    }
    if result.hansen is not None:
        found["hansen"], found["hansen_df"] = result.hansen
        found["hansenp"] = result.hansen.p
    return found


def slopes_f(result: GmmFit) -> float:
    slopes = [i for i, term in enumerate(result.terms) if term != "const"]
    coef, covariance = result.coef[slopes], result.covariance[np.ix_(slopes, slopes)]
    return coef @ np.linalg.solve(covariance, coef) / len(slopes)


def by_label(result: GmmFit, label: str):
    """Find a difference-in-Hansen test by the reference's short label."""
    wanted = {"gmm levels": "GMM instruments for levels"}.get(label, label.split("(")[0])
    found = [test for test in result.differences if test.label.startswith(wanted)]
    if label.startswith(("gmm(", "iv(k)")):
        found = [test for test in found if test.label.split(",")[0] == label.split(",")[0]]
    (test,) = found
    return test


@pytest.mark.skipif(
    not REFERENCE.exists(),
    reason="reads panels and estimates of other programs from elsewhere: no clone has them",
)
@pytest.mark.parametrize("name", references())
def test_xtabond2(name):
    record = references()[name]
    result = fit(abdata("dropped" in record["data"]), specification(record["spec"]), "id", "year")
    table = result.table().rename(index={"const": "_cons"})
    printed, old = record["stats"], name in SMALL_BEFORE_2010
    assert set(table.index) == set(record["coef"])
    for term, value in record["coef"].items():
        assert abs(table["coef"][term] - value) <= tolerance(value, "coef"), term
    for term, value in record["se"].items():
        allowed = tolerance(value, "se") + (2.5e-5 * value if old else 0)
        assert abs(table["se"][term] - value) <= allowed, term
    for statistic, value in printed.items():
        own = statistics(result).get(statistic)
        value = REVISED.get((name, statistic), value)
        if statistic == "F":
            assert abs(slopes_f(result) - value) <= 0.005 + 6e-5 * value
        elif statistic == "F_df":
            assert [result.wald.df, result.df] == value
        elif statistic == "diff_hansen":
            for label, test in value.items():
                same_difference(by_label(result, label), test)
        elif value is None:
            assert np.isnan(own)
        elif statistic in ("sargan", "hansen") and printed.get("sar_df") == 0:
            assert own < 1e-20
        elif own is not None:
            assert abs(own - value) <= tolerance(float(value), statistic), statistic


def same_difference(test, printed: dict) -> None:
    own = {
        "excl": test.excluding.statistic,
        "excl_df": test.excluding.df,
        "excl_p": test.excluding.p,
        "diff": test.difference.statistic,
        "diff_df": test.difference.df,
        "diff_p": test.difference.p,
    }
    for key, value in printed.items():
        assert abs(own[key] - value) <= tolerance(float(value), key), key


# --- pyxtabond2 ---------------------------------------------------------------------------------


def simulated(seed: int = 1, n: int = 60, t: int = 8, missing: float = 0.0) -> pd.DataFrame:
    """A stationary panel `unit, year, y, x, z, block`: x predetermined, z exogenous."""
    rng = np.random.default_rng(seed)
    effect, z = rng.normal(size=n), rng.normal(size=(t + 20, n))
    x, y = np.zeros((t + 20, n)), np.zeros((t + 20, n))
    for s in range(1, t + 20):
        x[s] = 0.5 * x[s - 1] + 0.3 * effect + 0.2 * y[s - 1] + rng.normal(size=n)
        noise = rng.normal(size=n) * (1 + 0.5 * (effect > 0))
        y[s] = 0.5 * y[s - 1] + effect + 0.5 * x[s] - 0.3 * z[s] + noise
    year, unit = (codes.ravel() for codes in np.indices((t, n)))
    columns = {"unit": unit, "year": 2000 + year, "block": unit % 20}
    frame = pd.DataFrame(
        columns | {name: v[20:].ravel() for name, v in (("y", y), ("x", x), ("z", z))}
    )
    return frame[rng.random(len(frame)) >= missing].reset_index(drop=True)


SYSTEM = GmmSpecification("y", "L.y x z", [Gmm("L.y"), Gmm("x", (2, 3), True)], [Iv("z")])

CROSS_CHECKS = {
    "two-step system": SYSTEM,
    "small": replace(SYSTEM, small=True),
    "h(2)": replace(SYSTEM, h=2),
    "h(1), one step": replace(SYSTEM, h=1, steps=1),
    "one step, iid": replace(SYSTEM, steps=1, robust=False),
    "one step, iid, small": replace(SYSTEM, steps=1, robust=False, small=True),
    "two steps without correction": replace(SYSTEM, robust=False),
    "difference": replace(SYSTEM, system=False),
    "difference, one step": replace(SYSTEM, system=False, steps=1),
    "equations apart": replace(
        SYSTEM,
        gmm=(Gmm("L.y", (1, 3), True, "diff"), Gmm("x", (2, 4), True)),
        iv=(Iv("z", "level"),),
    ),
    "clusters": replace(SYSTEM, cluster="block", gmm=(Gmm("L.y x", (2, 3), True),)),
    "clusters, one step": replace(SYSTEM, cluster="block", steps=1),
}  # fmt: skip


def by_pyxtabond2(frame: pd.DataFrame, spec: GmmSpecification):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own
        from pyxtabond2 import PyXtabond2
        from pyxtabond2.specs import GMMStyle, IVStyle

        frame = frame.sort_values(["unit", "year"]).reset_index(drop=True)
        values = frame.set_index(["unit", "year"])

        def column(term: str) -> str:
            variable, lag = parse_term(term)
            if lag == 0:
                return variable
            earlier = pd.MultiIndex.from_arrays([frame["unit"], frame["year"] - lag])
            frame[f"lag{lag}_{variable}"] = values[variable].reindex(earlier).to_numpy()
            return f"lag{lag}_{variable}"

        model = PyXtabond2(
            frame,
            "unit",
            "year",
            spec.outcome,
            [column(term) for term in spec.regressors],
            model_type="system" if spec.system else "difference",
            twostep=spec.steps == 2,
            robust=spec.robust,
            gmm=[
                GMMStyle(
                    [column(t) for t in each.variables], each.lag, each.collapse, each.equation
                )
                for each in spec.gmm
            ],
            iv=[IVStyle([column(t) for t in each.variables], each.equation) for each in spec.iv],
            gmm_vars=[],
            iv_vars=[],
            small=spec.small,
            h=spec.h,
            cluster=spec.cluster,
        )
        return model.fit()


def same_as_pyxtabond2(frame: pd.DataFrame, spec: GmmSpecification) -> None:
    own, other = fit(frame, spec, "unit", "year"), by_pyxtabond2(frame, spec)
    np.testing.assert_allclose(own.coef, other.beta.ravel(), rtol=1e-8)
    np.testing.assert_allclose(own.se, other.se.ravel(), rtol=1e-8)
    if not spec.small:  # there it divides by other small-sample factors than it multiplied by
        for order, test in enumerate(own.serial_correlation, start=1):
            np.testing.assert_allclose((test.z, test.p), other.diag["ar"][order], rtol=1e-7)
    np.testing.assert_allclose(own.sargan.statistic, other.diag["sargan"][0], rtol=1e-8)
    if own.hansen is not None:
        one_step = getattr(other.engine, "hansen_1step_robust", (None,))
        hansen = other.diag["hansen"][0] if spec.steps == 2 else one_step[0]
        np.testing.assert_allclose(own.hansen.statistic, hansen, rtol=1e-8)
    rows = other.engine.is_level if spec.system else np.ones(other.engine.n_obs, bool)
    assert own.n == rows.sum()


@pytest.mark.parametrize("missing", [0.0, 0.1], ids=["balanced", "gaps"])
@pytest.mark.parametrize("name", CROSS_CHECKS)
def test_pyxtabond2_on_simulated_panels(name, missing):
    same_as_pyxtabond2(simulated(missing=missing), CROSS_CHECKS[name])


COMMITTED = GmmSpecification(
    "produ_digit",
    "L.produ_digit indus fin stru urb",
    [Gmm("produ_digit", (2, 4), True)],
    [Iv("indus fin stru urb")],
)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("path", PANELS, ids=lambda path: path.stem)
def test_pyxtabond2_on_committed_panels(path, steps):
    codes = pd.read_csv(path)
    codes["unit"] = pd.factorize(codes["province"])[0]
    same_as_pyxtabond2(codes[["unit", "year", *COMMITTED.columns]], replace(COMMITTED, steps=steps))


# --- what theory says ---------------------------------------------------------------------------


def test_anderson_hsiao_is_a_ratio_of_covariances():
    frame = simulated()
    spec = GmmSpecification(
        "y", "L.y", [Gmm("L.y", (1, 1), True)], system=False, steps=1, robust=False
    )
    y = frame.pivot(index="unit", columns="year", values="y").to_numpy()
    instrument, now, before = y[:, :-2], np.diff(y)[:, 1:], np.diff(y)[:, :-1]
    expected = (instrument * now).sum() / (instrument * before).sum()
    result = fit(frame, spec, "unit", "year")
    np.testing.assert_allclose(result.coef, [expected], rtol=1e-10)
    assert len(result.instruments) == 1
    assert result.sargan.df == 0


def test_deviations_and_differences_agree_with_all_lags():
    """One-step GMM is the same under both if the panel is balanced (Arellano and Bover 1995)."""
    spec = GmmSpecification(
        "y", "L.y x", [Gmm("L.y x", (1, None))], system=False, steps=1, robust=False
    )
    both = [
        fit(simulated(), replace(spec, transform=transform), "unit", "year")
        for transform in ("difference", "deviations")
    ]
    np.testing.assert_allclose(both[0].coef, both[1].coef, rtol=1e-9)
    distances = [result.sargan.statistic * result.sigma2 for result in both]
    np.testing.assert_allclose(distances[0], distances[1], rtol=1e-9)


def deviations(values: np.ndarray) -> np.ndarray:
    """Forward orthogonal deviations of one group without gaps, shape (T − 1, …)."""
    ahead = [len(values) - 1 - t for t in range(len(values) - 1)]
    return np.stack(
        [
            np.sqrt(m / (m + 1)) * (values[t] - values[t + 1 :].mean(axis=0))
            for t, m in enumerate(ahead)
        ]
    )


def test_deviations_group_by_group():
    """Two-step system GMM in deviations, with collapsed instruments, written out plainly."""
    frame = simulated()
    spec = GmmSpecification(
        "y", "L.y x", [Gmm("y", (2, 3), True)], [Iv("x")], transform="deviations"
    )
    moments_of = []
    for _, group in frame.sort_values("year").groupby("unit"):
        y, x = group["y"].to_numpy(), group["x"].to_numpy()
        ones = np.ones(len(y) - 1)
        levels = np.column_stack([y[:-1], x[1:], ones])
        outcome = np.concatenate([deviations(y[1:]), y[1:]])
        regressors = np.concatenate([deviations(levels), levels])
        n_deviations, n_levels = len(y) - 2, len(y) - 1
        instruments_of = np.zeros((n_deviations + n_levels, 5))
        # A deviation of period t stands in t + 1: two lags from there are t − 1, one before.
        instruments_of[:n_deviations, 0] = y[:-2]
        instruments_of[1:n_deviations, 1] = y[:-3]
        instruments_of[n_deviations + 1 :, 2] = np.diff(y)[:-1]
        instruments_of[:, 3] = np.concatenate([deviations(x[1:]), x[1:]])
        instruments_of[n_deviations:, 4] = 1
        forward = np.hstack([deviations(np.eye(n_levels)).T, np.eye(n_levels)])
        moments_of.append((outcome, regressors, instruments_of, forward.T @ forward))

    def gmm(weights: np.ndarray) -> np.ndarray:
        zx = sum(z.T @ x for _, x, z, _ in moments_of)
        zy = sum(z.T @ y for y, _, z, _ in moments_of)
        a = np.linalg.inv(weights)
        return np.linalg.solve(zx.T @ a @ zx, zx.T @ a @ zy)

    first = gmm(sum(z.T @ h @ z for _, _, z, h in moments_of))
    scores = [z.T @ (y - x @ first) for y, x, z, _ in moments_of]
    second = gmm(sum(np.outer(score, score) for score in scores))
    result = fit(frame, spec, "unit", "year")
    np.testing.assert_allclose(result.coef, second, rtol=1e-9)
    one_step = fit(frame, replace(spec, steps=1), "unit", "year")
    np.testing.assert_allclose(one_step.coef, first, rtol=1e-9)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_groups_as_clusters_change_nothing(transform):
    """In deviations neither: one before a gap stands in a period in which its group has no row."""
    frame = simulated(missing=0.1)
    spec = replace(SYSTEM, transform=transform, small=True)
    plain = fit(frame, spec, "unit", "year")
    by_unit = replace(spec, cluster="own")
    named = fit(frame.assign(own=frame["unit"]), by_unit, "unit", "year")
    np.testing.assert_allclose(named.se, plain.se, rtol=1e-10)
    assert named.df == plain.df


def test_few_clusters_leave_one_step_estimates_without_hansen():
    frame = simulated()
    few = frame.assign(block=frame["unit"] % 5)
    spec = replace(SYSTEM, cluster="block", steps=1)
    result = fit(few, spec, "unit", "year")
    assert result.hansen is None
    assert result.differences == ()
    assert any("singular" in notice for notice in result.notices)
    assert np.isfinite(result.wald.statistic)
    np.testing.assert_allclose(result.coef, fit(frame, spec, "unit", "year").coef, rtol=1e-10)


def test_fewer_clusters_than_coefficients_leave_no_wald_test():
    frame = simulated()
    spec = replace(SYSTEM, cluster="block", steps=1)
    result = fit(frame.assign(block=frame["unit"] % 3), spec, "unit", "year")
    assert np.isnan(result.wald.statistic)
    assert np.isfinite(result.se).all()
    assert any("there is no Wald test" in notice for notice in result.notices)


def test_a_group_without_two_periods_in_a_row_has_no_rows_in_differences():
    frame = simulated()
    alternate = frame[(frame["unit"] > 0) | (frame["year"] % 2 == 0)]
    spec = GmmSpecification("y", "x z", [Gmm("x")], [Iv("z")], system=False)
    result = fit(alternate, spec, "unit", "year")
    assert result.rows_per_group == (0, 7.0, 7)
    assert result.n_groups == 59


def test_more_instruments_than_groups_are_noticed():
    spec = GmmSpecification("y", "L.y x", [Gmm("y x", (2, None))], steps=1)
    few = fit(simulated(n=30), spec, "unit", "year")
    assert any(f"{len(few.instruments)} instruments are more than" in n for n in few.notices)
    assert fit(simulated(n=200), spec, "unit", "year").notices == ()


def test_collinear_instruments_are_dropped_and_named():
    spec = replace(SYSTEM, iv=(Iv("z"), Iv("twice", "both")))
    frame = simulated()
    result = fit(frame.assign(twice=2 * frame["z"]), spec, "unit", "year")
    expected = fit(frame, SYSTEM, "unit", "year")
    np.testing.assert_allclose(result.coef, expected.coef, rtol=1e-8)
    np.testing.assert_allclose(result.se, expected.se, rtol=1e-8)
    assert len(result.instruments) == len(expected.instruments)
    assert len(set(result.dropped_instruments) & {"both: z", "both: twice"}) == 1
    # Without either set the other stands for it: nothing is left to test.
    tested = {test.label for test in result.differences}
    assert "iv(z)" in {test.label for test in expected.differences}
    assert not tested & {"iv(z)", "iv(twice)"}
    degrees = result.hansen.df
    assert all(test.excluding.df + test.difference.df == degrees for test in result.differences)


def test_a_set_that_alone_identifies_a_coefficient_is_not_tested():
    """Dummies of all years add up to a constant, of which differences say nothing."""
    frame = simulated().assign(**YEARS)
    spec = GmmSpecification(
        "y", ("L.y", *YEARS), [Gmm("L.y x", equation="diff")], [Iv(tuple(YEARS), "level")],
        constant=False,
    )  # fmt: skip
    labels = [test.label.split(",")[0] for test in fit(frame, spec, "unit", "year").differences]
    assert labels == []


def test_units_of_measurement_do_not_matter():
    frame = simulated(missing=0.1)
    expected = fit(frame, SYSTEM, "unit", "year")
    units = {"y": 1e4, "x": 1e13, "z": 1e-6}
    result = fit(
        frame.assign(**{k: frame[k] * v for k, v in units.items()}), SYSTEM, "unit", "year"
    )
    per = np.array([1, units["y"] / units["x"], units["y"] / units["z"], units["y"]])
    np.testing.assert_allclose(result.coef, expected.coef * per, rtol=1e-8)
    np.testing.assert_allclose(result.se, expected.se * per, rtol=1e-8)
    np.testing.assert_allclose(result.bracket[1:], expected.bracket[1:], rtol=1e-8)


def test_products_are_those_of_the_dense_matrix():
    rng = np.random.default_rng(2)
    row = np.array([0, 0, 2, 3, 3])
    p, q, n_rows, n = 3, len(row), 4, 6
    z = InstrumentMatrix(rng.normal(size=(p, n_rows, n)), rng.normal(size=(q, n)), row)
    dense = np.zeros((p + q, n_rows, n))
    dense[:p] = z.many
    dense[np.arange(p, p + q), row] = z.one
    values, weights = rng.normal(size=(2, n_rows, n)), rng.normal(size=p + q)
    root, clusters = rng.normal(size=(5, n_rows)), rng.integers(-1, 3, size=(n_rows, n))
    rooted = np.einsum("mr,jrn->jmn", root, dense)
    scores = np.stack([(dense * values[0])[:, clusters == c].sum(axis=1) for c in range(3)], 1)
    for found, expected in (
        (z.cross(values), np.einsum("jrn,krn->jk", dense, values)),
        (z.by_group(values[0]), np.einsum("jrn,rn->jn", dense, values[0])),
        (z.weighted(weights), np.einsum("j,jrn->rn", weights, dense)),
        (z.gram(root), np.einsum("jmn,kmn->jk", rooted, rooted)),
        (z.by_cluster(values[0], clusters, 3), scores),
        (
            z.keep(np.array([1, 3, 6])).cross(values),
            np.einsum("jrn,krn->jk", dense[[1, 3, 6]], values),
        ),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_base_years_are_dropped_and_named():
    frame = simulated()
    years = range(2000, 2008)
    for year in years:
        frame[f"year{year}"] = (frame["year"] == year).astype(int)
    dummies = tuple(f"year{year}" for year in years)
    spec = replace(
        SYSTEM, regressors=(*SYSTEM.regressors, *dummies), iv=(Iv("z"), Iv(dummies, "level"))
    )
    result = fit(frame, spec, "unit", "year")
    assert result.dropped_regressors == ("year2000", "year2007")
    assert result.terms[-1] == "const"


def test_the_bracket_is_least_squares():
    frame = simulated(missing=0.1)
    result = fit(frame, SYSTEM, "unit", "year")
    earlier = frame.assign(year=frame["year"] + 1)[["unit", "year", "y"]]
    rows = frame.merge(earlier.rename(columns={"y": "lag"}), on=["unit", "year"])
    x = rows[["lag", "x", "z"]].to_numpy()
    pooled = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), rows["y"])[0][0]
    columns = ["y", "lag", "x", "z"]
    centred = rows[columns] - rows.groupby("unit")[columns].transform("mean")
    within = np.linalg.lstsq(centred[["lag", "x", "z"]], centred["y"])[0][0]
    assert result.bracket.term == "L.y"
    np.testing.assert_allclose([result.bracket.pooled, result.bracket.within], [pooled, within])
    assert result.bracket.holds((pooled + within) / 2)
    assert not result.bracket.holds(pooled + 0.1)


def autoregressive(start: float, n: int = 800, t: int = 8, seed: int = 3) -> pd.DataFrame:
    """y_t = 0.5 y_{t−1} + effect + noise, starting at `start` of the long-run mean."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=n)
    y = [start * 2 * effect + rng.normal(size=n)]
    for _ in range(t):
        y.append(0.5 * y[-1] + effect + rng.normal(size=n))
    period, unit = (codes.ravel() for codes in np.indices((t + 1, n)))
    return pd.DataFrame({"unit": unit, "year": period, "y": np.ravel(y)})


PURE = GmmSpecification("y", "L.y", [Gmm("L.y")])


def test_mean_stationarity_is_rejected_where_it_fails():
    holds = fit(autoregressive(1.0), PURE, "unit", "year")
    fails = fit(autoregressive(0.0), PURE, "unit", "year")
    assert holds.mean_stationarity.df == 1
    assert holds.mean_stationarity.p > 0.05
    assert fails.mean_stationarity.p < 1e-6
    by_name = {test.label: test for test in fails.differences}
    assert by_name["GMM instruments for levels"].difference.p < 1e-6


def test_mean_stationarity_is_the_printed_formula():
    """g'A G (G'A G)⁻¹ G'A g, with G as in the authors' own instructions for xtabond2."""
    frame = autoregressive(0.5, n=200)
    problem = prepare(grid(frame, "unit", "year", ("y", "L.y")), PURE)
    result = fit(frame, PURE, "unit", "year")
    zx, zy, _, _ = problem.moments
    block = next(iter(problem.blocks))
    first = step(zx, zy, problem.moments.s)
    s = moment_covariance([block], first.coef)
    gpsi = [
        -(result.coef[0] ** (each.period - 2))
        if each.equation == "level" and each.lag == 0
        else 0.0
        for each in problem.structure.instruments
    ]
    g = np.column_stack([-zx, gpsi])
    score = g.T @ np.linalg.solve(s, zy - zx @ result.coef)
    expected = score @ np.linalg.solve(g.T @ np.linalg.solve(s, g), score)
    np.testing.assert_allclose(result.mean_stationarity.statistic, expected, rtol=1e-6)


@pytest.mark.parametrize("steps", [1, 2])
def test_mean_stationarity_is_what_its_parameter_takes_off_the_criterion(steps):
    """Least squares of the whitened moments, with ψ and without: χ² whatever the first weight."""
    frame = autoregressive(0.5, n=200)
    problem = prepare(grid(frame, "unit", "year", ("y", "L.y")), PURE)
    result = fit(frame, replace(PURE, steps=steps), "unit", "year")
    zx, zy, _, _ = problem.moments
    first = step(zx, zy, problem.moments.s)
    s = moment_covariance([next(iter(problem.blocks))], first.coef)
    root = np.linalg.inv(np.linalg.cholesky(s))
    derivative = stationarity_derivative(problem.structure, "y", result.coef[0])
    without, given = (
        np.linalg.lstsq(root @ np.column_stack(columns), root @ zy)[1][0]
        for columns in ([zx], [zx, derivative])
    )
    np.testing.assert_allclose(result.mean_stationarity.statistic, without - given, rtol=1e-6)


def test_serial_correlation_of_any_order():
    result = fit(simulated(), replace(SYSTEM, ar=9), "unit", "year")
    assert [test.order for test in result.serial_correlation] == list(range(1, 10))
    z = [test.z for test in result.serial_correlation]
    assert np.isfinite(z[:5]).all()
    assert np.isnan(z[6:]).all()


# --- the panel ----------------------------------------------------------------------------------


def test_order_of_rows_labels_and_the_callers_frame():
    frame = simulated(missing=0.1)
    expected = fit(frame, SYSTEM, "unit", "year")
    named = frame.assign(unit="unit " + frame["unit"].astype(str)).sample(frac=1, random_state=1)
    before = named.copy()
    result = fit(named, SYSTEM, "unit", "year")
    pd.testing.assert_frame_equal(named, before)
    np.testing.assert_allclose(result.coef, expected.coef, rtol=1e-9)
    np.testing.assert_allclose(result.se, expected.se, rtol=1e-9)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_missing_values_are_missing_rows(transform):
    """For everything but a lag, which is a value of its own row."""
    frame = simulated()
    spec = replace(SYSTEM, transform=transform, gmm=(Gmm("y", (2, 3)), Gmm("x", (2, 3))))
    gone = (frame["year"] == 2003) & (frame["unit"] % 3 == 0)
    empty = frame.astype({"y": float})
    empty.loc[gone, ["y", "x", "z"]] = np.nan
    dropped, emptied = (fit(f, spec, "unit", "year") for f in (frame[~gone], empty))
    np.testing.assert_allclose(dropped.coef, emptied.coef, rtol=1e-10)
    assert dropped.n == emptied.n
    np.testing.assert_allclose(
        [test.z for test in dropped.serial_correlation],
        [test.z for test in emptied.serial_correlation],
        rtol=1e-9,
    )


def test_groups_in_blocks_give_the_same(monkeypatch):
    frame = simulated(missing=0.1)
    specs = (SYSTEM, CROSS_CHECKS["clusters"], CROSS_CHECKS["one step, iid"])
    whole = [fit(frame, spec, "unit", "year") for spec in specs]
    monkeypatch.setattr(gathering, "BLOCK", 5_000)
    for spec, expected in zip(specs, whole, strict=True):
        result = fit(frame, spec, "unit", "year")
        np.testing.assert_allclose(result.coef, expected.coef, rtol=1e-9)
        np.testing.assert_allclose(result.se, expected.se, rtol=1e-9)
        np.testing.assert_allclose(
            [test.z for test in result.serial_correlation],
            [test.z for test in expected.serial_correlation],
            rtol=1e-8,
        )


def test_memory_does_not_hold_the_instruments_of_all_groups(monkeypatch):
    monkeypatch.setattr(gathering, "BLOCK", 2**14)
    frame = simulated(n=1_500)
    spec = replace(SYSTEM, gmm=(Gmm("y x", (2, None)),))
    fit(frame, spec, "unit", "year")  # what is imported and cached only once
    tracemalloc.start()
    result = fit(frame, spec, "unit", "year")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows = 6 + 7
    assert peak < 0.5 * 8 * len(result.instruments) * rows * result.n_groups


def test_terms_are_read_as_in_stata():
    assert terms("L.n w L(0/2).k") == ("L.n", "w", "k", "L.k", "L2.k")
    assert terms("L(2/1).k") == ("L2.k", "L.k")
    assert parse_term("L2.n") == ("n", 2)
    assert parse_term("F.n") == ("n", -1)
    assert parse_term("L.L.n") == ("n", 2)


def test_estimation_needs_no_numpy():
    """The array functions on another namespace, as the reconstruction will call them."""
    frame = simulated(n=40)
    variables = ("y", "x", "z")
    names = ("y", "L.y", "x", "z")
    panel = grid(frame, "unit", "year", names)
    problem = prepare(panel, SYSTEM)
    expected = fit(frame, SYSTEM, "unit", "year")
    base = array_namespace.asarray(
        np.stack(
            [frame.pivot(index="year", columns="unit", values=v).to_numpy() for v in variables]
        )
    )
    values = with_lags(base, variables, names)
    blocks = [arrays(values, problem.structure)]
    root = row_root(SYSTEM, problem.structure, len(panel.periods))
    zx, zy, s1, _ = moments(blocks, root)
    first = step(zx, zy, s1)
    s2 = moment_covariance(blocks, first.coef)
    second = step(zx, zy, s2)
    covariance = windmeijer(blocks, first, second, robust_covariance(first, s2))
    (z,) = serial_correlation(blocks, [1], second, covariance)
    assert isinstance(z, array_namespace.Foreign)
    own = array_namespace.numpy_array
    np.testing.assert_allclose(own(second.coef), expected.coef, rtol=1e-9)
    np.testing.assert_allclose(np.diag(own(covariance)), expected.se**2, rtol=1e-9)
    np.testing.assert_allclose(own(z), expected.serial_correlation[0].z, rtol=1e-9)
    np.testing.assert_allclose(own(second.criterion), expected.hansen.statistic, rtol=1e-9)


# --- mistakes -----------------------------------------------------------------------------------


def with_(frame: pd.DataFrame, **columns) -> pd.DataFrame:
    return frame.assign(**columns)


FRAME = simulated()
NATIONAL = FRAME["year"].map({year: (year - 2003) ** 2 + 0.1 * year for year in range(2000, 2008)})
YEARS = {f"y{year}": (FRAME["year"] == year).astype(float) for year in range(2001, 2008)}

MISTAKES = {
    "too few periods": (FRAME[FRAME["year"] < 2002], {}, "too few periods for the lags"),
    "lags too deep": (FRAME, {"gmm": [Gmm("y", (9, 12))]}, "8 periods are too few for its lags"),
    "empty instrument": (
        with_(FRAME, x=FRAME["x"], empty=np.nan),
        {"gmm": [Gmm("L.y"), Gmm("empty")]},
        "gmm(empty, lag(1 .)) are missing throughout, since empty has no value",
    ),
    "empty outcome": (with_(FRAME, y=np.nan), {}, "or a column is empty"),
    "singular weights": (
        FRAME[FRAME["unit"] < 20],
        {"gmm": [Gmm("y x", (2, None))]},
        "estimated from 20 groups is singular",
    ),
    "national regressor": (
        with_(FRAME, national=NATIONAL, **YEARS),
        {"regressors": ("L.y", "national", *YEARS), "iv": [Iv(("national", *YEARS))]},
        "Regressor national is a linear combination of other regressors (year dummies",
    ),
    "constant regressor": (
        with_(FRAME, mountain=FRAME["unit"] * 1.5),
        {"regressors": "L.y mountain", "system": False, "iv": [Iv("x")]},
        "Regressor mountain does not vary within groups",
    ),
    "constant but for rounding": (
        with_(FRAME, mountain=np.float32(0.1) * FRAME["unit"] * (1 + FRAME["year"] % 2 * 2.0**-24)),
        {"regressors": "L.y mountain", "system": False, "iv": [Iv("x mountain")]},
        "Regressor mountain does not vary within groups",
    ),
    "too few instruments": (
        FRAME,
        {"gmm": [Gmm("L.y", (1, 1), True)], "iv": [], "system": False},
        "1 instruments are too few for 3 coefficients",
    ),
    "no such column": (FRAME, {"regressors": "L.y wrong"}, "no column wrong"),
    "two rows": (pd.concat([FRAME, FRAME[:1]]), {}, "Group 0 has two rows in period 2000"),
    "text": (with_(FRAME, x="much"), {}, "Column x must hold numbers"),
    "infinite": (with_(FRAME, x=np.inf), {}, "Column x is infinite in row 0"),
    "half years": (with_(FRAME, year=FRAME["year"] + 0.5), {}, "must hold whole numbers"),
    "dates": (
        with_(FRAME, year=FRAME["year"] * 10_000 + 101),
        {},
        "number the periods 1, 2, 3",
    ),
    "no group": (with_(FRAME, unit=FRAME["unit"].where(FRAME.index > 0)), {}, "Row 0 has no unit"),
    "no rows": (FRAME[:0], {}, "no rows"),
    "levels in difference GMM": (
        FRAME,
        {"system": False, "iv": [Iv("z", "level")]},
        "which difference GMM does not have",
    ),
    "unknown h": (FRAME, {"h": 4}, "Option h cannot be 4"),
    "no order": (FRAME, {"ar": 1.5}, "Option ar cannot be 1.5"),
    "outcome on itself": (FRAME, {"regressors": "L.y y"}, "Regressor y is the outcome"),
    "no regressor": (FRAME, {"regressors": "", "constant": False}, "No regressor is named"),
    "no instruments": (
        FRAME,
        {"gmm": [], "iv": [], "system": False},
        "No instruments are named: name some in gmm or iv",
    ),
    "sets of another kind": (FRAME, {"gmm": "L.y"}, "Option gmm must list instruments of the kind"),
    "called const": (
        with_(FRAME, const=1.0),
        {"iv": [Iv("const")]},
        "A variable cannot be called const beside the constant",
    ),
    "two columns": (pd.concat([FRAME, FRAME[["x"]]], axis=1), {}, "The panel has two columns x"),
    "complex": (with_(FRAME, x=FRAME["x"] + 1j), {}, "Column x must hold numbers"),
    "dates as values": (
        with_(FRAME, x=pd.Timestamp("2020-01-01")),
        {},
        "Column x must hold numbers",
    ),
    "no cluster": (
        with_(FRAME, block=FRAME["block"].where(FRAME["year"] != 2004)),
        {"cluster": "block"},
        "Group 0 has no cluster in period 2004",
    ),
    "one cluster": (with_(FRAME, block=1), {"cluster": "block"}, "from a single group or cluster"),
    "one group": (FRAME[FRAME["unit"] == 1], {"steps": 1}, "from a single group or cluster"),
    "no errors": (
        with_(FRAME, y=2 * FRAME["x"] + FRAME["z"]),
        {"regressors": "x z", "gmm": [Gmm("x")]},
        "The outcome y is a linear combination of the regressors",
    ),
    "constant outcome": (with_(FRAME, y=1.0), {}, "a linear combination of the regressors"),
    "named twice": (FRAME, {"regressors": "L.y x x"}, "Regressor x is named twice"),
}


@pytest.mark.parametrize("lag", [2, (1, 2, 3), ("1", "2"), (1.0, 2.0)])
def test_lags_are_two_whole_numbers(lag):
    with pytest.raises(UserError, match="must be two whole numbers, or None for open ends"):
        Gmm("y", lag)


@pytest.mark.parametrize("kind", [Gmm, Iv])
def test_a_set_of_instruments_has_a_variable(kind):
    with pytest.raises(UserError, match="names no variable"):
        kind("")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence(name):
    frame, changes, expected = MISTAKES[name]
    with pytest.raises(UserError) as caught:
        fit(frame, replace(SYSTEM, **changes), "unit", "year")
    sentence = str(caught.value)
    assert expected in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
