"""The code that READMEs and the notebook show runs as it stands, one fit for all of it."""

import json
import re
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import analysis
from analysis.comparison.coefficients import bayes_factor
from analysis.posterior import door, trace, variants
from analysis.replication.door import replicate
from tests.helpers.fits import official

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = json.loads((ROOT / "analysis" / "quickstart.ipynb").read_text(encoding="utf-8"))
EVERY_FIT = cache(lambda column, panel: door.fit(column, panel, model="hierarchical"))


def blocks(name: str) -> list[str]:
    """Return the Python blocks of a README."""
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a user's, where 3.2 has been sampled once for all tests."""
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("Agg")
    # Priors of the first README change nothing that is looked at here.
    monkeypatch.setattr(analysis, "fit", lambda *a, priors=None: EVERY_FIT(*a), raising=False)
    few = lambda *a, draws=99: replicate(*a, draws=99)  # noqa: E731
    monkeypatch.setattr(analysis, "replicate", few, raising=False)
    official().frame.to_csv("mine.csv", index=False)
    trace.write(EVERY_FIT("3.2", "official"), Path("traces/official/3.2-hierarchical.nc"))
    yield tmp_path
    plt.close("all")


def test_the_first_readmes_python_runs(folder):
    (code,) = blocks("README.md")
    assert len(code.splitlines()) <= 10
    names: dict = {}
    exec(code, names)
    regressors = set(names["definition"].coords["regressor"])
    assert {"fin", "env", "urb", "trans"} <= regressors
    assert "stru" not in regressors


def test_reading_a_trace_leads_to_the_products_numbers(folder):
    (code,) = blocks("models/README.md")
    names: dict = {}
    exec(code, names)
    tree = names["trace"]
    for term in ("indus", "env"):
        expected = bayes_factor(tree, "slope", {"term": term})
        assert float(names["bayes_factors"].sel(term=term)) == pytest.approx(expected)
    assert float(names["bayes_factors"].sel(term="env")) > 100
    factors = names["az"].bayes_factor(tree, var_names=["slope"])["slope"]
    assert float(factors.sel(bf_type="BF10", term="env")) < 1  # what the README warns of
    with pytest.raises(KeyError, match="energy"):
        names["az"].bfmi(tree)
    assert "energy" in tree["sample_stats"].attrs


def test_the_notebook_runs_from_a_trace_to_the_published_slope(folder):
    names: dict = {}
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert names["published"]["published"].item() == 0.105
    mean = float(names["slope"].mean())
    assert names["published"]["mean"].item() == pytest.approx(mean, abs=5e-4)
    assert np.isin(["3.2", "8.1"], names["compared"]["column"]).all()


def test_the_notebook_is_kept_without_outputs():
    for cell in NOTEBOOK["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert str(ROOT) not in json.dumps(NOTEBOOK)


def test_every_spelling_of_a_prior_is_in_the_catalogue():
    text = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{form}`" in text for form in variants.forms())
