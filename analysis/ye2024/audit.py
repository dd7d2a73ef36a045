"""Checks of this paper against its own equations, samples, text and official data.

Symbols of the paper; b, s a printed coefficient and its standard error. Columns that share their
regressors and rows share the residual variation q of `indus` (after controls and both effects),
so with conventional standard errors s² = σ²/q and s(const)/s is one number for all of them.

Longer than 400 lines because the checks of this one paper share its symbols.
"""

from collections.abc import Iterator
from functools import reduce
from operator import and_

import numpy as np
import pandas as pd

from analysis.audit.intervals import INFINITY, Interval, rounded, total
from analysis.audit.printed import Comparison, Printed
from analysis.audit.run import GENERIC, Check
from analysis.audit.run import audit as run
from analysis.shared.statistics import Z
from analysis.specifications import SPECIFICATIONS, STATIC
from data.panels.catalogue import PANELS
from data.panels.panel import load_panel
from data.panels.provinces import REGION_OF
from data.published import tables
from data.ye2024 import fingerprints, recollect, selection
from data.ye2024.definitions import DESCRIBED, INDICATORS, SUMS
from data.ye2024.official import YEARS
from models.design import Specification, design
from models.frequentist import twfe

BASELINE = next(record for record in STATIC if record.column == "3.2")
SHARED = tuple(
    r
    for r in STATIC
    if (r.interest, r.controls, r.last_year, r.region)
    == (BASELINE.interest, BASELINE.controls, BASELINE.last_year, BASELINE.region)
)
"""Columns on the baseline's regressors and rows."""

OFFICIAL = tuple(kind.name for kind in PANELS if kind.evidence)
ONE, NONE = Interval.of(1), Interval.of(0)


def sample_of(record: Specification) -> tuple[int, int]:
    """Return how many provinces and years a column's sample must have by the paper's words."""
    provinces = sum(record.region in (None, region) for region in REGION_OF.values())
    years = [year for year in YEARS if record.last_year is None or year <= record.last_year]
    return provinces, len(years) - record.dynamic


def degrees() -> dict[str, int]:
    """Return n − N − (T − 1) − k of each static column."""
    df = {}
    for record in STATIC:
        provinces, years = sample_of(record)
        used = provinces + years - 1 + len(record.terms)
        df[record.column] = provinces * years - used
    return df


# --- numbers against numbers --------------------------------------------------------------------


def sums(printed: Printed) -> Iterator[Comparison]:
    """Slopes and constants of outcomes that add up, add up (least squares is linear)."""
    by_outcome = {record.outcome: record.column for record in SHARED}
    for outcome, parts in SUMS.items():
        for term in ("indus", "const"):
            keys = [(by_outcome[name], term, "coef") for name in (outcome, *parts)]
            yield Comparison(
                printed.place(keys[0][0], term),
                " + ".join(printed.numbers[key] for key in keys[1:]) + f" ({', '.join(parts)})",
                printed.numbers[keys[0]],
                printed[keys[0]],
                total(printed[key] for key in keys[1:]),
            )


def sums_described(printed: Printed) -> Iterator[Comparison]:
    """Means add up; extremes and standard deviations are bounded by those of the parts."""
    for outcome, parts in SUMS.items():
        of_parts = {
            s: [printed["2", part, s] for part in parts] for s in ("mean", "sd", "min", "max")
        }
        widest = max(of_parts["sd"], key=lambda interval: interval.high)
        narrower = total(of_parts["sd"]) - widest
        bounds = {
            "mean": total(of_parts["mean"]),
            "sd": Interval(max(NONE.low, (widest - narrower).low), total(of_parts["sd"]).high),
            "min": Interval(total(of_parts["min"]).low, INFINITY),
            "max": Interval(-INFINITY, total(of_parts["max"]).high),
        }
        for statistic, bound in bounds.items():
            yield Comparison(
                printed.place("2", outcome),
                f"{statistic} against those of {', '.join(parts)}",
                printed.numbers["2", outcome, statistic],
                printed["2", outcome, statistic],
                bound,
            )


def one_ratio(printed: Printed) -> Iterator[Comparison]:
    """s(const)/s(indus) against the ratios of all other columns on the same regressors."""
    ratios = {
        record.column: printed[record.column, "const", "se"] / printed[record.column, "indus", "se"]
        for record in SHARED
    }
    for column, ratio in ratios.items():
        common_ratio = reduce(
            and_, (interval for name, interval in ratios.items() if name != column)
        )
        yield Comparison(
            printed.place(column, "SEs"),
            "SE(const)/SE(indus) against the one ratio that fits all other columns on the same "
            "regressors, as with conventional SEs",
            f"{printed.numbers[column, 'const', 'se']}/{printed.numbers[column, 'indus', 'se']}",
            ratio,
            common_ratio,
        )


