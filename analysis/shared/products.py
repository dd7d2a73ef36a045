"""Every output of the project once: its file, its command, what it is made from, where it shows.

Words alone: nothing is computed here. The commands, `status`, the gallery, the report, the summary
of `reproduce` and the README's table "Find a result" are derived from these records; the Makefile
and pixi.toml are checked against them by a test. A new output is a record here.

Longer than 400 lines because it is one list, with a line or more for each of some sixty outputs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

PANELS, TRACES = "panels", "traces"
"""Inputs that are no product of results/: the named panels and all posteriors."""

PUBLISHED, CODE = "published", "code"
"""Inputs by `Product.printed` and `Product.code`."""

LONG = "results/long"
"""Folder of the tables that take minutes to hours; it is committed, with provenance.json."""


@dataclass(frozen=True)
class Product:
    """One output of a command.

    Attributes
    ----------
    name : str
        What others call it: the file's stem, or "traces".
    file : str
        Below the root.
    command : str
        What makes it: `python -m analysis COMMAND`.
    sentence : str
        What it says; products that share a sentence share a row of a table.
    inputs : tuple of str
        What it is always made from: products, `PANELS`, `TRACES`, or "traces/PATTERN" for the
        posteriors of the models whose names match.
    reads : tuple of str
        What goes into it where it has been made.
    keys : tuple of str
        Columns that name a part, such as panel and column. A command that makes some parts
        leaves the others; without keys the product is made as a whole.
    finer : tuple of (str, str)
        A value of the last key, and a column that is a key, too, of rows with that value.
    scope : str
        Which published columns a whole product has, on each named panel ("every", "dynamic",
        "headline"); "traces" if it has each posterior; empty if no part can be missing.
    shown : tuple of str
        Where: "report SECTION", "README BLOCK", "gallery".
    pictures : tuple of str
        Files below figures/, without their suffix.
    needed : bool
        Whether the one page of results needs it.
    main : bool
        Whether `reproduce` makes it.
    note : str
        What the README says beside the command.
    runs : tuple of str
        Command lines by which a release makes it, by default the command alone; `{every}`,
        `{official}` and `{draws}` stand for all panels, for the official ones and for all draws of
        what these do not observe, `{baseline}` for the headline's first column.
    series : bool
        Whether its command needs the official series, which a clone does not have.
    """

    name: str
    file: str
    command: str
    sentence: str
    inputs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    finer: tuple[tuple[str, str], ...] = ()
    scope: str = ""
    shown: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    needed: bool = False
    main: bool = False
    note: str = ""
    runs: tuple[str, ...] = ()
    series: bool = False

    @property
    def code(self) -> tuple[str, ...]:
        """Modules, and packages, that compute it: a change in what they import counts, too."""
        return COMPUTED_BY.get(self.command, ())

    @property
    def long(self) -> bool:
        """Whether it is committed, so that a clone has it without a run."""
        return self.file.startswith(f"{LONG}/")

    @property
    def printed(self) -> bool:
        """Whether the printed tables are among its inputs."""
        return self.command in BESIDE_PRINTED


MODELS = "models.bayesian"
"""Of what fits models itself, and does not read their traces."""

COMPUTED_BY = {
    "fingerprints": ("data.ye2024.fingerprints",),
    "replicate": ("analysis.replication.replicate", "analysis.replication.imputed"),
    "thin": ("analysis.posterior.thin", MODELS),
    "diagnose": ("analysis.posterior.diagnose",),
    "compare": tuple(
        f"analysis.comparison.{name}" for name in ("tables", "ensemble", "imputed", "ladder")
    ),
    "gmm-grid": ("analysis.comparison.gmm_grid",),
    "dynamic": ("analysis.comparison.dynamic",),
    "simulate": ("analysis.simulation.dynamic_study", MODELS),
    "check": ("analysis.posterior.predictive_checks",),
    "sensitivity": ("analysis.robustness.sensitivity", MODELS),
    "scale-sweep": ("analysis.robustness.scale_sweep", MODELS),
    "horizon": ("analysis.robustness.horizon",),
    "influence": ("analysis.robustness.influence",),
    "power": ("analysis.simulation.power", "analysis.comparison.power", MODELS),
    "recover": ("analysis.simulation.recovery", MODELS),
    "candidates": ("analysis.simulation.size", "analysis.comparison.power", MODELS),
    "last-two": ("analysis.simulation.size", "analysis.comparison.power", MODELS),
    "imputation-study": ("analysis.ye2024.imputation.study",),
    "imputation-outcome": ("analysis.ye2024.imputation.outcome",),
    "false-findings": ("analysis.simulation.false_findings", MODELS),
    "calibrate": ("analysis.simulation.calibration", MODELS),
    "multiverse": (
        *("analysis.ye2024.multiverse", "analysis.robustness.multiverse.all_summary"),
        *("analysis.robustness.multiverse.all_universes", MODELS),
    ),
    "audit": ("analysis.audit.run", "analysis.ye2024.audit"),
    "decompose": ("analysis.ye2024.decomposition",),
    "reconstruct": ("analysis.ye2024.reconstruction.run",),
    "reconstruct-ensemble": ("analysis.ye2024.reconstruction.ensemble",),
    "reconstruct-bounds": ("analysis.ye2024.reconstruction.bounds",),
    "editions": ("analysis.ye2024.editions",),
    "first-edition": (
        *("analysis.claims.first_edition", "analysis.comparison.tables"),
        "analysis.ye2024.claims",
    ),
    "claims": ("analysis.claims", "analysis.ye2024.claims"),
    "report": ("analysis.reporting.page",),
}
"""By command. Traces carry a hash of their code themselves; benchmarks measure a machine."""

BESIDE_PRINTED = {
    *("fingerprints", "replicate", "compare", "gmm-grid", "dynamic", "power", "candidates"),
    *("editions", "first-edition"),
    *("last-two", "multiverse", "audit", "decompose"),
    *("reconstruct", "reconstruct-ensemble", "reconstruct-bounds"),
}
"""Commands that read the printed tables themselves."""

CELL, FIT = ("panel", "column"), ("panel", "column", "model")
"""Keys: a published column on a panel, and a model of it."""

SCREENED = "candidates --deciding"
"""How a release screens the candidates for the main model."""


def _table(name: str, command: str, sentence: str, **more: object) -> Product:
    return Product(name, f"results/{name}.csv", command, sentence, **more)


def _long(name: str, command: str, sentence: str, **more: object) -> Product:
    """Return a table that is committed."""
    return Product(name, f"{LONG}/{name}.csv", command, sentence, **more)


def _compared(name: str, sentence: str, **more: object) -> Product:
    """Return a table of `compare`, which reads all posteriors at once."""
    inputs = (TRACES, "replication")
    return _table(name, "compare", sentence, **{"inputs": inputs, "main": True} | more)


def _refitted(name: str, **more: object) -> Product:
    sentence = "sensitivity of posteriors to priors, and to each province and year "
    words = {"inputs": (PANELS,), "keys": FIT, "shown": ("report sensitivity",)} | more
    words["runs"] = ("sensitivity", "sensitivity --all")
    sentence = f"{sentence}(`--all`: of every column)"
    return _long(f"sensitivity_{name}", "sensitivity", sentence, **words)


def _crossed(name: str, **more: object) -> Product:
    sentence = (
        "**multiverse of every slope**: shares of sign and significance, share of variance by "
        "choice, posteriors by error structure (`--posteriors all`: in every distinct universe)"
    )
    note = "half an hour, `--posteriors all` as long again; finished batches are kept"
    words = {"inputs": (PANELS,), "shown": ("report multiverse",), "note": note} | more
    words["runs"] = ("multiverse", "multiverse --posteriors all")
    return _long(name, "multiverse", sentence, **words)


PRODUCTS = (
    _table("fingerprints", "fingerprints", "construction choices against Table 2",
           main=True),
    _table("replication", "replicate", "Tables 2–8, printed number beside estimate",
           inputs=(PANELS,), keys=CELL, finer=(("2", "term"),), scope="every", needed=True,
           main=True, shown=("report tables", "README headline", "README matches",
                             "README reconstruction")),
    Product("imputed", "results/long/imputed.csv", "replicate",
            "the paper's estimates over draws of what is not observed: pooled by Rubin's rules, "
            "share of variance from imputation", inputs=(PANELS,), keys=CELL,
            shown=("README imputed",),
            runs=("replicate {draws}",),
            note="`--panel official:imputed`, also of the other official panels; a minute"),
    Product("traces", "traces/<panel>/<column>-<model>.nc", "sample",
            "posteriors, one NetCDF for each panel, column and model", inputs=(PANELS,),
            needed=True, main=True, shown=("report health",), note="`--all`: of all 19 columns",
            runs=("sample --all", "sample {baseline} --panel implied:all --model hierarchical",
                  "sample {baseline} --model growth {draws}",
                  "sample --all --model growth --model dynamic --panel official:imputed")),
    *(Product(f"thinned_{name}", f"{LONG}/{name}.nc", "thin",
              "some draws of three posteriors, which ArviZ opens without a run: the main models' "
              "of 3.2, of its slopes by region, of 5.1",
              # Not the traces: those of another run have other times in them, and the same draws.
              inputs=(PANELS,))
      for name in ("baseline", "regions", "dynamic")),
    _table("diagnostics", "diagnose",
           "R̂, effective sample sizes, divergences of every trace", inputs=(TRACES,), keys=FIT,
           scope="traces", needed=True, main=True),
    *(_long(name, command, sentence, inputs=(PANELS,), keys=CELL, runs=(run,),
            shown=("report power", "README caution"), note=note, **more)
      for name, command, run, sentence, note, more in (
          ("candidates", "candidates", SCREENED, "size, coverage, width and power of each "
           "candidate for the main model, where slopes are known", "hours; finished batches are "
           "kept", {}),
          ("candidate_fits", "candidates", SCREENED, "predictive checks of dependence and scale of "
           "each candidate", "", {}),
          ("candidate_slopes", "candidates", SCREENED, "the slope of each candidate, from the "
           "fewest scales to the most", "", {}),
          ("last_two", "last-two", "last-two", "the same for the first two, with new data "
           "sets: the rule (`analysis/simulation/main_model.py`) names the main model by these",
           "hours",
           {"reads": ("candidates", "candidate_fits")}))),
    _long("last_two_more", "last-two", "the same where the rule does not look: a generator and a "
          "panel that confirm alone", inputs=(PANELS,), keys=(*CELL, "generator"),
          reads=("candidates", "candidate_fits"), shown=("README confirmation",),
          runs=("last-two --confirming --data-sets 200",),
          note="`--confirming`; a quarter of an hour; finished batches are kept"),
    _compared("comparison", "posterior beside published coefficient: agreement, P(practically "
              "zero), Bayes factor, pooling factor", needed=True,
              pictures=("forest_headline", "ladder_3.2"),
              shown=("report tables", "README headline", "README assumptions", "gallery")),
    *(_compared(name, "slopes by region, their differences, P(each order)",
                shown=("report regions",))
      for name in ("region_slopes", "region_differences", "region_orders")),
    _compared("scales", "prior and posterior of each scale", shown=("report sensitivity",)),
    _compared("turning_points",
              "Table 3, column 3: turning point of the quadratic, P(inside the data)"),
    _compared("ladder", "the ladder from TWFE to the main model, column by column",
              reads=("last_two", "candidates"), pictures=("ladder",),
              shown=("report ladder", "README ladder", "gallery"),
              note="after `sample --all`; `reproduce` climbs the ladder for the headline columns "
              "alone, and leaves the picture"),
    _compared("pooled", "posteriors over the exact panels",
              note="after `sample 3.2 --panel implied:all --model hierarchical`, a minute"),
    Product("imputed_posteriors", "results/long/imputed_posteriors.csv", "compare",
            "posteriors over draws of what is not observed: mixture, share of variance from "
            "imputation", inputs=(PANELS,), keys=(*CELL, "model"),
            shown=("README imputed_posteriors",),
            note="after `sample 3.2 --panel official:imputed --model growth`, minutes a column"),
    Product("tables", "results/table-<columns>-<panels>.<format>", "table",
            "a regression table for a paper: columns as printed, replicated and as posteriors",
            inputs=("replication", TRACES),
            note="`--to html`, `tex`, `md`, or `docx` (extra `word`); after `sample`"),
    _long("gmm_grid", "gmm-grid", "Table 5 under every choice of instruments", inputs=(PANELS,),
           keys=CELL, scope="dynamic", needed=True, pictures=("gmm_grid",),
           shown=("report dynamic", "gallery")),
    *(_table(name, "dynamic", "Table 5's autoregressive coefficient ρ by estimator, long-run "
             "effects, responses over ten years", inputs=(PANELS, "traces/dynamic*"), keys=CELL,
             scope="dynamic",
             needed=name == "dynamic", main=True, pictures=(name,),
             shown=("report dynamic", "README autoregressive", "README variants", "gallery"))
      for name in ("dynamic", "dynamic_effects")),
    _table("common_factor", "dynamic", "whether dynamic columns are static regressions with "
           "AR(1) errors", inputs=(PANELS,), keys=CELL, scope="dynamic", main=True,
           shown=("README common_factor",)),
    _long("simulation", "simulate",
           "bias, coverage and interval score of these estimators in simulations",
           inputs=(PANELS,), shown=("report dynamic", "README simulation"),
           note="hours; finished batches are kept; every estimate in `simulation_study.nc`"),
    _table("checks", "check", "prior and posterior predictive checks of every trace",
           inputs=(TRACES,), keys=FIT, scope="traces", note="`--figures` for pictures",
           runs=("check",)),
    _table("loo", "check", "out-of-sample predictive accuracy of each trace by row (PSIS-LOO)",
           inputs=(TRACES,), keys=FIT, scope="traces"),
    _refitted("influence", needed=True, pictures=("influence_3.2",),
              shown=("report sensitivity", "report provinces", "gallery")),
    *(_refitted(name) for name in ("years", "priors", "power", "provinces")),
    _long("sensitivity_loo", "sensitivity",
           "out-of-sample predictive accuracy by leave-one-province-out", inputs=(PANELS,),
           shown=("report sensitivity",), note="minutes a fit",
           runs=("sensitivity", "sensitivity --all")),
    _long("scale_sweep", "scale-sweep", "slopes under other scales of priors of growth models",
           inputs=(PANELS,), keys=FIT, shown=("report sensitivity", "README unit_root"),
           note="minutes"),
    _table("horizon", "horizon", "slopes by horizon: differences over one year to eight, lags, "
           "and the main model within and between trends", inputs=(PANELS, TRACES), keys=CELL,
           main=True, pictures=("horizon",),
           shown=("report horizon", "README horizon", "README horizons", "gallery")),
    _long("influence", "influence",
           "influence: every column without each province and each year, by its own estimator",
           inputs=(PANELS,), reads=("sensitivity_influence", "sensitivity_years"), keys=CELL,
           scope="every", needed=True, pictures=("influence",),
           shown=("report power", "README influence", "gallery")),
    *(_long(name, "power", "power and minimum detectable effects beside the printed slopes",
             inputs=(PANELS,), keys=CELL, scope="every", needed=name == "power", note="minutes",
             pictures=("power",) if name == "power_curves" else (), runs=("power {every}",),
             shown=("report power", "README power", "gallery"))
      for name in ("power", "power_curves")),
    _long("recovery", "recover", "parameter recovery of slopes: bias, error, coverage of 95 % "
           "intervals", inputs=(PANELS,), keys=CELL, needed=True,
           shown=("report power", "README recovery"), note="two minutes",
           runs=("recover {official}",)),
    Product("imputation_study", "results/long/imputation_study.csv", "imputation-study",
            "bias and coverage of a slope after imputation, single and multiple, where cells of "
            "simulated panels are deleted as the real gaps lie", shown=("README imputation",),
            note="minutes"),
    Product("imputation_outcome", "results/long/imputation_outcome.csv", "imputation-outcome",
            "the slope over draws made without and with the outcome", inputs=(PANELS,),
            keys=CELL, shown=("README imputation",),
            note="minutes; needs the official series, `--official DIR`", series=True),
    _long("false_findings", "false-findings",
          "findings of the ledger in data sets without a slope in any column", inputs=(PANELS,),
          shown=("README false_findings", "report power"), note="a quarter of an hour"),
    _long("calibration", "calibrate",
           "simulation-based calibration (SBC) of each model",
           inputs=(PANELS,), keys=("case",), pictures=("calibration",),
           shown=("report sensitivity", "README calibration_main", "README calibration",
                  "gallery"),
           note="half an hour; `--all`: hours; every rank in `calibration.nc`",
           runs=("calibrate --all",)),
    _crossed("multiverse", needed=True, shown=("report multiverse", "README multiverse")),
    *(_crossed(f"multiverse_{name}") for name in ("options", "variance")),
    *(_crossed(f"multiverse_{name}", shown=("report multiverse", "README multiverse"))
      for name in ("posteriors", "fraction", "refuted")),
    _crossed("multiverse_curves", pictures=("specification_curve", "specification_curves"),
             shown=("report multiverse", "gallery")),
    *(_crossed(f"multiverse_all{name}", shown=shown)
      for name, shown in (("", ("report multiverse", "README multiverse_all")),
                          ("_variance", ("report multiverse",)),
                          ("_fraction", ("report multiverse", "README multiverse_all")),
                          ("_curves", ("gallery",)))),
    _table("audit", "audit", "inconsistent printed numbers", inputs=(PANELS,),
           needed=True, main=True, shown=("report audit", "README audit"),
           note="another paper's tables: `audit FILE.csv` ([format](audit/README.md))"),
    _table("decomposition", "decompose",
           "Shapley decomposition of a slope's distance from the printed one", inputs=(PANELS,),
           keys=("column",), scope="headline", needed=True, main=True,
           pictures=("decomposition",), shown=("report why", "README decomposed", "gallery")),
    _long("distance", "reconstruct",
           "distance of the implied panel from official data", inputs=(PANELS,),
           pictures=("reconstruction_distance",),
           shown=("report provinces", "README distances", "gallery")),
    _long("reconstruction_variants", "reconstruct-ensemble",
           "distances under other declarations and starts", inputs=(PANELS,)),
    _long("bounds", "reconstruct-bounds", "inner bounds on what the printed numbers do not "
           "identify: residual scales by region, two slopes of 3.2", inputs=(PANELS,),
           shown=("README bounds",),
           note="minutes"),
    *(_long(name, "editions", "what better data changed: the official panels' first edition "
            "(`official@1`, …) beside today's", inputs=(PANELS,), keys=keys, shown=shown,
            note="minutes")
      for name, keys, shown in (("editions", ("column",), ("README editions",)),
                                ("editions_table2", (), ()))),
    Product("first_verdicts", "results/long/first_verdicts.csv", "first-edition",
            "verdicts by the first edition of the ledger's rule and its main model",
            inputs=("replication", PANELS),
            reads=("ladder", "sensitivity_priors", "sensitivity_influence", "multiverse"),
            shown=("report claims",), note="two minutes"),
    Product("claims", "results/claims.json", "claims",
            "each claim with its evidence, verdicts and reason",
            inputs=("replication", "comparison"),
            reads=("ladder", "turning_points", "sensitivity_priors", "sensitivity_influence",
                   "multiverse", "first_verdicts", "imputed_posteriors"),
            needed=True, main=True, shown=("report claims", "report answer", "README claims")),
    Product("report", "results/report.html", "report",
            "**all of it on one page**: verdicts, tables, ladder, sensitivity, diagnostics",
            inputs=("replication", "comparison", TRACES, "dynamic", "decomposition", "audit"),
            reads=("gmm_grid", "simulation", "sensitivity_influence", "influence", "power",
                   "recovery", "multiverse", "distance"),
            needed=True, main=True),
    *(_long(f"benchmark_{name}", f"benchmark {name}", sentence, keys=keys, note=note,
            shown=("README speed",) * (name in ("fits", "gmm", "estimators")))
      for name, sentence, keys, note in (
          ("gmm", "system GMM beside other programs, time per estimation", (), ""),
          ("estimators", "two-way fixed effects, wild bootstrap, GMM and multiverse beside other "
           "programs, and the main model by number of units: CPU time of an estimate",
           ("task", "engine"), "minutes; other programs where `--peers` has them"),
          ("samplers", "effective draws per second beside PyMC, nutpie, NumPyro, Bambi, brms and "
           "rstanarm, and whether the posteriors agree", ("model", "panel", "engine"),
           "a quarter of an hour; R's programs where they are installed"),
          ("scale", "time and memory up to ten million rows", ("units", "years", "missing"),
           "minutes"),
          ("fits", "CPU time of a fit with its file, beside an earlier commit", ("model",),
           "an hour and more; `--model` times some"),
          ("startup", "start-up time of commands, beside an earlier commit", (), ""))),
)  # fmt: skip
"""In the order in which they are made."""

PLACES = (
    ("the paper's printed numbers, as strings", "folder `published` of `data/`",
     "transcribed; tested against the paper's text"),
    ("the 19 published columns as records", "`analysis/specifications.py`", ""),
    ("Tables 3, 4, 6, 7, 8: two-way fixed effects", "`models/frequentist/twfe.py`",
     "`python -m analysis replicate`"),
    ("Table 5: system GMM", "`models/frequentist/gmm/`", "`python -m analysis replicate`"),
    ("a panel on which the printed numbers come out",
     "`data/panels/implied.csv`; more of them in `implied-ensemble.nc`",
     "`python -m analysis reconstruct`, `reconstruct-ensemble`"),
    ("priors, each with its reason, on the paper's scale",
     "`models/priors.py`; attribute `priors` of every trace",
     "`python -m analysis prior-summary 3.2`"),
    ("a model's variables and graph", "`models/bayesian/registry.py`",
     "`python -m analysis describe-model 3.2 --model pooled`"),
    ("what exists, what is stale, what to run next", "", "`python -m analysis status`"),
)  # fmt: skip
"""What, where and by what: places of the tree that are no output of a command."""


def find(name: str) -> Product:
    """Return the product of a name.

    Raises
    ------
    KeyError
        If there is none: a name in the code is wrong.
    """
    return {product.name: product for product in PRODUCTS}[name]


def below(results: Path, name: str) -> Path:
    """Return where a product of results/ lies below another folder of results."""
    listed = {product.name: product for product in PRODUCTS}
    file = listed[name].file if name in listed else f"results/{name}.csv"
    return results / file.removeprefix("results/")


def made_by(name: str) -> str:
    """Return the command that makes a product, or the file of the same stem beside it."""
    return find(name).command


def of_command(command: str) -> list[Product]:
    """Return what a command makes."""
    return [product for product in PRODUCTS if product.command == command]


def by_sentence(products: Iterable[Product]) -> list[tuple[str, list[Product]]]:
    """Join neighbours that share a sentence and a command."""
    joined = groupby(products, key=lambda product: (product.sentence, product.command))
    return [(sentence, list(members)) for (sentence, _), members in joined]


def summary() -> list[tuple[str, str]]:
    """Return what `reproduce` made and where it lies, a line for each sentence."""
    return [
        (sentence.replace("*", "").replace("`", ""), ", ".join(p.file for p in members))
        for sentence, members in by_sentence(p for p in PRODUCTS if p.main)
    ]


def readme_rows() -> list[dict[str, str]]:
    """Return the rows of the README's table "Find a result": `what`, `where`, `made by`."""
    rows = [dict(zip(("what", "where", "made by"), place, strict=True)) for place in PLACES]
    for sentence, members in by_sentence(PRODUCTS):
        files = [product.file for product in members]
        files += [f"figures/{name}.png" for product in members for name in product.pictures]
        notes = "; ".join(dict.fromkeys(product.note for product in members if product.note))
        command = f"`python -m analysis {members[0].command}`" + (f" ({notes})" if notes else "")
        where = ", ".join(f"`{name}`" for name in files)
        rows.append({"what": sentence, "where": where, "made by": command})
    return rows
