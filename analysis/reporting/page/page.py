"""Build the page: its sections as records, each made from results/ and traces/.

A section whose tables have not been made says so and names the command that makes them. All text
goes through the template's escaping or Great Tables'; only the project's own style and scripts
do not.
"""

from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.reporting.page import charts
from analysis.reporting.page.blocks import Made, Section
from analysis.reporting.page.studies import (
    analyses,
    dynamic,
    multiverse,
    provinces,
    sensitivity,
    why,
)
from analysis.reporting.page.tables import paper_tables, regions
from analysis.reporting.page.traces import Trace
from analysis.reporting.page.trust import audited, barg, health, provenance
from analysis.reporting.page.verdicts import answer, headline
from analysis.shared.outputs import Outputs
from data.files import replacing

TEMPLATES = Path(__file__).parent / "templates"


TITLE = "Which claims of Ye (2024) stand"


SECTIONS = (
    Section("answer", "Which claims stand", "Which claims stand", "结论", answer),
    Section("ladder", "Ladder", "Which step moves the slope", "", headline),
    Section("tables", "Tables 2–8", "The paper’s tables", "表 2–8", paper_tables),
    Section("regions", "Regions", "Slopes by region", "区域异质性", regions),
    Section("dynamic", "Dynamics", "The dynamic panel", "内生性检验", dynamic),
    Section("why", "Why they differ", "Why official and published differ", "", why),
    Section("multiverse", "Multiverse", "Under every defensible choice", "", multiverse),
    Section("provinces", "Provinces", "The 31 provinces", "31 个省份", provinces),
    Section(
        "power", "Power", "What the rows could find, and who carries it", "", analyses("power")
    ),
    Section("sensitivity", "Sensitivity", "Priors and sensitivity", "稳健性", sensitivity),
    Section("audit", "Audit", "Audit of the printed tables", "", audited),
    Section("health", "Diagnostics", "Health of every fit", "", health),
    Section("barg", "BARG", "Reporting guidelines", "", barg),
    Section("provenance", "Provenance", "Where everything comes from", "数据来源", provenance),
)
"""The page in its order; a new section is a record here."""


def render(made: Made) -> str:
    """Render the page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        {
            **{name: getattr(section, name) for name in ("id", "short", "title", "zh")},
            "blocks": list(section.make(made)),
        }
        for section in SECTIONS
    ]
    own = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in OWN}
    return environment.get_template("page.html.j2").render(
        title=TITLE,
        sections=sections,
        charts=made.drawn,
        traces={
            trace.name: {"ranks": trace.ranks, "energy": trace.energy} for trace in made.traces
        },
        shapes={"ranks": charts.spec(charts.ranks()), "energy": charts.spec(charts.energy())},
        bundle=vl_convert.javascript_bundle(),
        style=own["style.css"],
        script=own["page.js"],
    )


OWN = ("style.css", "page.js")
"""Files that go into the page as they are."""


def write(outputs: Outputs, traces: list[Trace]) -> Path:
    """Write results/report.html, whole or not at all."""
    path = outputs.results / "report.html"
    page = render(Made(outputs.results, traces, {}))
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
