"""The models as records, and which columns they can be fitted to."""

import pytest

from analysis.shared.outputs import Outputs, read_result
from analysis.shared.products import below
from analysis.simulation.main_model import ranking
from analysis.specifications import STATIC, select
from data.shared.errors import UserError
from models.bayesian.registry import (
    INDEPENDENT,
    LADDER,
    MAIN,
    MODELS,
    OF_ONE_REGION,
    find,
    main_model,
    models_for,
)
from tests.helpers.fits import fit_of


def test_the_ladder_frees_one_thing_at_each_rung_and_ends_at_the_main_model():
    assert LADDER[: len(INDEPENDENT)] == INDEPENDENT
    assert LADDER[-1] == MAIN == "growth"
    freed = [(find(name).varying, dict(find(name).switches)) for name in INDEPENDENT]
    assert freed == [(False, {}), (False, {"sigma": "region"}), (True, {"sigma": "region"})]
    without_growth, with_growth = (dict(find(name).switches) for name in LADDER[-2:])
    assert without_growth == with_growth | {"lines": "none"}


def test_the_rule_chose_the_main_model():
    kept = below(Outputs().results, "last_two")
    if kept.is_file():
        assert ranking(read_result(Outputs().results, "last_two"))["candidate"].iloc[0] == MAIN
    screened = read_result(Outputs().results, "candidates")
    assert MAIN in set(ranking(screened)["candidate"].head(2))


@pytest.mark.parametrize("record", STATIC, ids=lambda record: record.column)
def test_one_region_gets_the_models_in_which_nothing_differs_by_region(record):
    names = [model.name for model in models_for(record) if not model.extra]
    extra = [model.name for model in models_for(record) if model.extra]
    assert not record.region or extra == ["ar1_region"]
    assert names == (["flat", "mundlak", "growth_region"] if record.region else ["flat", *LADDER])


def test_one_regions_models_of_correlated_errors_differ_as_the_ladders_do():
    of_all = [name for name in LADDER if find(name).correlated]
    switches = [dict(find(name).switches) for name in of_all]
    assert [{"sigma": "region"} | find(name).switches for name in OF_ONE_REGION] == switches
    assert all(find(name).correlated for name in OF_ONE_REGION)


def test_an_unknown_model_is_one_sentence():
    with pytest.raises(UserError, match="no model 'flaat': choose among flat, mundlak"):
        find("flaat")


@pytest.mark.parametrize("column", ["3.2", "3.3"])
def test_varying_terms_are_those_of_interest(column):
    parts = fit_of(column, "hierarchical").parts
    (record,) = select([column])
    assert parts.varying == record.interest
    assert len(parts.sigma_groups) == 3
    assert fit_of(column, "mundlak").parts.varying == ()


def test_only_very_wide_priors_have_no_prior_groups():
    assert [model.name for model in MODELS if not model.prior_groups] == ["flat"]


def test_a_column_is_judged_by_the_main_model_as_far_as_its_sample_goes():
    baseline, east, lagged = select(["3.2", "8.1", "5.1"])
    assert main_model(baseline) is find(MAIN)
    # It cannot be fitted to one region, and a dynamic column has a model of its own.
    assert main_model(east) is find("growth_region")
    assert main_model(lagged) is find("dynamic")
