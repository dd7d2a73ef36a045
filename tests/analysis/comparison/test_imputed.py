import numpy as np
import pandas as pd
import pytest

from analysis.comparison import imputed


def test_a_mixture_weighs_posteriors_alike_whatever_their_number_of_draws():
    rng = np.random.default_rng(1)
    draws = [rng.normal(0, 1, 4_000), rng.normal(3, 2, 16_000)]
    found = imputed.mixture(draws)
    assert found["draws"] == 2
    assert found["mean"] == pytest.approx(1.5, abs=0.05)
    assert found["sd"] ** 2 == pytest.approx((1 + 4) / 2 + 1.5**2, rel=0.03)
    assert found["share"] == pytest.approx(2.25 / 4.75, rel=0.05)
    equal = np.concatenate([rng.normal(0, 1, 50_000), rng.normal(3, 2, 50_000)])
    assert found["q025"] == pytest.approx(np.quantile(equal, 0.025), abs=0.1)
    assert found["q975"] == pytest.approx(np.quantile(equal, 0.975), abs=0.15)
    assert found["p_positive"] == pytest.approx((equal > 0).mean(), abs=0.01)


def test_alike_posteriors_leave_nothing_to_imputation():
    draws = np.random.default_rng(2).standard_normal(1_000)
    assert imputed.mixture([draws, draws])["share"] == 0


def test_mixtures_that_lack_a_draw_are_not_written():
    table = pd.DataFrame(
        {"panel": "official:imputed", "draws": [40, 39, 39, 1], "failed": [0, 1, 0, 0]}
    )
    assert imputed.complete(table).index.tolist() == [0, 1]
    assert imputed.complete(table.head(0)).empty
