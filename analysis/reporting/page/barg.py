"""Kruschke's Bayesian analysis reporting guidelines, point by point."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.reporting.page.traces import Trace
from models.bayesian.registry import MAIN, find


@dataclass(frozen=True)
class Point:
    """One point of the guidelines.

    Attributes
    ----------
    step, asks : str
        As in Kruschke (2021), Table 1.
    answers : callable
        From the traces and which tables there are to a sentence.
    """

    step: str
    asks: str
    answers: Callable[[Sequence[Trace], Mapping[str, bool]], str]


def _said(words: str) -> Callable[[Sequence[Trace], Mapping[str, bool]], str]:
    return lambda traces, available: words


def _made(name: str, words: str) -> Callable[[Sequence[Trace], Mapping[str, bool]], str]:
    return lambda traces, available: words if available.get(name) else f"Not made yet ({name})."


def _engines(traces: Sequence[Trace], available: Mapping[str, bool]) -> str:
    del available
    engines = ", ".join(sorted({trace.engine for trace in traces})) or "none yet"
    return f"{len(traces)} traces by engine {engines}; settings and seeds in each trace."


def _gates(traces: Sequence[Trace], available: Mapping[str, bool]) -> str:
    del available
    passed = sum(trace.gate == "pass" for trace in traces)
    return f"{passed} of {len(traces)} traces pass their diagnostics; numbers and rank plots above."


def _versions(traces: Sequence[Trace], available: Mapping[str, bool]) -> str:
    del available
    commits = {trace.commit for trace in traces}
    return f"Versions and source in every trace, sampled from {len(commits)} state(s) of the code."


POINTS = (
    Point("Preamble", "Why Bayesian", _said("Small samples by region, scales that differ by "
          "region, and claims about signs whose probability is asked for.")),
    Point("Preamble", "Goals of the analysis", _said("Verdicts on the paper’s claims: the "
          "ledger’s rule, written before the results.")),
    Point("1 Explain the model", "Data variables", _said("Section “Can I trust the sampler?”; "
          "data/codebook.md.")),
    Point("1 Explain the model", "Likelihood and parameters", _said(
          "python -m analysis describe-model 3.2 shows the variables and the graph.")),
    Point("1 Explain the model", "Prior distribution", _said("Section “What moves it?”; "
          "python -m analysis prior-summary 3.2, each prior with its reason.")),
    Point("1 Explain the model", "Formal specification", _said(
          find(MAIN).source.replace(".", "/") + ".py.")),
    Point("1 Explain the model", "Prior predictive check", _said(
          "python -m analysis check: prior p of each summary of the data.")),
    Point("2 Report details of the computation", "Software", _versions),
    Point("2 Report details of the computation", "Chain convergence and effective sample size",
          _gates),
    Point("2 Report details of the computation", "Settings of the sampler", _engines),
    Point("3 Describe the posterior", "Posterior predictive check", _said(
          "python -m analysis check: posterior p of each summary.")),
    Point("3 Describe the posterior", "Central tendency and interval",
          _made("comparison", "Posterior means and 95 % equal-tailed intervals, in every table.")),
    Point("4 Report decisions", "Region of practical equivalence",
          _made("comparison", "P(practically zero) of each slope in comparison.csv, rule in "
                "analysis/comparison/coefficients.py.")),
    Point("4 Report decisions", "Bayes factor and prior odds",
          _made("comparison", "BF against no slope with the prior it rests on, comparison.csv; "
                "verdicts do not use it.")),
    Point("5 Sensitivity analysis", "Broad and other priors",
          _made("sensitivity_priors", "Refits under ten other priors.")),
    Point("5 Sensitivity analysis", "Data, model and choices",
          _made("sensitivity_influence", "Refits without each province; the ladder of models; "
                "the choices behind the data swapped one by one (“Decomposition”).")),
    Point("6 Make it reproducible", "Scripts, data, seeds", _said(
          "make reproduce; the same seed gives the same draws.")),
    Point("6 Make it reproducible", "Posterior samples", _said(
          "One NetCDF a fit in traces/, opened by arviz.from_netcdf.")),
)  # fmt: skip
"""In the guidelines' order."""


def checklist(traces: Sequence[Trace], available: Mapping[str, bool]) -> pd.DataFrame:
    """Return each point with its answer; columns `asks, step, answer`."""
    return pd.DataFrame(
        [
            {"asks": point.asks, "step": point.step, "answer": point.answers(traces, available)}
            for point in POINTS
        ]
    )
