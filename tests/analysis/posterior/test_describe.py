"""Models described: priors on the paper's scale, every variable with its dims, the graph whole."""

import pytest

from analysis.posterior import describe
from analysis.specifications import SPECIFICATIONS
from models.bayesian.registry import MODELS, main_model
from models.priors import REGULARISED
from tests.helpers.fits import fit_of


def test_priors_are_on_the_papers_scale():
    fitted = fit_of("3.2", "hierarchical")
    table = describe.priors(fitted.model, fitted.parts).set_index(["variable", "of"])
    shown = table["on the paper's scale"]
    outcome = fitted.parts.design.y.std()
    urb = fitted.panel.frame["urb"].std(ddof=0)
    assert shown["slope_std", "urb"] == f"Normal(0, {2.5 * outcome / urb:.3g})"
    assert shown["tau_year_std", ""] == f"HalfNormal({0.5 * outcome:.3g})"
    assert shown["sigma_std", ""] == f"LogNormal(log {0.2 * outcome:.3g}, 1)"
    first = table.loc[("slope_std", "indus")]
    assert first["reason"] == REGULARISED["slope_std"].reason
    assert first["prior, standardised"] == "Normal(0, 2.5)"


def test_each_outcome_of_a_system_has_priors_on_its_own_scale():
    fitted = fit_of("7.1", "joint")
    shown = describe.priors(fitted.model, fitted.parts).set_index(["variable", "of"])
    shown = shown["on the paper's scale"]
    frame = fitted.panel.frame
    outcome, urb = frame["M_lab"].std(ddof=0), frame["urb"].std(ddof=0)
    assert shown["slope_std", "M_lab urb"] == f"Normal(0, {2.5 * outcome / urb:.3g})"
    assert shown["tau_year_std", "M_lab"] == f"HalfNormal({0.5 * outcome:.3g})"
    assert shown["partial_unit", ""] == "LKJ(2)"


@pytest.mark.parametrize("model", [model.name for model in MODELS])
def test_every_prior_and_variable_of_every_model_is_explained(model):
    fitted = fit_of("7.1" if model == "joint" else "3.2", model)
    variables = describe.variables(fitted.model, fitted.parts).set_index("variable")
    assert (variables["meaning"] != "").all(), variables["meaning"]
    assert "~" in describe.text(fitted.model)
    shown = set(describe.priors(fitted.model, fitted.parts)["variable"])
    assert shown <= {prior.name for prior in fitted.priors.table}
    assert {"slope_std"} <= shown


@pytest.mark.parametrize("model", ["hierarchical", "pooled", "flat"])
def test_a_line_that_other_lines_stand_for_is_not_shown(model):
    fitted = fit_of("3.2", model)
    shown = set(describe.priors(fitted.model, fitted.parts)["variable"])
    variables = describe.variables(fitted.model, fitted.parts).set_index("variable")
    # The average of pooled slopes lies about their common mean, whose prior the line states.
    assert shown - {"slope_std"} <= set(variables.index[variables["given"] == ""])
    assert "slope_std" in shown
    assert ("sigma_std" in shown) == (model != "pooled")


def test_every_variable_has_dims_shape_and_parents():
    fitted = fit_of("3.2", "pooled")
    table = describe.variables(fitted.model, fitted.parts).set_index("variable")
    assert set(table.index) == {variable.name for variable in fitted.definition.basic_RVs}
    assert tuple(table.loc["year_region_offset", ["dims", "shape"]]) == ("region, year", "3 × 13")
    assert table.loc["sigma_std", "given"] == "sigma_median_std, tau_log_sigma"
    assert table.loc["y", "kind"] == "observed"
    graph = describe.graph(fitted.model, fitted.parts)
    assert graph.startswith("graph TD")
    assert all(name in graph for name in table.index)
    assert "tau_log_sigma --> sigma_std" in graph


def test_a_columns_main_model_is_the_highest_rung_it_carries():
    names = {record.column: main_model(record).name for record in SPECIFICATIONS}
    assert names == (
        {record.column: "growth" for record in SPECIFICATIONS}
        | dict.fromkeys(["8.1", "8.2", "8.3"], "growth_region")
        | dict.fromkeys(["5.1", "5.2", "5.3", "5.4"], "dynamic")
    )