def samples(printed: Printed) -> Iterator[Comparison]:
    """N = provinces × years of the sample that the text describes."""
    for record in SPECIFICATIONS:
        provinces, years = sample_of(record)
        yield Comparison(
            printed.place(record.column, "n"),
            f"{provinces} provinces × {years} years",
            printed.numbers[record.column, "", "n"],
            printed[record.column, "", "n"],
            Interval.of(provinces * years),
        )
    for _, term in printed.having("sd"):
        yield Comparison(
            printed.place("2", term),
            f"{len(REGION_OF)} provinces × {len(YEARS)} years",
            printed.numbers["2", term, "n"],
            printed["2", term, "n"],
            Interval.of(len(REGION_OF) * len(YEARS)),
        )


def nested(printed: Printed) -> Iterator[Comparison]:
    """R² of 3.1, 3.2 and 3.3, each of which adds regressors; of 3.3 by the added term's t."""
    for small, large in (("3.1", "3.2"), ("3.2", "3.3")):
        yield Comparison(
            printed.place(large, "R²"),
            f"R² at least that of {small}, which has fewer regressors",
            printed.numbers[large, "", "r2"],
            printed[large, "", "r2"],
            Interval(printed[small, "", "r2"].low, ONE.high),
        )
    t = printed["3.3", "indus2", "coef"] / printed["3.3", "indus2", "se"].positive()
    gain = ONE + t.square() / printed.degrees("3.3")
    yield Comparison(
        printed.place("3.3", "R²"),
        "R² that 3.2's and the t of the added square give, 1 − (1 − R²)/(1 + t²/df)",
        printed.numbers["3.3", "", "r2"],
        printed["3.3", "", "r2"],
        ONE - (ONE - printed["3.2", "", "r2"]) / gain,
    )


def net_variation(printed: Printed) -> Iterator[Comparison]:
    """Variation of indus that controls and effects leave, at most what Table 2 and R² allow.

    q = σ²/s² = TSS (1 − R²)/(df s²), and TSS within provinces is at most (n − 1) sd².
    """
    bounds = {}
    for record in SHARED:
        column, outcome = record.column, record.outcome
        if ("2", outcome, "sd") not in printed:
            continue
        rss = (printed["2", outcome, "n"] - ONE) * printed["2", outcome, "sd"].square()
        rss *= ONE - printed[column, "", "r2"]
        variance = printed[column, "indus", "se"].positive().square()
        bounds[column] = (rss / (variance * printed.degrees(column))).high
    tightest = min(bounds, key=bounds.get)
    for name in OFFICIAL:
        arrays = design(load_panel(name, BASELINE.variables).frame, BASELINE)
        fit = twfe.fit(arrays)
        variation = (fit.sigma_e / fit.se[0]) ** 2
        yield Comparison(
            f"{printed.place(tightest, 'SE')}, Table 2",
            f"residual variation of indus on {name}, against the most that R², SE and Table 2's sd "
            "allow",
            printed.numbers[tightest, "indus", "se"],
            Interval.of(variation),
            Interval(NONE.low, bounds[tightest]),
        )


def explosive(printed: Printed) -> Iterator[Comparison]:
    """System GMM's level moments need |ρ| < 1: the printed ρ's 95 % interval."""
    for column, term in printed.having("coef"):
        if term != "L.y":
            continue
        reach = printed[column, term, "se"] * Interval.of(Z)
        rho = printed[column, term, "coef"]
        yield Comparison(
            printed.place(column, term),
            "ρ's 95 % interval against −1 … 1, which mean stationarity needs",
            printed.numbers[column, term, "coef"],
            Interval((rho - reach).low, (rho + reach).high),
            Interval.of(-1, 1),
        )


def long_run(printed: Printed) -> Iterator[Comparison]:
    """The long-run effect b/(1 − ρ) has the sign that the text claims."""
    for column, term in printed.having("coef"):
        if term != "L.y":
            continue
        slope = printed[column, "indus", "coef"]
        effect = slope / (ONE - printed[column, term, "coef"])
        claimed = Interval(NONE.low, INFINITY) if slope.low > 0 else Interval(-INFINITY, NONE.high)
        yield Comparison(
            printed.place(column, "indus"),
            "long-run effect b/(1 − ρ) has the short-run effect's sign",
            "/(1 − ".join(printed.numbers[column, of, "coef"] for of in ("indus", term)) + ")",
            effect,
            claimed,
        )


# --- numbers against definitions ----------------------------------------------------------------


