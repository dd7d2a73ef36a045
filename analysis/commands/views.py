"""Views of wide tables on a terminal: the columns that are shown first.

An empty view shows a table's columns from the first on.
"""

from analysis.shared.layout import View

FIT = ("panel", "column", "model")
SLOPE = ("panel", "column", "term")
INTERVAL = "95 % interval"

VIEWS = {
    "audit": View(("check", "place"), ("result", "compared", "printed", "low", "high")),
    "audit_results": View(),
    "benchmark_gmm": View(("engine", "specification")),
    "benchmark_estimators": View(
        ("task", "engine"), ("cpu_s", "ratio", "target", "met", "agreement", "note", "per")),
    "benchmark_ratios": View(("engine", "model", "panel"), ("times", "agreement", "gate")),
    "benchmark_startup": View(),
    "multiverse_all": View(("column", "term", "errors"), ("printed", "median", "printed sign",
                           "interval excludes zero", "on the printed side")),
    "multiverse_counts": View(),
    "release": View(("step",), ("cpu_minutes", "minutes", "exit_code")),
    "release_tables": View(("table",), ("beyond", "changed", "largest", "missing", "new", "rows")),
    "benchmark_fits": View(("model",), ("cpu_s", "before_cpu_s", "ratio", "target", "agreement")),
    "benchmark_samplers": View(
        ("engine", "model", "panel"),
        ("min_ess_per_cpu_s", "ratio_to_nutpie", "gate", "agreement", "cpu_s", "failed")),
    "benchmark_scale": View(("rows",), ("fit_s", "gram_s", "peak_mb", "gate", "units", "years")),
    "bounds": View(("scalar", "end"), ("found", "implied", "ensemble", "exact", "distance")),
    "calibration": View(("case",), ("as expected", "expected", "not uniform", "worst",
                                    "p of worst", "parameters", "data sets")),
    "checks": View((*FIT, "outcome"), ("misfits", "year_mean", "autocorrelation", "residual_sd",
                                       "within_sd", "between_sd", "possible")),
    "claims": View(("claim",), ("verdict", "magnitude", "mixture", "printed", "first edition",
                                "changed by", "official", "statement")),
    "common_factor": View(("column", "panel", "term")),
    "comparison": View(
        ("column", "model"),
        ("published", "mean", "q025", "agreement", "gate", "fits", "p_same_sign", "bf10", "p_rope",
         "sd", "interpretation", "fitted_column"),
        {"published (SE)": ("published", "published_se"), INTERVAL: ("q025", "q975"),
         "exact panels": ("ensemble_low", "ensemble_high")},
        ("mean", "sd")),
    "decomposition": View(
        (*SLOPE, "player"), ("share", "start", "end", "published", "mcse"),
        {"published (SE)": ("published", "published_se")}, ("share", "start", "end")),
    "diagnostics": View(FIT, ("gate", "fits", "failed", "parameter", "r_hat", "ess_bulk",
                              "ess_tail", "divergences", "k_hat", "true_ess", "distance",
                              "acceptance", "bfmi", "saturated", "sampler")),
    "dynamic": View(("estimator",)),
    "editions": View(("claim", "column", "panel")),
    "editions_table2": View(("panel", "variable")),
    "first_verdicts": View(("claim",), ("verdict", "model", "column", "reason")),
    "fingerprints": View(("variables", "vintage", "winsorised"),
                         ("chosen", "matches", "numbers", "distance", "industry", "elasticity",
                          "employment")),
    "gap_errors": View(("series", "rule"), ("filled", "tested", "error")),
    "gmm_grid": View(("panel", "column"), ("rho_low", "rho_median", "share_above_one",
                                           "compatible", "estimated"),
                     {"range of ρ": ("rho_low", "rho_high")}, ("rho_median",)),
    "gmm_choices": View(("choice", "value")),
    "hypothesis": View(),
    "horizon": View(("column", "term"), ("1 y", "4 y", "8 y", "levels", "within trends",
                                         "between trends")),
    "influence": View(SLOPE, ("slope", "P", "province", "year", "turn sign", "turn significance"),
                      {}, ("slope",)),
    "imputed": View(SLOPE),
    "imputed_posteriors": View(
        ("panel", "column", "model", "term"),
        ("mean", "sd", "share", "q025", "published", "per_sd", "draws", "failed", "lowest"),
        {INTERVAL: ("q025", "q975"), "range of means": ("lowest", "highest")},
        ("mean", "sd", "published")),
    "industry": View(("industry",), ("mean", "median", "worst", "coverage", "distance",
                                     "excluded", "cells")),
    "known_shares": View(("province", "year"), ("log_ratio", "anchors", "low", "high", "lines",
                                                "anchored", "ratio", "role")),
    "ladder": View(("panel",)),
    "loo": View(FIT, ("elpd", "se", "k_bad", "k_max", "p_loo", "rows", "outcomes")),
    "matches": View(("panel", "table", "column", "term")),
    "multiverse": View(("column", "term"), ("printed", "median", "2.5 %", "97.5 %",
                                            "printed sign", "significant", "below printed")),
    "panel": View(("variable",), ("mean", "sd", "cells filled", "choices", "min", "max")),
    "pooled": View(("column", "term", "model"), ("published", "mean", "lowest", "sd", "between_sd"),
                   {"range of means": ("lowest", "highest")},
                   ("published", "mean", "sd", "within_sd", "between_sd")),
    "power": View(SLOPE),
    "priors": View(("variable", "of"), ("prior, standardised", "on the paper's scale", "meaning",
                                        "reason")),
    "products": View(),
    "ranking": View(),
    "reconstruction_variants": View(),
    "replication": View(("panel", "column", "term", "statistic")),
    "recovery": View(SLOPE, ("estimator", "bias", "coverage", "RMSE")),
    "sensitivity": View(FIT, ("term", "region", "left_out", "prior", "shift", "twfe_shift")),
    "loo_differences": View(
        ("column", "model"), ("elpd_diff", "se_diff", "se_diff_province", "k_bad", "elpd")),
    "slopes": View(
        ("column", "model", "term"), ("mean", "q025", "published", "gate", "fits", "panel", "sd"),
        {"published (SE)": ("published", "published_se"), INTERVAL: ("q025", "q975")},
        ("mean", "sd")),
    "simulation": View(("cell",)),
    "side_by_side": View(("column", "term"), ("published",), {}, ("published",)),
    "spans": View(("variable", "vintage", "winsorised"),
                  ("first_year", "last_year", "matches", "distance")),
    "statistics": View(),
    "status": View(("what",), ("state", "why", "made by")),
    "study": View(),
    "study_claims": View(
        ("claim",),
        ("sign", "magnitude", "printed", "mean", "probability", "statement", "gate", "fits")),
    "variables": View(("variable",), ("distribution", "dims", "shape", "meaning", "given", "kind")),
}  # fmt: skip
"""By the name of the table."""
