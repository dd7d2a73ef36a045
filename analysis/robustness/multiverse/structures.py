"""Error structures and priors of a multiverse's posteriors, for any paper's columns."""

from analysis.robustness.multiverse.fraction import OWN_PRIORS
from analysis.robustness.multiverse.records import Choice, Option
from analysis.robustness.sensitivity.priors import ALTERNATIVES
from models.bayesian.registry import MAIN, find

AR1 = "ar1_province_slopes"

ERRORS = Choice(
    "errors",
    (
        Option(
            "independent",
            "What two-way fixed effects assume: errors independent over years, slopes by region.",
            sets={"lines": "none", "slopes": "region", "errors": "independent"},
        ),
        Option("AR(1)", find(AR1).sentence, sets=find(AR1).switches),
        Option(MAIN, find(MAIN).sentence, sets=find(MAIN).switches),
    ),
)
"""Error structures of posteriors, from the fewest scales to the main model."""

PRIOR = Choice(
    "priors",
    (
        Option(OWN_PRIORS, "The prior table, each line there with its reason."),
        *(
            Option(other.name, other.reason, sets={"priors": other.name})
            for other in ALTERNATIVES
            if other.name
            in ("slopes twice as wide", "slopes half as wide", "spread of slopes twice as wide",
                "spread of slopes half as wide", "sigma half-normal")
        ),
    ),
)  # fmt: skip
"""Those that concern every error structure."""