def limits(printed: Printed) -> Iterator[Comparison]:
    """Table 2's extremes within what the formulas of section 4.2 can give, where they bound it."""
    for _, term in printed.having("sd"):
        bounds = dict(zip(("min", "max"), DESCRIBED[term].bounds, strict=True))
        for statistic, bound in bounds.items():
            if np.isfinite(bound):
                yield Comparison(
                    printed.place("2", term),
                    f"{statistic} within what the formula allows",
                    printed.numbers["2", term, statistic],
                    printed["2", term, statistic],
                    Interval.of(*DESCRIBED[term].bounds),
                )


def signed_distortion(printed: Printed) -> Iterator[Comparison]:
    """By equations (5) and (6) as printed, some province is at τ ≤ 0 in every year.

    Σ_i γ_i (s_i β_i/β) = Σ_i K_i/K = 1 with weights that add up to one, so some γ ≥ 1, and
    τ = 1/γ − 1 ≤ 0 there. A positive minimum means that absolute values were taken.
    """
    for term in ("M_cap", "M_lab"):
        yield Comparison(
            f"{printed.place('2', term)}, equations (5) and (6)",
            "minimum at most 0, since the weighted mean of γ is 1",
            printed.numbers["2", term, "min"],
            printed["2", term, "min"],
            Interval(-INFINITY, NONE.high),
        )


def units(printed: Printed) -> Iterator[Comparison]:
    """Table 1 prints "%" for ratios of quantities with different units, which are no shares."""
    del printed
    lines = tables.load_indicators().set_index("symbol")
    for indicator in INDICATORS:
        if indicator.per:
            line = lines.loc[indicator.symbol]
            yield Comparison(
                f"Table 1 {line['indicator_zh']}",
                f"unit of {line['formula_en']}, which is no share",
                line["unit_zh"],
                Interval.of(float(line["unit_en"] == "%")),
                NONE,
            )


# --- text against tables ------------------------------------------------------------------------


def text(printed: Printed) -> Iterator[Comparison]:
    """Each number, sign, significance and bound that the text states, against its cell."""
    for line in tables.load_text().itertuples(index=False):
        key = (line.column, line.term, line.statistic)
        place = f"section {line.place}, {printed.place(line.column, line.term)}"
        if line.relation:
            bound = Interval.of(float(line.value or "nan")) if line.relation != "=" else None
            stated = rounded(line.value) if bound is None else printed[key]
            reference = {
                "=": printed[key],
                "<": bound and Interval(-INFINITY, bound.high),
                ">": bound and Interval(bound.low, INFINITY),
            }[line.relation]
            compared = f"the text's {line.statistic} {line.relation} {line.value}"
            yield Comparison(place, compared, printed.numbers[key], stated, reference)
        if line.stars:
            marks = printed.stars[key[:2]]
            allowed = {"any": marks != "", "none": marks == ""}.get(line.stars, marks == line.stars)
            yield Comparison(
                place,
                f"the text's significance ({line.stars}) against the stars",
                marks or "none",
                Interval.of(float(allowed)),
                ONE,
            )


# --- hypotheses about the paper: compatible or not ----------------------------------------------


def grand_mean(printed: Printed) -> Iterator[Comparison]:
    """Constant as mean outcome less slopes at the mean regressors (areg, xtreg without years)."""
    mean = {term: printed["2", term, "mean"] for _, term in printed.having("sd")}
    n = printed["2", "indus", "n"]
    variance = printed["2", "indus", "sd"].square() * ((n - ONE) / n)
    mean["indus2"] = mean["indus"].square() + variance
    for record in STATIC:
        terms = [term for term in record.terms if (record.column, term, "coef") in printed]
        if record.terms == tuple(terms):
            slopes = (printed[record.column, term, "coef"] * mean[term] for term in terms)
            yield Comparison(
                printed.place(record.column, "const"),
                "constant, were it taken at the means of all years (Stata's is of the first)",
                printed.numbers[record.column, "const", "coef"],
                printed[record.column, "const", "coef"],
                mean[record.outcome] - total(slopes),
            )


def clustered(printed: Printed) -> Iterator[Comparison]:
    """s(const)/s(indus) by column if SEs were clustered by province."""
    panel = load_panel(OFFICIAL[0], tuple({v for r in SHARED for v in r.variables}))
    for record in SHARED:
        fit = twfe.fit(design(panel.frame, record))
        column = record.column
        yield Comparison(
            printed.place(column, "SEs"),
            f"SE(const)/SE(indus) clustered by province on {panel.name}",
            f"{printed.numbers[column, 'const', 'se']}/{printed.numbers[column, 'indus', 'se']}",
            printed[column, "const", "se"] / printed[column, "indus", "se"],
            Interval.of(fit.se_cluster[-1] / fit.se_cluster[0]),
        )


