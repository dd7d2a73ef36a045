"""Variants: what a user may change is read, done and named, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.posterior import prior_lines
from analysis.posterior.variants import FAMILIES, called, forms, from_options, integrable, parse
from analysis.shared.frames import of_the_paper
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.registry import MODELS, find
from models.priors import REGULARISED, distributions
from tests.helpers.fits import Fit, fit_of, flat_draw

(BASELINE,) = select(["3.2"])
PAIR = select(["3.3"])[0]


def changed(*priors: str, model: str = "hierarchical", column: str = "3.2") -> Fit:
    fitted = fit_of(column, model)
    return replace(fitted, priors=parse(priors).table(fitted.priors))


@pytest.mark.parametrize(
    ("text", "distribution", "centre", "scale"),
    [
        ("slope_std=normal:1", "Normal", 0, 1),
        ("slope_std=Normal:0.5:1", "Normal", 0.5, 1),
        (" slope_std = studentt:-1:2.5", "StudentT", -1, 2.5),
        ("slope_std=uniform:-1:3", "Uniform", 1, 2),
        ("tau_slope_std=halfnormal:0.1", "HalfNormal", 0, 0.1),
        ("tau_slope_std=halfstudentt:0.1", "HalfStudentT", 0, 0.1),
        ("sigma_std=lognormal:0.3:2", "LogNormal", 0.3, 2),
        ("sigma_std=gamma:0.3:2", "Gamma", 0.3, 2),
        ("sigma_std=uniform:0:2", "Uniform", 1, 1),
    ],
)
def test_a_prior_is_read_as_it_is_spelled(text, distribution, centre, scale):
    table = parse([text]).table(REGULARISED)
    line = table[text.partition("=")[0].strip()]
    assert (line.distribution, line.centre, line.scale) == (distribution, centre, scale)
    assert [p for p in table.table if p.name != line.name] == [
        p for p in REGULARISED.table if p.name != line.name
    ]
    assert [p.name for p in table.table] == [p.name for p in REGULARISED.table]


def test_every_family_is_one_of_the_models_and_is_listed():
    assert {family.distribution for family in FAMILIES.values()} == set(distributions())
    assert {text.partition(":")[0] for text in forms()} == set(FAMILIES)
    assert "normal:[CENTRE:]SD" in forms()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slope_std", "cannot be read: write LINE=PRIOR"),
        ("slope_std=", "cannot be read"),
        ("slope_std=gauss:1", "one of normal:"),
        ("slope_std=normal", "cannot be read"),
        ("slope_std=normal:-1", "cannot be read"),
        ("slope_std=normal:1:2:3", "cannot be read"),
        ("slope_std=normal:one", "cannot be read"),
        ("slope_std=normal:nan", "cannot be read"),
        ("slope_std=uniform:2:1", "cannot be read"),
        ("slope=normal:1", r"no such line; choose among slope_std, tau_slope_std, .*sigma_std\.$"),
        ("slope_std=halfnormal:1", "slope_std is any number; write slope_std=normal:"),
        ("tau_slope_std=normal:1", "tau_slope_std is a positive number; write .*=halfnormal:SD"),
        ("sigma_std=uniform:-1:1", "sigma_std is a positive number"),
    ],
)
def test_what_cannot_be_a_prior_is_refused_with_a_sentence_that_lists_what_can(text, sentence):
    with pytest.raises(UserError, match=sentence):
        parse([text]).table(REGULARISED)


def test_a_line_named_twice_is_refused():
    with pytest.raises(UserError, match="names slope_std twice"):
        parse(["slope_std=normal:1", "slope_std=normal:2"])


def test_terms_are_added_and_dropped():
    made = parse(add=["density"], drop=["stru", "urb"]).specification(BASELINE)
    assert made.interest == ("indus",)
    assert made.controls == ("fin", "env", "trans", "density")
    assert parse(drop=["indus2"]).specification(PAIR).interest == ("indus",)
    assert parse().specification(BASELINE) == BASELINE


@pytest.mark.parametrize(
    ("add", "drop", "sentence"),
    [
        (["stru"], [], "3.2 has it already; its terms are indus, fin"),
        (["produ"], [], "has it already"),
        ([], ["density"], "3.2 has no such term; its terms are indus, fin"),
        ([], ["indus"], "no term of interest: keep one of indus"),
    ],
)
def test_terms_that_cannot_be_added_or_dropped_are_a_sentence(add, drop, sentence):
    with pytest.raises(UserError, match=sentence):
        parse(add=add, drop=drop).specification(BASELINE)


@pytest.mark.parametrize(
    ("asked", "engine", "name"),
    [
        ({}, "", ""),
        ({}, "nuts", "nuts"),
        ({"priors": ["slope_std=normal:0:1"]}, "", "slope_std=normal_0_1"),
        ({"add": ["density"], "drop": ["stru"]}, "", "density-stru"),
        (
            {"priors": ["slope_std=normal:1"], "drop": ["stru"]},
            "nuts",
            "nuts+slope_std=normal_1-stru",
        ),
        ({"priors": ["slope_std=normal:1"], "name": "tight"}, "nuts", "tight"),
    ],
)
def test_a_variant_is_called_as_told_or_by_what_it_changes(asked, engine, name):
    assert parse(**asked).name(engine) == name


@pytest.mark.parametrize("name", ["a b", "a/b", "~x", "..", "x" * 61, "a\n"])
def test_a_name_that_cannot_be_a_files_is_refused(name):
    with pytest.raises(UserError, match="cannot be a file's name"):
        parse(name=name)


def test_a_name_made_of_too_much_is_asked_for():
    with pytest.raises(UserError, match="give one by --as"):
        parse(add=[f"term_{i}" for i in range(20)]).name()


def test_options_are_what_would_be_typed():
    variant = parse(["slope_std=normal:1"], ["density"], ["stru", "a term"], "x")
    assert from_options(variant.options("nuts"), "x") == variant
    variant = replace(variant, drop=("stru",))
    assert variant.options("nuts") == (
        "--prior slope_std=normal:1 --add density --drop stru --engine nuts"
    )


@pytest.mark.parametrize(
    ("model", "column", "priors"),
    [
        ("hierarchical", "3.2", ["slope_std=normal:1", "tau_slope_std=halfstudentt:0.2"]),
        ("pooled", "3.2", ["sigma_median_std=halfnormal:1", "tau_log_sigma=lognormal:0.5:1"]),
        pytest.param(
            "autoregressive",
            "3.2",
            ["phi=correlation:0.5:0.3", "sigma_std=halfnormal:1"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "joint",
            "7.1",
            ["partial_unit=lkj:4", "sigma_std=halfstudentt:0.5"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "growth",
            "3.2",
            ["tau_trend_std=lognormal:0.3:1", "trend_region=normal:2"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_collapsed_form_has_the_density_of_the_changed_line(model, column, priors):
    fitted = changed(*priors, model=model, column=column)
    assert integrable(fitted.priors, fit_of(column, model).priors)
    drawn = {name: v[0] for name, v in
             fitted.density.draw_prior(1, np.random.default_rng(6)).items()}  # fmt: skip
    expected, found = fitted.log_densities(drawn), fitted.density.log_prior(drawn)
    for name, value in found.items():
        assert value == pytest.approx(expected[name], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize(
    ("model", "prior"),
    [
        ("hierarchical", "slope_std=normal:0.1:1"),
        ("hierarchical", "slope_std=studentt:1"),
        ("hierarchical", "tau_slope_std=uniform:0:1"),
        ("hierarchical", "sigma_std=gamma:1:1"),
        ("growth", "phi=uniform:0:1"),
    ],
)
def test_a_prior_that_cannot_be_integrated_out_is_known(model, prior):
    own = find(model).module.PRIORS
    assert not integrable(parse([prior]).table(own), own)
    assert integrable(own, own)


def test_a_pooled_slopes_centre_and_family_reach_the_model():
    fitted = changed("slope_std=studentt:0.4:2", "const_std=uniform:-1:3")
    drawn = flat_draw(fitted)
    found = fitted.log_densities(drawn)
    offset = drawn["slope_offset"].mean() * drawn["tau_slope_std"][0]
    about = np.zeros(len(drawn["slope_std"]))
    about[list(fitted.parts.coords["coefficient"]).index("indus")] = offset
    expected = stats.t(3, 0.4 + about, 2).logpdf(drawn["slope_std"]).sum()
    assert found["slope_std"] == pytest.approx(expected, rel=1e-6)
    assert found["const_std"] == pytest.approx(np.log(1 / 4), rel=1e-6)


@pytest.mark.parametrize("model", [model.name for model in MODELS])
def test_every_line_of_every_model_can_be_changed(model):
    kinds = {
        "Normal": "normal:0.7", "ZeroSumNormal": "zerosumnormal:0.7", "LKJ": "lkj:3",
        "Correlation": "correlation:0.7", "Uniform": "uniform:-0.5:0.7",
    }  # fmt: skip
    for line in find(model).module.PRIORS.table:
        text = f"{line.name}={kinds.get(line.distribution, 'lognormal:0.5:0.7')}"
        assert parse([text]).table(find(model).module.PRIORS)[line.name].scale != line.scale


def test_variants_have_names_of_their_own_and_enter_nothing_of_the_paper():
    import pandas as pd

    assert called("hierarchical", "") == "hierarchical"
    table = pd.DataFrame({"panel": ["official", "official", "own-x"]})
    table["model"] = ["hierarchical", called("hierarchical", "tight"), "hierarchical"]
    assert of_the_paper(table).index.tolist() == [0]


def test_lines_that_a_model_does_not_read_are_known_from_its_definition():
    fitted = fit_of("3.2", "hierarchical")
    _, lines = prior_lines.build(fitted.model, fitted.parts, fitted.priors)
    assert "tau_slope_std" in lines
    assert "tau_log_sigma" not in lines
