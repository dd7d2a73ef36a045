"""The page in a real browser: no error, no sideways scroll, and what axe-core demands."""

import json
import re
from pathlib import Path

import pytest

from analysis.reporting.page import page
from analysis.shared.outputs import ROOT

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
NARROW, MIDDLE, WIDE = 390, 800, 1280

TALLEST = 9_000
"""Pixels of the page with all closed, on a wide screen."""

SLOWEST = 300_000
"""Milliseconds that the browser may take for anything: a slow machine is no fault."""

PAGES = 12
"""Of paper, at most."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason="there is no /usr/bin/chromium; .ci/run installs Debian's package where it may",
    ),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=SLOWEST
        )
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, written):
    """Return a function that opens the page; whatever it complains of fails the test."""
    contexts, complaints = [], []

    def open_(width: int = WIDE, scheme: str = "light", path: Path = written):
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
        context.set_default_timeout(SLOWEST)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("requestfailed", lambda request: complaints.append(request.url))
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-drawn=yes]")
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def sheets(path: Path) -> int:
    """Return how many pages a PDF has."""
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", content))


def open_all(tab) -> None:
    for details in tab.locator("details").all():
        details.evaluate("node => { node.open = true; }")
    tab.wait_for_function("document.querySelectorAll('.chart svg').length === 13")


def test_the_page_fits_whatever_the_width(opened):
    tab = opened(MIDDLE)
    fits = "width => document.documentElement.scrollWidth <= width"
    tab.wait_for_function(fits, arg=MIDDLE)
    open_all(tab)
    for width in (MIDDLE, NARROW, WIDE):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function(fits, arg=width)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (NARROW, "light"),
        (WIDE, "dark"),
        *(
            pytest.param(*other, marks=pytest.mark.trust)
            for other in ((NARROW, "dark"), (MIDDLE, "light"), (MIDDLE, "dark"), (WIDE, "light"))
        ),
    ],
)
def test_the_page_fits_and_axe_finds_nothing(opened, width, scheme):
    """Each colour scheme, and the ends of the widths; all pairs of them in a longer run.

    That the page fits at the width between is stated by
    `test_the_page_fits_whatever_the_width`, too.
    """
    from axe_playwright_python.sync_playwright import Axe

    tab = opened(width, scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator(".chart svg").count() == 9
    open_all(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(tab).response["violations"]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found]
    assert told == [], json.dumps(told, indent=1)
    assert tab.evaluate("window.hurt") is None


CUT = """() => {
  const shown = node => node.getClientRects().length && node.textContent.trim();
  const said = node => node.textContent.trim().slice(0, 60);
  const boxes = [...document.querySelectorAll("body *")].filter(node => !node.closest("svg") &&
    shown(node) && /hidden|clip/.test(getComputedStyle(node).overflowX) &&
    node.scrollWidth > node.clientWidth + 1);
  const labels = [...document.querySelectorAll(".chart svg text")].filter(shown).filter(node => {
    const [inner, outer] = [node, node.closest("svg")].map(each => each.getBoundingClientRect());
    return inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
      inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1 || /…$/.test(said(node));
  });
  return [...boxes, ...labels].map(said);
}"""
"""Texts that a box or a chart cuts off."""

LUMINANCE = """selector => {
  const style = getComputedStyle(document.querySelector(selector));
  const colour = selector.includes("text") ? style.fill : selector === "body"
    ? style.backgroundColor : style.color;
  const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""


@pytest.mark.parametrize("width", [NARROW, MIDDLE, WIDE])
def test_nothing_is_cut(opened, width):
    tab = opened(width)
    assert tab.evaluate(CUT) == []
    narrow = "<p id=cut style='width: 2rem; overflow: hidden; white-space: nowrap'>cut off</p>"
    tab.evaluate("markup => { document.body.insertAdjacentHTML('beforeend', markup); }", narrow)
    assert tab.evaluate(CUT) == ["cut off"]


def test_in_the_dark_words_and_labels_are_light_on_dark(opened):
    dark, light = opened(scheme="dark"), opened()
    for tab, is_dark in ((dark, True), (light, False)):
        ground = tab.evaluate(LUMINANCE, "body")
        assert (ground < 0.2) == is_dark
        for words in ("p.said", ".chart svg text"):
            assert abs(tab.evaluate(LUMINANCE, words) - ground) > 0.5


def test_navigation_and_the_skip_link_work_by_keyboard(opened):
    tab = opened()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    assert tab.url.endswith("#main")
    outline = tab.locator("nav a").first.evaluate(
        "node => { node.focus({focusVisible: true}); return getComputedStyle(node).outlineStyle; }"
    )
    assert outline == "solid"
    for section in page.SECTIONS:
        tab.locator(f"nav a[href='#{section.id}']").click()
        assert tab.locator(f"#{section.id} h2").first.is_visible()
        assert 0 <= tab.locator(f"#{section.id} h2").bounding_box()["y"] < 900


def test_pointing_at_a_dot_tells_its_numbers(opened):
    tab = opened()
    tab.locator("#chart-ladder").scroll_into_view_if_needed()
    tab.locator("#chart-ladder svg .mark-symbol path").first.hover(force=True)
    tip = tab.locator("#vg-tooltip-element")
    tip.wait_for(state="visible")
    assert "estimate" in tip.inner_text()
    assert "0.200" in tip.inner_text()


def test_another_panel_and_another_slope_can_be_chosen(opened):
    tab = opened()
    for details in tab.locator("#printed details").all():
        details.evaluate("node => { node.open = true; }")
    shown = tab.locator("#printed [data-panel='official']").first
    other = tab.locator("#printed [data-panel='official-census4']").first
    assert shown.is_visible()
    assert not other.is_visible()
    tab.locator("#panel").select_option("official-census4")
    assert other.is_visible()
    assert not shown.is_visible()
    before = tab.locator("#chart-ladder svg").inner_html()
    tab.locator("#chart-ladder select").select_option("8.1 indus")
    tab.wait_for_function(
        "before => document.querySelector('#chart-ladder svg').innerHTML !== before", arg=before
    )


def test_a_trace_opens_its_rank_plots(opened):
    tab = opened(NARROW)
    details = tab.locator("details[data-trace]").first
    tab.locator("details:has(> details[data-trace], > * details[data-trace])").first.evaluate(
        "panel => { panel.open = true; }"
    )
    details.locator("summary").click()
    ranks, energy = (details.locator(f"[data-shape={name}] svg") for name in ("ranks", "energy"))
    ranks.wait_for()
    assert "slope indus" in ranks.text_content()
    energy.wait_for()
    assert "density" in energy.text_content()


def test_it_prints_without_its_controls(opened, tmp_path):
    tab = opened()
    tab.emulate_media(media="print")
    assert not tab.locator("nav").is_visible()
    assert not tab.locator("#panel").is_visible()
    tab.pdf(path=tmp_path / "page.pdf", format="A4")
    assert 1 < sheets(tmp_path / "page.pdf") <= PAGES


REAL = ROOT / "results" / "report.html"


@pytest.mark.skipif(not REAL.exists(), reason="`make reproduce` was not run in this clone")
def test_the_page_of_this_clones_results_keeps_the_limits(opened, tmp_path):
    tab = opened(path=REAL)
    assert tab.evaluate("document.documentElement.scrollHeight") <= TALLEST
    for width in (WIDE, MIDDLE, NARROW):
        tab.set_viewport_size({"width": width, "height": 900})
        fits = "width => document.documentElement.scrollWidth <= width"
        tab.wait_for_function(fits, arg=width)
    tab.set_viewport_size({"width": WIDE, "height": 900})
    tab.emulate_media(media="print")
    tab.pdf(path=tmp_path / "page.pdf", format="A4")
    assert sheets(tmp_path / "page.pdf") <= PAGES


def test_the_first_screen_holds_answer_picture_and_numbers(opened):
    tab = opened()
    height = tab.evaluate("document.documentElement.scrollHeight")
    assert height <= TALLEST
    for shown in ("#answer .said", "#chart-headline svg", "#answer .numbers"):
        box = tab.locator(shown).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_a_claim_opens_by_keyboard(opened):
    tab = opened()
    line = tab.locator(".claims details").first
    line.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert line.get_attribute("open") is not None
    assert line.locator("table").is_visible()
