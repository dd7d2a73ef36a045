"""Estimates over draws of what is not observed."""

import numpy as np
import pytest

from analysis.replication import imputed
from analysis.shared import rubin
from analysis.specifications import select
from data.panels.panel import load_panel
from models.design import design
from models.frequentist import twfe

VARIABLES = ("produ", "indus", "fin", "env", "stru", "urb", "trans")


@pytest.fixture(scope="module")
def loaded():
    names = [f"official-imputed-{draw:02d}" for draw in (1, 2, 3)]
    panels = [load_panel(name, VARIABLES) for name in [*names, "official"]]
    return panels[:3], panels[3]


def test_slopes_of_draws_are_pooled_by_rubins_rules(loaded):
    draws, own = loaded
    (record,) = select(["3.2"])
    row = imputed.pooled({"official": draws}, {"official": own}, [record]).iloc[0]
    fits = [twfe.fit(design(panel.frame, record)) for panel in draws]
    expected = rubin.pool([f.coef[0] for f in fits], [f.se[0] ** 2 for f in fits], fits[0].df)
    assert row["panel"] == "official:imputed"
    assert row["draws"] == 3
    assert row["mean"] == pytest.approx(expected.estimate)
    assert row["se"] == pytest.approx(expected.se)
    assert (row["low"], row["high"]) == pytest.approx(expected.interval())
    assert row["estimate"] == pytest.approx(twfe.fit(design(own.frame, record)).coef[0])
    assert 0 < row["share_province"] < row["share"] < 1


def test_the_slope_per_standard_deviation_is_a_partial_correlations_scale(loaded):
    draws, own = loaded
    (record,) = select(["3.1"])
    row = imputed.pooled({"official": draws}, {"official": own}, [record]).iloc[0]
    # With one regressor the standardised slope is the correlation of two-way residuals.
    rows = []
    for panel in draws:
        wide = [panel.frame.pivot(index="province", columns="year", values=v).to_numpy()
                for v in ("produ", "indus")]  # fmt: skip
        net = [w - w.mean(0) - w.mean(1, keepdims=True) + w.mean() for w in wide]
        rows.append(np.corrcoef(net[0].ravel(), net[1].ravel())[0, 1])
    assert row["per_sd"] == pytest.approx(np.mean(rows))


def test_draws_are_told_from_other_panels(loaded):
    draws, own = loaded
    found = imputed.by_base([*draws, own])
    assert {name: len(panels) for name, panels in found.items()} == {"official": 3}
