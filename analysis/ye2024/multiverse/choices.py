"""Choices of this paper's multiverse as records: each option with its reason.

All variables of a universe are of one vintage of the national accounts. Where a choice exists in
one vintage alone (`data.ye2024.definitions.ONLY_IN`), it and the vintage are one choice
(`accounts`), so that every combination of options exists.
"""

from collections.abc import Mapping

from analysis.robustness.multiverse.records import EVERY, INTEREST, OUTCOME, Choice, Option
from data.ye2024.definitions import CHOICES as CONSTRUCTION

CENSUS4, PUBLISHED, CENSUS5 = CONSTRUCTION["vintage"]
VINTAGES = {
    CENSUS4: "What the statistical bureau showed when the paper was written, consistent over time.",
    PUBLISHED: "What each yearbook printed first, and a reader of yearbooks copies.",
    CENSUS5: "The latest revision: today's best account of the same years.",
}

MUNICIPALITIES = ("Beijing", "Tianjin", "Shanghai", "Chongqing")


def _each(name: str, on: tuple[str, ...], reasons: Mapping[str, str]) -> Choice:
    """Return a construction choice, each value with a reason an option, for parts of a column."""
    return Choice(
        name,
        tuple(
            Option(value, reasons[value], {part: {name: value} for part in on})
            for value in CONSTRUCTION[name]
            if value in reasons
        ),
    )


DATA = (
    Choice(
        "accounts",
        (
            *(Option(v, reason, {EVERY: {"vintage": v}}) for v, reason in VINTAGES.items()),
            Option(
                "census4, national totals",
                "A location quotient is over the nation, whose totals are published as such.",
                {EVERY: {"vintage": CENSUS4, "denominator": "national"}},
            ),
            Option(
                "as_published, anchored",
                "Industry's share held to the shares of 2015, which every province printed.",
                {EVERY: {"vintage": PUBLISHED, "industry": "anchored"}},
            ),
            Option(
                "as_published, anchors",
                "Industry's share as known in four years: the smallest error where it is checked.",
                {EVERY: {"vintage": PUBLISHED, "industry": "anchors"}},
            ),
        ),
    ),
    Choice(
        "winsorised",
        (
            Option("nothing", "The variables whose rows in Table 2 are met are as computed."),
            Option(
                "interest",
                "The regressor's row in Table 2 is met better winsorised.",
                {INTEREST: {"winsorised": "yes"}},
            ),
            Option(
                "outcome and interest",
                "Misallocation's rows are met better winsorised too.",
                {OUTCOME: {"winsorised": "yes"}, INTEREST: {"winsorised": "yes"}},
            ),
            Option(
                "everything",
                "The paper says that data were winsorised at 1 % and 99 %.",
                {EVERY: {"winsorised": "yes"}},
            ),
        ),
    ),
    _each(
        "gap_rule",
        (EVERY,),
        {
            "growth": "What is missing at an end moved as in the provinces that are known.",
            "hold": "The nearest value is the least that can be assumed.",
            "linear": "The paper says linear interpolation; Stata's ipolate extrapolates so.",
        },
    ),
    _each(
        "tibet",
        (OUTCOME,),
        {
            "companion": "Tibet's empty series at all others' ratio to a related series.",
            "neighbour": "At Qinghai's ratio: the other province on the plateau.",
        },
    ),
    _each(
        "elasticity",
        (OUTCOME,),
        {
            "province": "The study that the paper cites estimates one per province.",
            "common": "Thirteen years are few for a slope per province.",
        },
    ),
    _each(
        "employment",
        (OUTCOME, INTEREST),
        {
            "census2020": "One basis throughout, that of the census of 2020.",
            "yearbook": "One basis throughout, that of yearbooks before the census of 2020.",
            "interpolated": "Official totals alone, straight lines between them.",
        },
    ),
)
"""Choices of construction of the variables."""

NORMALISATION = Choice(
    "normalisation",
    (
        Option(
            "pooled",
            "Levels are compared over time, so one minimum and maximum for all years.",
            {OUTCOME: {"normalisation": "pooled"}},
        ),
        Option(
            "by_year",
            "Each year by itself: an index whose mean and sd Table 2 refutes.",
            {OUTCOME: {"normalisation": "by_year"}},
            apart=True,
        ),
    ),
)
"""Beside the others: `analysis.ye2024.multiverse.refutation` computes why by_year is apart."""

CONTROLS = Choice(
    "controls",
    (
        Option("all five", "The paper's, against confounding by structure, finance and policy."),
        Option(
            "without stru",
            "The ratio of services to industry is close to the regressor's inverse: a bad control.",
            drops=("stru",),
        ),
        Option(
            "none",
            "Controls that agglomeration itself moves take away part of its effect; Table 3 (1).",
            drops=("fin", "env", "stru", "urb", "trans"),
        ),
    ),
)

SAMPLE = Choice(
    "sample",
    (
        Option("all", "The paper's 31 provinces and 13 years."),
        Option(
            "before 2019",
            "The accounts as published break there, and the paper's own check ends there.",
            keeps=lambda rows: rows["year"] <= 2018,
        ),
        Option(
            "without Tibet",
            "Most of its cells are estimates, and it sets the regressor's minimum.",
            keeps=lambda rows: rows["province"] != "Tibet",
        ),
        Option(
            "without municipalities",
            "Cities are not provinces: studies of provinces often leave them out.",
            keeps=lambda rows: ~rows["province"].isin(MUNICIPALITIES),
        ),
    ),
)

ESTIMATOR = (
    Choice(
        "effects",
        (
            Option("two-way", "The paper's: province and year effects."),
            Option(
                "region by year",
                "Regions grow apart for reasons of their own; Table 8's regressions have these.",
                sets={"by_region": True},
            ),
            Option(
                "province trends",
                "An index that grows at different speeds is correlated with all else that trends.",
                sets={"trend": True},
            ),
        ),
    ),
    Choice(
        "weights",
        (
            Option("equal", "The paper's least squares."),
            Option(
                "by region's noise",
                "Residuals of the east are several times as wide: feasible least squares.",
                sets={"weighted": True},
            ),
        ),
    ),
)

GRID = (*DATA, NORMALISATION, CONTROLS, SAMPLE, *ESTIMATOR)
"""All choices of a least-squares universe; a new one is a record here."""

APART = {
    choice.name: tuple(option.name for option in choice.options if option.apart) for choice in GRID
}
"""By choice, the options that are shown and not counted."""
