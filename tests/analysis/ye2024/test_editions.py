"""The first edition's panels beside today's, on made-up traces and real panels."""

import numpy as np
import pandas as pd
import pytest

from analysis.claims.records import EVIDENCE
from analysis.shared import products, provenance
from analysis.shared.frames import of_the_paper
from analysis.shared.outputs import Outputs
from analysis.specifications import SPECIFICATIONS, evidence_model, select
from analysis.ye2024 import editions
from analysis.ye2024.claims import CLAIMS
from data.panels.panel import load_panel
from models.frequentist import twfe

VARIABLES = tuple(dict.fromkeys(name for record in SPECIFICATIONS for name in record.variables))
MAIN = [claim for claim in CLAIMS if claim.id in ("H1a", "east")]


@pytest.fixture(scope="module")
def panels():
    names = [each for name in EVIDENCE for each in (editions.first_of(name), name)]
    return {name: load_panel(name, VARIABLES) for name in names}


def comparison(panels):
    rows = [
        {
            "panel": panel,
            "model": evidence_model(*select(["3.2"])),
            "fitted_column": "3.2",
            "column": claim.column,
            "term": "indus",
            "mean": 0.1,
            "q025": 0.0,
            "q975": 0.2,
            "p_same_sign": 0.9 if panel.endswith("@1") else 0.8,
            "gate": "pass",
            "fits": "pass",
            "agreement": "uncertain",
        }
        for panel in panels
        for claim in MAIN
    ]
    return {"comparison": pd.DataFrame(rows), "turning_points": pd.DataFrame()}


def test_every_claim_has_a_row_for_each_official_panel_with_both_editions(panels):
    table = editions.slopes(MAIN, panels, comparison(panels))
    assert list(table) == list(editions.COLUMNS)
    assert table[["claim", "panel"]].to_numpy().tolist() == [
        [claim.id, panel] for claim in MAIN for panel in EVIDENCE
    ]
    assert table["probability_first"].eq(0.9).all()
    assert table["probability_today"].eq(0.8).all()
    own = table.set_index(["claim", "panel"]).loc[("H1a", EVIDENCE[0])]
    (record,) = select(["3.2"])
    fit = twfe.fit(editions.design(panels["official@1"].frame, record))
    assert own["estimate_first"] == pytest.approx(fit.coef[0])
    # The first edition's baseline, as it was published with it.
    assert round(own["estimate_first"], 3) == 0.155
    assert round(own["se_first"], 3) == 0.053


def test_rows_of_columns_that_were_not_asked_for_stay(panels, tmp_path):
    outputs, product = Outputs(tmp_path), products.find("editions")
    other = [claim for claim in CLAIMS if claim.column == "3.1"]
    whole = editions.slopes([*MAIN, *other], panels, comparison(panels))
    provenance.store(product, whole, outputs, provenance.snapshot(outputs))
    before = (tmp_path / product.file).read_text()
    part = editions.slopes(other, panels, comparison(panels)).assign(estimate_today=0.5)
    assert provenance.store(product, part, outputs, provenance.snapshot(outputs)) == len(whole)
    after = (tmp_path / product.file).read_text()
    assert [line for line in before.splitlines() if ",3.1," not in line] == [
        line for line in after.splitlines() if ",3.1," not in line
    ]
    assert after.count(",3.1,") == after.count(",0.5,") == 3


def test_what_has_not_been_sampled_is_empty(panels):
    tables = comparison(panels)
    tables["comparison"] = tables["comparison"].query("panel != 'official'")
    table = editions.slopes(MAIN, panels, tables).set_index(["claim", "panel"])
    assert np.isnan(table.loc[("H1a", "official"), "mean_today"])
    shown = editions.shown(table.reset_index())
    assert shown["posterior, today"].iloc[0] == ""
    assert shown["posterior, first"].iloc[0] == "0.100 [0.000, 0.200]"


def test_the_columns_behind_all_claims_are_fitted_once_each():
    fits = editions.fits(CLAIMS)
    columns = [record.column for records in fits.values() for record in records]
    assert len(columns) == len(set(columns))
    assert {"3.2", "5.1", "6.1", "7.3"} <= set(columns)
    assert {"8.1", "8.2", "8.3"}.isdisjoint(columns)  # slopes by region of 3.2


def test_table_2_stands_beside_both_editions(panels):
    table = editions.descriptive(panels).set_index(["panel", "variable"])
    urb = table.loc[("official", "urb")]
    assert urb["matches_first"] == urb["matches_today"] == 4
    assert len(table) == 3 * 13


def test_superseded_panels_enter_no_table_of_the_paper():
    rows = pd.DataFrame({"panel": ["official", "official@1", "official-census4@1", "own-mine"]})
    assert of_the_paper(rows)["panel"].tolist() == ["official"]
