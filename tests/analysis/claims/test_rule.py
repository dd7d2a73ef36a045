"""The second edition's rule, on tables whose verdicts are known."""

import numpy as np
import pandas as pd
import pytest

from analysis.claims import evidence
from analysis.claims.rule import VINTAGES, assess, of_magnitude, of_sign
from data.panels.catalogue import DRAWN, imputed_draws
from models.bayesian import registry
from tests.helpers.ledger import BY_ID, tables

H1A = BY_ID["H1a"]


def at_vintages(found: dict[str, pd.DataFrame], **values: object) -> dict[str, pd.DataFrame]:
    """Change the main model's rows of 3.2 on both panels; a pair has one value for each."""
    frame = found["comparison"].copy()
    for name, value in values.items():
        pair = value if isinstance(value, tuple) else (value, value)
        for panel, one in zip(VINTAGES, pair, strict=True):
            rows = (frame["panel"] == panel) & (frame["column"] == "3.2")
            frame.loc[rows & (frame["model"] == registry.MAIN), name] = one
    return found | {"comparison": frame}


def test_two_vintages_are_one_mixture_and_the_official_panel_is_none_of_it():
    judged = assess(H1A, at_vintages(tables(), p_same_sign=(0.99, 0.97)))
    assert judged["probability"] == pytest.approx(0.98)
    assert judged["sign"] == "supported"
    off = tables()
    frame = off["comparison"].copy()
    frame.loc[frame["panel"] == "official", "p_same_sign"] = 0.1
    assert assess(H1A, off | {"comparison": frame})["sign"] == "supported"
    assert assess(H1A, at_vintages(tables(), p_same_sign=(0.99, 0.9)))["sign"] == "inconclusive"


def test_what_weakens_a_claim_weakens_its_denial():
    denied = at_vintages(tables(), p_same_sign=0.01)
    # Priors, provinces and universes of the tables have the printed sign: they reverse a denial.
    judged = assess(H1A, denied)
    assert judged["sign"] == "partly contradicted"
    kinds = " ".join(judged["reversed_by"])
    for kind in ("other priors", "one province less", "multiverse"):
        assert kind in kinds
    calm = {"q025": -0.2, "q975": -0.01, "mean": -0.1}
    agreeing = {
        name: denied[name].assign(**calm)
        for name in ("sensitivity_priors", "sensitivity_influence")
    }
    others = denied["comparison"].assign(q025=-0.2, q975=-0.01)
    universes = denied["multiverse"].assign(share_same_sign=0.01)
    judged = assess(H1A, denied | agreeing | {"comparison": others, "multiverse": universes})
    assert judged["sign"] == "contradicted"
    assert judged["reversed_by"] == []


def test_a_check_that_was_not_made_is_pending():
    judged = assess(H1A, tables(sensitivity_priors=pd.DataFrame()))
    assert judged["sign"] == "supported, checks pending"
    assert judged["pending"] == ["sensitivity 3.2"]


def test_a_model_that_does_not_fit_is_no_evidence():
    judged = assess(H1A, at_vintages(tables(), fits=("fail", "pass")))
    assert judged["sign"] == "not assessed"
    assert np.isnan(judged["probability"])
    assert assess(BY_ID["H2"], tables())["sign"] == "not tested by the paper"


def test_a_magnitude_is_one_of_four():
    assert of_magnitude(0.96, 0.5) == "practically none"
    assert of_magnitude(0.5, 0.96) == "practically equal"
    assert of_magnitude(0.5, 0.04) == "differs"
    assert of_magnitude(0.5, 0.5) == "open"
    assert of_magnitude(np.nan, 0.5) == "not assessed"
    judged = assess(H1A, at_vintages(tables(), p_rope=(0.99, 0.95), p_printed=0.0))
    assert judged["magnitude"] == "practically none"


def test_signs_follow_from_the_finding_and_the_checks():
    assert of_sign(0.5, [], False) == "inconclusive"
    assert of_sign(0.99, ["x"], True) == "fragile"
    assert of_sign(0.01, [], True) == "contradicted, checks pending"


def test_draws_of_what_is_not_observed_stand_in_their_panels_place_once_all_are_fitted():
    vintage, other = VINTAGES
    pooled = pd.DataFrame(
        {"panel": [f"{vintage}{DRAWN}"], "column": "3.2", "fitted_column": "3.2", "term": "indus",
         "model": registry.MAIN, "mean": 0.1, "q025": -0.1, "q975": 0.3, "p_same_sign": 0.9,
         "p_rope": 0.2, "p_printed": 0.3, "fits": "pass", "failed": 0}
    )  # fmt: skip
    found = at_vintages(tables(), p_same_sign=0.99)
    for draws, probability in ((len(imputed_draws(vintage)), 0.945), (3, 0.99)):
        rows = evidence.with_draws(found["comparison"], pooled.assign(draws=draws))
        judged = assess(H1A, found | {"comparison": rows})
        assert judged["probability"] == pytest.approx(probability)
        assert sum(judged["weights"].values()) == 1
        assert other in judged["weights"]
        assert (vintage in judged["weights"]) == (draws == 3)


def test_only_models_of_serially_correlated_errors_reverse():
    at = {"panel": VINTAGES[0], "column": "3.2"}
    for model, sign in (("mundlak", "supported"), ("autoregressive", "fragile")):
        found = tables()
        frame = found["comparison"].copy()
        rows = (frame[list(at)] == pd.Series(at)).all(axis=1) & (frame["model"] == model)
        frame.loc[rows, "q025"] = -0.01
        assert assess(H1A, found | {"comparison": frame})["sign"] == sign