def official(printed: Printed) -> Iterator[Comparison]:
    """How many of Table 2's four numbers official data meet, as the paper describes them or not.

    Best over vintages and all other construction choices; the last hypothesis besides over spans
    of years.
    """
    met = fingerprints.compute(recollect.load())
    sample = met[fingerprints.SPAN].eq([YEARS[0], YEARS[-1]]).all(axis=1)
    hypotheses = {
        "winsorised at 1 % and 99 %, as section 4.3 says": sample & (met["winsorised"] == "yes"),
        "not winsorised": sample & (met["winsorised"] == "no"),
        "over other years than 2010–2022": ~sample,
    }
    for _, term in printed.having("sd"):
        for name, rows in hypotheses.items():
            of_term = met[rows & (met["variable"] == term)]
            if of_term.empty:
                continue
            best = of_term.sort_values("matches", kind="stable").iloc[-1]
            span = (
                "" if "other years" not in name else f" (best {best.first_year}–{best.last_year})"
            )
            yield Comparison(
                printed.place("2", term),
                f"numbers of 4 that official data meet {name}{span}",
                " ".join(printed.numbers["2", term, s] for s in fingerprints.STATISTICS),
                Interval.of(best["matches"]),
                Interval.of(len(fingerprints.STATISTICS)),
            )


def winsorised(printed: Printed) -> Iterator[Comparison]:
    """Five cells at each extreme, which winsorising 403 cells at 1 % leaves, bound the sd."""
    cells = int(np.ceil(0.01 * len(REGION_OF) * len(YEARS)))
    for _, term in printed.having("sd"):
        above = printed["2", term, "max"] - printed["2", term, "mean"]
        below = printed["2", term, "mean"] - printed["2", term, "min"]
        least = (above.positive().square() + below.positive().square()) * Interval.of(cells)
        yield Comparison(
            printed.place("2", term),
            f"sd at least what {cells} cells at each extreme give",
            printed.numbers["2", term, "sd"],
            printed["2", term, "sd"],
            Interval((least / (printed["2", term, "n"] - ONE)).sqrt().low, INFINITY),
        )


def no_turn(printed: Printed) -> Iterator[Comparison]:
    """Turning points of the coefficients that section 5.1 reads as no U shape."""
    turn = -printed["3.3", "indus", "coef"] / (Interval.of(2) * printed["3.3", "indus2", "coef"])
    below = Interval(-INFINITY, printed["2", "indus", "min"].high)
    above = Interval(printed["2", "indus", "max"].low, INFINITY)
    yield Comparison(
        printed.place("3.3", "indus2"),
        "turning point −b₁/(2 b₂) below or else above the range of indus in Table 2",
        f"{printed.numbers['3.3', 'indus', 'coef']}, {printed.numbers['3.3', 'indus2', 'coef']}",
        turn,
        above if turn.meets(above) else below,
    )


def missing(printed: Printed) -> Iterator[Comparison]:
    """Cells that linear interpolation can fill, against "a few" of section 4.3."""
    del printed
    cells = selection.filled_cells(recollect.load(), "produ", "census4")
    empty = sum(cells.values()) - cells["observed"]
    yield Comparison(
        "section 4.3",
        f"cells that interpolation can reach, of {empty} of {sum(cells.values())} that no "
        "yearbook at hand prints",
        "少数缺失数据通过线性插值法补齐",
        Interval.of(cells.get("interpolated", 0)),
        Interval.of(empty),
    )


# --- all of them ---------------------------------------------------------------------------------

CHECKS = (
    *GENERIC,
    Check("sums", sums),
    Check("sums in Table 2", sums_described),
    Check("one ratio of SEs", one_ratio),
    Check("sample size", samples),
    Check("nested R²", nested),
    Check("variation of indus", net_variation),
    Check("explosive ρ", explosive),
    Check("long-run effect", long_run),
    Check("physical limits", limits),
    Check("equation (5)", signed_distortion),
    Check("units", units),
    Check("text and tables", text),
    Check("constant of all years", grand_mean, hypothesis=True),
    Check("clustered SEs", clustered, hypothesis=True),
    Check("winsorised by Table 2", winsorised, hypothesis=True),
    Check("official data", official, hypothesis=True),
    Check("no turn in the data", no_turn, hypothesis=True),
    Check("few missing values", missing, hypothesis=True),
)
"""Of this paper; a new check is a record here."""


def audit() -> pd.DataFrame:
    """Check the printed tables of the paper; columns `analysis.audit.run.COLUMNS`."""
    return run(tables.load(), CHECKS, degrees())
