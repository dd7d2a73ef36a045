"""Models whose ranks must be uniform, and models whose ranks must not be."""

from typing import Any

from analysis.simulation.calibration.case import Case, Part
from models.bayesian.registry import OF_ONE_REGION

EXPLOSIVE = ("slope_std", 0.5)
"""Prior scale of a dynamic model's slopes: ρ = 1.5 is three standard deviations off. Twelve
years under the model's own scale, with ρ up to 2.5, give numbers that overflow."""

EXPLOSIVE_REGIONS = (EXPLOSIVE, ("tau_slope_std", 0.15))
"""The same where each region has its own ρ. With the model's own scale some lie
far beyond: outcomes so large that their squares, in double precision, keep nothing of the errors,
and the log density is noise."""

CHAINS: dict[str, Any] = {"data_sets": 200, "part": Part(4, 8, 5), "costly": True}
"""Of cases whose fits are chains in the log scales: seconds each."""

JOINT = CHAINS | {"part": Part(3, 6, 1)}
"""Of several outcomes at once."""

TWIN: dict[str, Any] = {"right": False, "posterior": True, "data_sets": 200, "batch": 100}
"""Of growth without one of its parts, fitted to data of the whole model. On the panel slopes by
province may hardly differ: the twin without them gets data of the prior."""

COMPILED = CHAINS | {"batch": 100}
"""Of cases whose fits are chains in the model's variables: each task compiles it."""

CASES = (
    Case("mundlak", "mundlak", "mundlak"),
    Case("region_sigma", "region_sigma", "region_sigma"),
    Case("hierarchical", "hierarchical", "hierarchical"),
    Case("walk", "walk", "walk"),
    Case("pooled", "pooled", "pooled", **CHAINS),
    Case("by_region", "by_region", "by_region"),
    Case("province_slopes", "province_slopes", "province_slopes"),
    Case("dynamic", "dynamic", "dynamic", shared=(EXPLOSIVE,)),
    Case("dynamic_regions", "dynamic_regions", "dynamic_regions", shared=EXPLOSIVE_REGIONS),
    Case("autoregressive", "autoregressive", "autoregressive", **CHAINS),
    Case("province_trends", "province_trends", "province_trends", **CHAINS),
    Case("growth", "growth", "growth", costly=True),
    Case("joint", "joint", "joint", **JOINT),
    Case("student_t", "student_t", "student_t", **COMPILED),
    Case("measurement", "measurement", "measurement", **COMPILED | {"part": Part(3, 6, 1)}),
    Case("dynamic_t", "dynamic_t", "dynamic_t", shared=(EXPLOSIVE,), **COMPILED),
    Case("dynamic_stationary", "dynamic_stationary", "dynamic_stationary", **COMPILED),
    *(
        Case(f"{name}, posterior", name, name, posterior=True)
        for name in ("flat", "mundlak", "region_sigma", "hierarchical", "walk")
    ),
    *(
        Case(f"{name}, posterior", name, name, posterior=True, costly=True)
        for name in ("by_region", "province_slopes", "dynamic", "dynamic_regions")
    ),
    *(
        Case(f"{name}, posterior", name, name, posterior=True, **CHAINS)
        for name in ("pooled", "autoregressive", "province_trends")
    ),
    Case("growth, posterior", "growth", "growth", posterior=True, batch=100),
    Case("joint, posterior", "joint", "joint", posterior=True, **JOINT),
    Case("wrong: one shared σ", "region_sigma", "mundlak", right=False),
    Case(
        "wrong: no Mundlak terms",
        "hierarchical",
        "hierarchical",
        (("between_province", 1e-3), ("between_year", 1e-3)),
        right=False,
    ),
    Case(
        "wrong: no first outcome",
        "dynamic",
        "dynamic",
        (("first_outcome", 1e-3),),
        (EXPLOSIVE,),
        right=False,
    ),
    Case(
        "wrong: growth, one slope in a region",
        *("growth", "growth"),
        switches=(("slopes", "region"),),
        **TWIN | {"posterior": False, "data_sets": 100, "part": Part(5, 8, 2)},
    ),
    *(
        Case(f"wrong: growth, {name}", "growth", "growth", switches=(switch,), **TWIN)
        for name, switch in (
            ("no growth by province", ("lines", "none")),
            ("φ = 0", ("errors", "independent")),
            ("one σ", ("sigma", "common")),
        )
    ),
)

NO_DATA_SETS = (
    "its year effects depend on year means of the regressor, which the panel has and the model "
    "does not draw: no data set comes of its parameters alone"
)
NOT_TWO_AT_ONCE = (
    "it has no density that is a function of sums over rows, which of two data sets add up, and "
    "its PyMC model is of one data set"
)

A_PART_OF_GROWTH = "it is growth, which has a case, with its trends left out"
IN_ONE_REGION = "it is growth, which has a case, with the regions' common mean left out"
DYNAMIC_IN_ONE_REGION = "it is dynamic or dynamic_t, which have cases, with one slope and one σ"
BY_ITS_STEPS = (
    "its chains are tested on draws of prior and data that they leave as they are, which SBC would "
    "ask of them again at a hundred times the time"
)
BY_THREE_SAMPLERS = (
    "its chain is held to independent draws from its density and to NUTS in all variables, and its "
    "ρ is put to the test by `simulate`; SBC has not been run"
)

WITHOUT_A_CASE = {
    False: {
        "dynamic_growth": BY_THREE_SAMPLERS,
        "ar1_province_slopes": A_PART_OF_GROWTH,
        **dict.fromkeys(OF_ONE_REGION, IN_ONE_REGION),
        **dict.fromkeys(("dynamic_region", "dynamic_t_region"), DYNAMIC_IN_ONE_REGION),
        **dict.fromkeys(("growth_scales", "growth_paths"), BY_ITS_STEPS),
        "flat": "priors as wide as its draw outcomes of which floating point keeps no residuals",
        "dynamic_predetermined": NO_DATA_SETS,
    },
    True: {
        "dynamic_growth": BY_THREE_SAMPLERS,
        "ar1_province_slopes": A_PART_OF_GROWTH,
        **dict.fromkeys(("growth_scales", "growth_paths"), BY_ITS_STEPS),
        **dict.fromkeys(OF_ONE_REGION, IN_ONE_REGION),
        **dict.fromkeys(("dynamic_region", "dynamic_t_region"), DYNAMIC_IN_ONE_REGION),
        "dynamic_predetermined": NO_DATA_SETS,
        **dict.fromkeys(
            ("student_t", "measurement", "dynamic_t", "dynamic_stationary"), NOT_TWO_AT_ONCE
        ),
    },
}
"""Models that have none about the prior, and about the panel's posterior, and why."""
