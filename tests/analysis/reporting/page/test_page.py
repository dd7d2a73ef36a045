"""The page: self-contained, escaped, complete, and it says what is not there."""

import html
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import typer
import xarray as xr

from analysis.__main__ import app
from analysis.claims import ledger, rule
from analysis.reporting.page import barg, charts, page, traces
from analysis.reporting.page.blocks import Results
from analysis.reporting.page.verdicts import controls
from analysis.shared.outputs import Outputs
from analysis.shared.products import PRODUCTS
from analysis.simulation.dynamic_study import verdict
from analysis.ye2024.claims import CLAIMS
from data.panels.provinces import PROVINCES
from models.bayesian.registry import MAIN
from tests.helpers import report_results


class Outline(HTMLParser):
    """Elements in order, with their attributes."""

    def __init__(self):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def text(written) -> str:
    return written.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(text) -> list[tuple[str, dict]]:
    parser = Outline()
    parser.feed(re.sub(r"(?s)<script>.*?</script>", "", text))
    return parser.tags


def test_nothing_is_fetched(outline):
    places = [a[k] for tag, a in outline for k in ("src", "href", "data", "action") if k in a]
    outside = [p for p in places if not p.startswith(("#", "data:"))]
    assert outside == ["https://doi.org/10.12677/ecl.2024.133780"]
    assert {tag for tag, _ in outline}.isdisjoint({"iframe", "object", "img", "base"})


def test_a_users_markup_is_text(text):
    assert report_results.HOSTILE not in text
    assert text.count("&lt;script&gt;window.hurt = 1&lt;/script&gt;") >= 2  # a table, and a trace
    assert "\\u003cscript\\u003ewindow.hurt = 1\\u003c/script\\u003e" in text  # in a script's data


