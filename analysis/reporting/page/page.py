"""Build the page: its sections as records, each made from results/ and traces/.

A section whose tables are missing names the command that makes them. All text goes through the
template's escaping or Great Tables'; only the project's own style and scripts do not.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.reporting import status
from analysis.reporting.page import answers, charts
from analysis.reporting.page.blocks import Block, Results, Section
from analysis.reporting.page.opening import opening
from analysis.reporting.page.studies import analyses, dynamic, provinces, sensitivity
from analysis.reporting.page.study import SECTIONS as OF_STUDY
from analysis.reporting.page.tables import paper_tables, regions
from analysis.reporting.page.traces import Trace
from analysis.reporting.page.trust import audited, barg, health, provenance
from analysis.reporting.page.verdicts import controls, counted, headline, verdicts
from analysis.shared.outputs import Outputs
from analysis.shared.products import PRODUCTS
from analysis.shared.provenance import Digests, record_of, snapshot
from analysis.shared.runs import Run, told
from analysis.specifications import PAPER, Study, current, worded
from data.shared.files import replacing

TEMPLATES = Path(__file__).parent / "templates"

TITLE = "Does industrial agglomeration raise new quality productive forces?"


def _short(results: Results) -> str:
    claims = results.ledger["claims"]
    return answers.short(results, claims[0])


SECTIONS = (
    Section("answer", "Answer", "The answer in short", "", _short, {"answer": opening}),
    Section("claims", "Verdicts", "Verdicts on the claims", "结论", counted, {"claims": verdicts}),
    Section(
        *("printed", "Printed", "What did the paper print?", "表 2–8", answers.printed),
        {"tables": paper_tables, "audit": audited},
    ),
    Section(
        *("replication", "Replication", "Can it be replicated?", "", answers.replicated),
        {"why": analyses("why")},
    ),
    Section(
        *("posterior", "Posterior", "What does an honest posterior say?", "区域异质性"),
        answers.posterior,
        {"ladder": headline, "controls": controls, "regions": regions},
    ),
    Section(
        *("horizon", "Horizon", "At which horizon?", "内生性检验", answers.horizon),
        {"horizon": analyses("horizon"), "dynamic": dynamic},
    ),
    Section(
        *("moves", "Sensitivity", "What moves it?", "稳健性", answers.moves),
        {"multiverse": analyses("multiverse"), "provinces": provinces, "sensitivity": sensitivity},
        paragraphs=1,
    ),
    Section(
        *("power", "Power", "How small a slope can these data show?", "", answers.reach),
        {"power": analyses("power")},
        paragraphs=1,
    ),
    Section(
        *("sampler", "Sampler", "Can I trust the sampler?", "", answers.sampler),
        {"health": health, "barg": barg, "provenance": provenance},
    ),
)
"""The page in its order; a new section is a record here."""


def blocks_of(section: Section, results: Results, digests: Digests) -> list[Block]:
    """Return the blocks of a section, and the runs behind committed tables in it."""
    results.read.clear()
    answer = section.answer(results)
    blocks: list[Block] = [{"kind": "said", "text": answer}] if answer else []
    for make in section.parts.values():
        blocks += make(results)
    return arranged(blocks, section.paragraphs) + list(stored(results, digests))


def arranged(blocks: list[Block], shown: int) -> list[Block]:
    """Put a section's charts beside each other, after its words and before what opens."""
    drawn = [block for block in blocks if block["kind"] == "chart"]
    words = [block for block in blocks if block["kind"] in ("said", "text", "missing")]
    if not drawn:
        return blocks
    remaining = [block for block in blocks if block not in drawn and block not in words]
    if paragraphs := [block for block in words if block["kind"] == "text"][shown:]:
        words = [block for block in words if block not in paragraphs]
        text = "\n\n".join(str(block["text"]) for block in paragraphs)
        remaining.insert(0, {"kind": "folded", "summary": "More in words", "text": text})
    return [*words, {"kind": "charts", "rows": drawn}, *remaining]


def grouped(blocks: list[Block]) -> list[Block]:
    """Put neighbours that open on request together: a wide screen has two in a row."""
    groups = groupby(blocks, key=lambda block: block["kind"] == "folded")
    return [
        block
        for folds, neighbours in groups
        for block in ([{"kind": "folds", "rows": list(neighbours)}] if folds else neighbours)
    ]


def stored(results: Results, digests: Digests) -> Iterator[Block]:
    """Yield what opens on the runs behind committed tables that were read, and their age.

    Tables of the same commits are named together; their commands are in provenance.json.
    """
    outputs = Outputs(results.folder.parent)
    long = {product.name: product for product in PRODUCTS if product.long}
    groups: dict[tuple, list[str]] = {}
    made_by: dict[tuple, list[Run]] = {}
    old = []
    for product in [long[name] for name in dict.fromkeys(results.read) if name in long]:
        record = record_of(product, outputs)
        runs = list(record.runs.values()) if record else []
        state, _ = status.judge(product, outputs, digests, {})
        old += [product.name] if state != status.CURRENT else []
        group = tuple(dict.fromkeys((run.commit, run.processor) for run in runs))
        groups.setdefault(group, []).append(product.name)
        made_by.setdefault(group, []).extend(runs)
    if not groups:
        return
    lines = [f"{NOT_REPEATED} Of: {', '.join(old)}."] if old else []
    lines += [
        f"{', '.join(names)}: {told(made_by[group]) or 'by an unknown run'}."
        for group, names in groups.items()
    ]
    summary = "Which runs these numbers are from" + (", and which were not repeated" if old else "")
    yield {"kind": "folded", "summary": summary, "text": "\n\n".join(lines)}


NOT_REPEATED = (
    "These simulations were not repeated after the last change of the code. A repeat may move "
    "their numbers."
)


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
    digests = snapshot(Outputs(results.folder.parent))
    sections = [
        {
            **{name: getattr(section, name) for name in ("id", "short", "title", "zh")},
            "blocks": grouped(
                [_in_its_words(block) for block in blocks_of(section, results, digests)]
            ),
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


def _in_its_words(block: Block) -> Block:
    """Return a study's block, and blocks in it, in the study's words; the paper's as it is."""
    said = {key: worded(value) if isinstance(value, str) else value for key, value in block.items()}
    if block["kind"] in ("charts", "folds"):
        said["rows"] = [_in_its_words(inner) for inner in block["rows"]]
    return said


OWN = ("style.css", "page.js")
"""Files that go into the page as they are."""


def write(outputs: Outputs, traces: list[Trace]) -> Path:
    """Write results/report.html, whole or not at all."""
    path = outputs.results / "report.html"
    page = render(Results(outputs.results, traces), current())
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
