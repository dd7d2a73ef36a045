"""Build the page: its sections as records, each made from results/ and traces/.

A section whose tables are missing names the command that makes them. All text goes through the
template's escaping or Great Tables'; only the project's own style and scripts do not.
"""

from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.reporting.page import charts
from analysis.reporting.page.blocks import Results, Section
from analysis.reporting.page.studies import (
    analyses,
    dynamic,
    provinces,
    sensitivity,
)
from analysis.reporting.page.study import SECTIONS as OF_STUDY
from analysis.reporting.page.tables import paper_tables, regions
from analysis.reporting.page.traces import Trace
from analysis.reporting.page.trust import audited, barg, health, provenance
from analysis.reporting.page.verdicts import answer, headline
from analysis.shared.outputs import Outputs
from analysis.specifications import PAPER, Study, current
from data.files import replacing

TEMPLATES = Path(__file__).parent / "templates"


TITLE = "Verdicts on the claims of Ye (2024)"

SECTIONS = (
    Section("answer", "Verdicts", "Verdicts on the claims", "结论", answer),
    Section("ladder", "Ladder", "The ladder of models", "", headline),
    Section("tables", "Tables 2–8", "The paper’s tables", "表 2–8", paper_tables),
    Section("regions", "Regions", "Slopes by region", "区域异质性", regions),
    Section("horizon", "Horizon", "At which horizon?", "", analyses("horizon")),
    Section("dynamic", "Dynamics", "The dynamic panel", "内生性检验", dynamic),
    Section(
        *("why", "Decomposition", "Why official and published slopes differ", ""), analyses("why")
    ),
    Section(
        "multiverse", "Multiverse", "Multiverse of analysis choices", "", analyses("multiverse")
    ),
    Section("provinces", "Provinces", "The 31 provinces", "31 个省份", provinces),
    Section("power", "Power", "Power, influence and recovery of slopes", "", analyses("power")),
    Section("sensitivity", "Sensitivity", "Priors and sensitivity", "稳健性", sensitivity),
    Section("audit", "Audit", "Audit of the printed tables", "", audited),
    Section("health", "Diagnostics", "Diagnostics of every fit", "", health),
    Section("barg", "BARG", "Reporting guidelines", "", barg),
    Section("provenance", "Provenance", "Data, code and versions", "数据来源", provenance),
)
"""The page in its order; a new section is a record here."""


def render(results: Results, study: Study = PAPER) -> str:
    """Render the page of the paper, or of a study."""
    of_paper = study is PAPER
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
            "blocks": list(section.make(results)),
        }
        for section in (SECTIONS if of_paper else OF_STUDY)
    ]
    project_files = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in OWN}
    return environment.get_template("page.html.j2").render(
        title=TITLE if of_paper else study.title,
        citation="" if of_paper else study.citation,
        of_paper=of_paper,
        sections=sections,
        charts=results.drawn,
        traces={
            trace.name: {"ranks": trace.ranks, "energy": trace.energy} for trace in results.traces
        },
        shapes={"ranks": charts.spec(charts.ranks()), "energy": charts.spec(charts.energy())},
        bundle=vl_convert.javascript_bundle(),
        style=project_files["style.css"],
        script=project_files["page.js"],
    )


OWN = ("style.css", "page.js")
"""Files that go into the page as they are."""


def write(outputs: Outputs, traces: list[Trace]) -> Path:
    """Write results/report.html, whole or not at all."""
    path = outputs.results / "report.html"
    page = render(Results(outputs.results, traces, {}), current())
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