def test_headings_are_in_order_and_sections_can_be_reached(outline):
    levels = [int(tag[1]) for tag, _ in outline if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    anchors = {a["href"][1:] for tag, a in outline if tag == "a" and a["href"].startswith("#")}
    identities = {a["id"] for _, a in outline if "id" in a}
    assert {section.id for section in page.SECTIONS} | {"main"} == anchors
    assert anchors <= identities


def test_every_header_cell_has_its_scope_and_every_table_its_caption(outline):
    assert all("scope" in attributes for tag, attributes in outline if tag == "th")
    tags = [tag for tag, _ in outline]
    titles = {a["aria-labelledby"] for tag, a in outline if tag == "table" and len(a) > 1}
    identities = [a["id"] for _, a in outline if "id" in a]
    assert titles <= set(identities)
    assert len(identities) == len(set(identities))
    assert tags.count("table") == tags.count("caption") + len(titles) > 5


def test_a_cell_shows_printed_implied_official_and_posterior(text):
    cell = re.search(
        r'(?s)<th scope="row">industrial agglomeration \(indus\)</th>(.*?)</tr>', text
    )[1]
    shown = re.sub(r"<[^>]+>", " ", cell)
    assert re.search(r"P\s+0\.105\*\*\* \(0\.031\)", shown)
    assert re.search(r"X\s+0\.200\*\* \(0\.100\)", shown)
    assert len(re.findall(r"R\s+0\.200\*\* \(0\.100\)", shown)) == 3
    assert len(re.findall(r"B\s+0\.150 \[-0\.050, 0\.350\]", shown)) == 3


def test_what_is_not_made_is_named_with_its_command(text):
    named = set(re.findall(r"<code>python -m analysis ([\w-]+)", text))
    assert named >= {"gmm-grid", "audit", "sensitivity"}
    assert named | {product.command.split()[0] for product in PRODUCTS} <= set(
        typer.main.get_command(app).commands
    )


def test_the_question_of_the_root_is_answered(text):
    plain = html.unescape(text)
    assert verdict.QUESTION in plain
    panels = ledger.EVIDENCE[1:] + ledger.IMPLIED
    first = f"ρ is 1.100 [1.050, 1.200] ({ledger.EVIDENCE[0]}): ρ > 1 is in the data; ρ is"
    assert first in plain
    others = ", ".join(f"1.100 [0.900, 1.200] ({panel})" for panel in panels)
    assert f"ρ is {others}: the printed ρ > 1 is not supported." in plain
    assert "1.100 (0.050) [1.050, 1.200]" in plain


def test_the_first_screen_answers_from_the_ledger(text):
    plain = html.unescape(text)
    assert (
        "The paper says yes: one more unit of industrial agglomeration (indus) raises new quality "
        "productive forces (produ) by 0.105*** (0.031)."
    ) in plain
    assert "leave it undecided" in plain
    assert f"the main model, called {MAIN}, puts the slope at 0.150, with a probability" in plain
    assert "of 0.900 of a positive sign; a verdict needs 0.975." in plain
    numbers = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", plain)
    assert [value for _, value in numbers][:2] == ["0.105*** (0.031)", "0.150"]
    assert numbers[3][1] == f"0 of {len(rule.rows(CLAIMS))}"


def test_every_section_begins_with_its_answer(text):
    for section in page.SECTIONS:
        body = re.search(rf'(?s)<section id="{section.id}".*?</h2>\s*(<\w+[^>]*>)', text)[1]
        assert body == '<p class="said">' or section.id in UNANSWERED


UNANSWERED = {"printed", "replication"}
"""Without an audit, and without a count of matches."""


def test_a_claim_is_one_line_with_its_evidence_inside(text):
    lines = re.findall(r'(?s)<div class="claims">(.*?)\n</div>\n<div class="folds">', text)[0]
    assert lines.count('<span class="statement">') == len(rule.rows(CLAIMS))
    assert "Evidence on H1a" in lines


def test_stored_tables_say_their_run_and_their_age_where_a_reader_opens_them(text):
    plain = html.unescape(text)
    folds = re.findall(r"(?s)<details><summary>Which runs [^<]*</summary>.*?</details>", plain)
    of_power = next(fold for fold in folds if re.search(r"\bpower\b", fold))
    assert "which were not repeated" in of_power
    old = re.search(rf"{re.escape(page.NOT_REPEATED)} Of: ([^.]*)\.", of_power)[1].split(", ")
    assert {"power", "recovery"} <= set(old)
    assert re.search(r"power[^.]*: by an unknown run\.", of_power)
    outside = re.sub(r"(?s)<details>.*?</details>|<script.*?</script>", "", plain)
    assert "commit" not in outside


def test_what_stands_between_backticks_is_code(text):
    assert "`" not in re.sub(r"(?s)<(script|style|pre).*?</\1>", "", text)


def test_a_control_whose_posterior_has_the_other_sign_is_said(tmp_path):
    report_results.write(tmp_path / "results")
    for name, column, value in (("replication", "published", "-0.648"), ("comparison", "", "")):
        path = tmp_path / f"results/{name}.csv"
        frame = pd.read_csv(path, dtype=str)
        urb = frame[frame["column"] == "3.2"].assign(term="urb")
        if column:
            urb.loc[urb["statistic"] == "coef", column] = value
        else:
            urb = urb.assign(q025="0.1", q975="0.3", mean="0.2")
        pd.concat([frame, urb]).to_csv(path, index=False)
    said = [b["text"] for b in controls(Results(tmp_path / "results", [])) if b["kind"] == "text"]
    assert "urb (printed -0.648, two-way fixed effects 0.200, posterior 0.200)" in said[0]


def test_a_failed_gate_is_said(text):
    assert "1 of 2 fits pass" in text
    assert '<span class="v-bad">fail</span>' in text


def test_an_empty_folder_gives_a_page_of_commands(tmp_path):
    text = page.write(Outputs(tmp_path), []).read_text(encoding="utf-8")
    commands = ("replicate", "compare", "sample", "dynamic", "simulate", "decompose", "multiverse",
                "power", "recover", "influence", "audit")  # fmt: skip
    for command in commands:
        assert f"<code>python -m analysis {command}" in text


def test_charts_are_json_that_holds_their_data(text):
    block = re.search(r'(?s)<script type="application/json" id="charts">(.*?)</script>', text)[1]
    found = json.loads(block)
    assert set(found) == {
        *("headline", "ladder", "regions", "waterfall", "tiles", "autoregressive", "responses"),
        *("universes", "variance"),
    }
    assert all(spec["datasets"] for spec in found.values())


def test_every_province_has_a_tile_of_its_own():
    assert set(charts.TILES) == {province.name for province in PROVINCES}
    assert len(set(charts.TILES.values())) == 31


# --- ranks --------------------------------------------------------------------------------------


def test_even_chains_have_level_ranks_and_a_stuck_one_has_not():
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(4, 1000))
    even = np.array(traces.shares(draws))
    assert even.shape == (4, traces.BINS)
    np.testing.assert_allclose(even.sum(axis=1), traces.BINS, atol=0.02)
    assert np.abs(even - 1).max() < 0.6
    draws[0] += 3
    assert np.array(traces.shares(draws))[0, -1] > 3


def test_ranks_name_the_elements_of_what_is_reported():
    draws = np.random.default_rng(2).normal(size=(2, 50, 2))
    posterior = xr.Dataset(
        {
            "slope": (("chain", "draw", "term"), draws),
            "sigma": (("chain", "draw"), draws[..., 0]),
            "constant": (("chain", "draw"), np.ones((2, 50))),
        },
        coords={"term": ["indus", "fin"]},
    )
    found = [each["variable"] for each in traces.ranks(posterior)]
    assert found == ["slope indus", "slope fin", "sigma"]


def test_moves_of_the_energy_stand_beside_its_distribution():
    draws = np.random.default_rng(3).normal(100, 5, size=(4, 2000))
    found = traces.energy(xr.Dataset({"energy": (("chain", "draw"), draws)}))
    sd = {}
    for kind in ("energy", "its moves"):
        at, density = np.array([(p["at"], p["density"]) for p in found if p["kind"] == kind]).T
        sd[kind] = np.sqrt((density * at**2).sum() / density.sum())
    # Independent draws: moves of √2 sd, a little less for what lies outside the frame.
    assert sd["energy"] == pytest.approx(1, abs=0.05)
    assert sd["its moves"] == pytest.approx(np.sqrt(2), abs=0.06)
    assert traces.energy(xr.Dataset()) == []


def test_the_checklist_says_what_is_missing():
    none = barg.checklist([], {})
    every = barg.checklist(report_results.traces(), {product.name: True for product in PRODUCTS})
    assert none["answer"].str.startswith("Not made yet").sum() == 5
    assert not every["answer"].str.contains("Not made yet").any()
    assert every["answer"].str.contains("1 of 2 traces pass").any()
