"""The computed parts of READMEs on cells that are not observed, and on draws of them."""

import pandas as pd

from analysis.reporting.readme_blocks import markdown
from analysis.shared.digits import with_interval
from analysis.specifications import HEADLINE, select
from analysis.ye2024.imputation.study import shown
from data.panels.catalogue import DRAWN, PANELS
from data.ye2024 import anchors
from data.ye2024.recollect import load
from data.ye2024.selection import filled_cells


def _cells_behind() -> tuple[dict[str, int], dict[str, int]]:
    """Count the cells behind the index and the quotient, by the rule that filled them."""
    official, record = load(), select(HEADLINE)[0]
    return (
        filled_cells(official, record.outcome, "census4"),
        filled_cells(official, _quotient(), "as_published", industry="anchors"),
    )


def _quotient() -> str:
    return select(HEADLINE)[0].interest[0]


def filled() -> str:
    """Render the shares of imputed cells of the index and the quotient, by rule."""
    cells, quotient = _cells_behind()
    share = {rule: f"{count / sum(quotient.values()):.0%}" for rule, count in quotient.items()}
    errors = anchors.summary(anchors.load()).set_index("method")
    model, ratio = (errors.loc[method] for method in ("anchors", "ratio"))
    total, observed = sum(cells.values()), cells.pop("observed")
    rules = ", ".join(f"{count / total:.1%} {rule}" for rule, count in cells.items())
    return (
        f"**{1 - observed / total:.1%} of the {total:,} indicator cells behind the index are "
        f"filled in, not observed: {rules}**. Industrial value added as first published is known "
        "from its share of the secondary sector. On `official` and `official-as_published`, "
        f"{share['observed']} of the cells behind `{_quotient()}` rest on a published share. "
        f"A further {share['ratio']} fall in years whose first publications rest on the 4th "
        f"economic census, and {share['modelled']} are estimated between and around the "
        f"known years. Of {int(model['cells'])} known shares left out in turn, the estimate "
        f"misses half by less than {model['median']:.1f} %. Its 95 % intervals hold "
        f"{model['coverage']:.0%}. The census's share, used in the first edition, misses half by "
        f"more than {ratio['median']:.1f} %."
    )


def shares() -> str:
    """State in two sentences what share of the cells behind index and quotient is observed."""
    cells, quotient = _cells_behind()
    index, known, modelled = (
        f"{counts[rule] / sum(counts.values()):.0%}"
        for counts, rule in ((cells, "observed"), (quotient, "observed"), (quotient, "modelled"))
    )
    return (
        f"Of the cells behind the index {index} are observed; the others are filled in. Behind "
        f"`{_quotient()}` on `official`, {known} rest on a published share of industry and "
        f"{modelled} on an estimated one ([data/README.md](data/README.md))."
    )


def estimates(pooled: pd.DataFrame) -> str:
    """Render the headline's estimates over draws, beside those of the panels themselves.

    Parameters
    ----------
    pooled : DataFrame
        results/long/imputed.csv.
    """
    rows = [
        {
            "panel": f"`{row['panel']}`",
            "column": row["column"],
            "panel itself": f"{row['estimate']:.3f}",
            "pooled (SE)": f"{row['mean']:.3f} ({row['se']:.3f})",
            "share from imputation": f"{row['share']:.1%}",
            "clustered SE": f"{row['se_province']:.3f}",
            "share, clustered": f"{row['share_province']:.1%}",
            "slope per sd (SE)": f"{row['per_sd']:.3f} ({row['per_sd_se']:.3f})",
        }
        for row in pooled[pooled["column"].isin(HEADLINE)].to_dict("records")
    ]
    return markdown(pd.DataFrame(rows))


def imputation(simulated: pd.DataFrame, outcome: pd.DataFrame) -> str:
    """State what imputation does to the slope on official panels and in simulations.

    Parameters
    ----------
    simulated, outcome : DataFrame
        results/long/imputation_study.csv and imputation_outcome.csv.
    """
    rows = [
        {
            "panel": f"`{row['panel']}`",
            "column": row["column"],
            "draws made": row["imputed"],
            "slope (SE)": f"{row['slope']:.4f} ({row['se']:.4f})",
            "share from imputation": f"{row['share']:.1%}",
            "clustered SE": f"{row['se_province']:.4f}",
            "share, clustered": f"{row['share_province']:.1%}",
            "slope per sd (SE)": f"{row['per_sd']:.3f} ({row['per_sd_se']:.3f})",
        }
        for row in outcome.to_dict("records")
    ]
    by_method = simulated.set_index("method")
    without, with_it = (by_method.loc[name] for name in ("without", "with"))
    single = by_method.loc["single"]
    sentence = (
        f"In {int(without['data_sets'])} simulated panels whose cells are deleted as the real gaps "
        f"lie, draws made without the outcome bias the slope by {_bias(without)}. "
        f"Pooled 95 % intervals hold the true slope in {without['coverage']:.1%}; those of one "
        f"draw, taken as known, in {single['coverage']:.1%}. Draws made with the outcome bias it "
        f"by {_bias(with_it)} in {int(with_it['data_sets'])} of the panels. The true slope is the "
        "mean over the panels before cells are deleted, and bias is from the same panels' slopes."
    )
    return f"{markdown(pd.DataFrame(rows))}\n\n{sentence}\n\n{markdown(shown(simulated))}"


def _bias(row: pd.Series) -> str:
    """Write a bias in per cent of the true slope, with its Monte-Carlo interval."""
    low, high = (row[name] / row["true_slope"] for name in ("bias_low", "bias_high"))
    return f"{row['relative_bias']:+.1%} [{low:+.1%}, {high:+.1%}]"


def posteriors(mixtures: pd.DataFrame) -> str:
    """Render posteriors over draws beside the printed slope, for the slopes of interest.

    Parameters
    ----------
    mixtures : DataFrame
        results/long/imputed_posteriors.csv.
    """
    order = [f"{kind.name}{DRAWN}" for kind in PANELS]
    listed = mixtures.sort_values(
        ["panel", "column"],
        key=lambda values: values.map(order.index) if values.name == "panel" else values,
        kind="stable",
    )
    rows = [
        {
            "panel": f"`{row['panel']}`",
            "column": row["column"],
            "slope of": f"`{row['term']}`",
            "model": f"`{row['model']}`",
            "printed": f"{row['published']:g}",
            "mixture": with_interval(row["mean"], row["q025"], row["q975"]),
            "share from imputation": f"{row['share']:.1%}",
            "slope per sd": f"{row['per_sd']:.3f}",
            "draws": f"{row['draws']}",
        }
        for row in listed.to_dict("records")
        if row["term"] in select([row["column"]])[0].interest
    ]
    return markdown(pd.DataFrame(rows))
