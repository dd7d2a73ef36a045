"""How each official variable meets the paper's Table 2, and the choice that follows.

Table 2 prints mean, standard deviation, minimum and maximum of 13 variables. `compute` sets
them beside those of every construction choice, winsorised and not, and of other spans of years.
`choose` picks what the panel `official` is made of, by this rule, fixed before any regression was
run:

1. Candidates are the vintages of the national accounts at hand when the paper was written
   (census 4 and as published; the fifth census's revision came later), winsorised and not; for
   misallocation also both elasticities and every employment. Every other choice stays at its
   default, and the sample is the paper's, 2010–2022.
2. Variables that add up share one choice: `produ` and its three parts, `M_all` and its two.
   A group is judged on the rows of all its members.
3. The candidate that matches the most printed numbers wins. Of equals, the one at the smallest
   distance: the mean over the numbers of |computed − printed| in units of the printed standard
   deviation. Of equals still, the first in the order of `definitions.CHOICES`.
4. A variable without a row in Table 2 follows the one that it stands in for in Table 6:
   `density` follows `indus`, with the employment of `M_lab`; `produ_alt` follows `produ`.
5. Industrial value added as published is decided before all that, by errors at known shares that
   were left out (`anchors`), not by Table 2: of `industry`'s values the one with the smallest mean
   absolute error. Table 2 only excludes a value whose distance, in the row of `indus` as
   published, winsorised or not, whichever is nearer, is more than 0.01 behind the best one's.

Nothing but Table 2 and the known shares enters: no regression, no other table. This module alone
among those that make panels may read published numbers.
"""

from collections.abc import Collection, Iterator
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from data.published import tables
from data.ye2024 import indices
from data.ye2024.definitions import CHOICES, COLUMNS, DEFAULTS, ONLY_IN, SUMS
from data.ye2024.official import YEARS
from data.ye2024.selection import Selection, choices

STATISTICS = ("mean", "sd", "min", "max")
CANDIDATE_VINTAGES = ("census4", "as_published")
DECIDED = ("vintage", "winsorised", "industry", "elasticity", "employment")
"""The choices that the rule makes."""

FOLLOWS = {
    "density": {"winsorised": "indus", "employment": "M_lab"},
    "produ_alt": {"vintage": "produ", "winsorised": "produ"},
}
"""Variables without a row in Table 2: each of their choices, and the variable it is taken from."""

BEHIND = 0.01
"""Distance behind the best by which Table 2 excludes an `industry`."""

SHORTEST_SPAN = 5
"""Years in the shortest other span that is looked at."""

SPAN = ["first_year", "last_year"]

OF_INDUSTRY = ("indus", "env")
"""Variables made of industrial value added."""


def compute(dataset: xr.Dataset) -> pd.DataFrame:
    """Set every variable and choice beside Table 2.

    Parameters
    ----------
    dataset : Dataset
        From `recollect.build` or `recollect.load`.

    Returns
    -------
    DataFrame
        One row per variable, choices and span of years: `variable`, the choices ("" where one
        does not touch the variable), `first_year, last_year, n`, the four statistics, whether
        each `matches_…` the printed number, their count `matches` (0 to 4) and `distance` (mean
        |computed − printed| in printed standard deviations). All choices stand over 2010–2022;
        other spans of at least five years, as far back as a series goes, with all choices but
        vintage and winsorising at their defaults. Percentiles of winsorising are those of the
        span; the index's weights are always those of 2010–2022.
    """
    table2 = printed()
    rows = [
        _row(name, made_of, cells, table2[name])
        for name in table2
        for made_of, cells in _cases(dataset, name)
    ]
    columns = ["variable", *CHOICES, *SPAN, "n", *STATISTICS]
    columns += [f"matches_{statistic}" for statistic in STATISTICS] + ["matches", "distance"]
    return pd.DataFrame(rows)[columns].fillna(dict.fromkeys(CHOICES, ""))


def of_panel(frame: pd.DataFrame) -> pd.DataFrame:
    """Set the variables of one panel beside Table 2, as `compute` does.

    Returns
    -------
    DataFrame
        One row per variable of Table 2: `variable, n`, the statistics, `matches`, `distance`.
    """
    table2 = printed()
    rows = [_row(name, {}, frame[name].to_numpy(float), table2[name]) for name in table2]
    return pd.DataFrame(rows)[["variable", "n", *STATISTICS, "matches", "distance"]]


def industries(fingerprints: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Judge how industrial value added as published is made (point 5 of the rule).

    Parameters
    ----------
    fingerprints : DataFrame
        From `compute`.
    errors : DataFrame
        From `anchors.summary`.

    Returns
    -------
    DataFrame
        One row per value of `industry`, the rule's choice first: `industry`, `distance`,
        `excluded` ("yes" or ""), then the columns of `errors`. Methods that are no value of
        `industry` stand last, with NaN for the distance.
    """
    rows = fingerprints[fingerprints["variable"].eq("indus")]
    rows = rows[rows["vintage"].eq("as_published") & _at_default(rows, except_for=DECIDED)]
    nearest = rows.groupby("industry")["distance"].min()
    table = errors.rename(columns={"method": "industry"})
    table.insert(1, "distance", table["industry"].map(nearest))
    far = table["distance"] > nearest.min() + BEHIND
    table.insert(2, "excluded", np.where(far, "yes", ""))
    order = [table["distance"].isna(), far, table["mean"]]
    return table.iloc[np.lexsort(order[::-1])].reset_index(drop=True)


def candidates(fingerprints: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Judge the rule's candidates.

    Parameters
    ----------
    fingerprints, errors : DataFrame
        As `industries` takes them.

    Returns
    -------
    DataFrame
        One row per group of variables and candidate, the rule's choice first in each group:
        `variables` (a tuple), the choices of `DECIDED` ("" where one touches no variable of the
        group), `matches` of `numbers` printed numbers, `distance`.
    """
    industry = industries(fingerprints, errors)["industry"].iloc[0]
    eligible = _at_default(fingerprints, except_for=DECIDED)
    eligible &= fingerprints["vintage"].isin(("", *CANDIDATE_VINTAGES))
    published = fingerprints["vintage"].eq(ONLY_IN.get(("industry", industry), ""))
    industry_choice = np.where(published, industry, DEFAULTS["industry"])
    eligible &= fingerprints["industry"].eq("") | fingerprints["industry"].eq(industry_choice)
    table = (
        fingerprints[eligible]
        .assign(group=lambda rows: rows["variable"].map(_group))
        .groupby(["group", *DECIDED], sort=False)
        .agg(
            matches=("matches", "sum"),
            numbers=("matches", lambda rows: len(STATISTICS) * len(rows)),
            distance=("distance", "mean"),
        )
        .reset_index()
        .rename(columns={"group": "variables"})
    )
    order = {name: i for i, name in enumerate(COLUMNS)}
    table["position"] = [order[names[0]] for names in table["variables"]]
    return (
        table.sort_values(
            ["position", "matches", "distance"], ascending=[True, False, True], kind="stable"
        )
        .drop(columns="position")
        .reset_index(drop=True)
    )


def _at_default(fingerprints: pd.DataFrame, except_for: Collection[str]) -> pd.Series:
    """Return which rows have every other choice at its default, and the paper's years."""
    at_default = pd.Series(True, index=fingerprints.index)
    for choice in set(CHOICES) - set(except_for):
        at_default &= fingerprints[choice].isin(("", DEFAULTS[choice]))
    return at_default & fingerprints[SPAN].eq([YEARS[0], YEARS[-1]]).all(axis=1)


def choose(fingerprints: pd.DataFrame, errors: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Apply the rule: what each variable of `official` is made of, departures from defaults in."""
    best = candidates(fingerprints, errors).drop_duplicates("variables")
    chosen = {
        name: {choice: getattr(row, choice) for choice in DECIDED if getattr(row, choice)}
        for row in best.itertuples()
        for name in row.variables
    }
    followed = {
        name: {c: chosen[leader][c] for c, leader in leaders.items() if c in chosen[leader]}
        for name, leaders in FOLLOWS.items()
    }
    return {**chosen, **followed}


def selections(fingerprints: pd.DataFrame, errors: pd.DataFrame) -> dict[str, Selection]:
    """Return what each named panel is made of.

    `official` by the rule; the two panels in one vintage share all but the vintage with it, and
    with each other, so that vintage alone differs; industrial value added is the rule's where it
    is as published.
    """
    chosen = choose(fingerprints, errors)
    industry = industries(fingerprints, errors)["industry"].iloc[0]

    def choices_of(name: str, vintage: str) -> dict[str, str]:
        """Return one variable's choices in one vintage."""
        exists = ONLY_IN.get(("industry", industry), vintage) == vintage
        of_industry = {"industry": industry if exists else DEFAULTS["industry"]}
        return chosen[name] | {"vintage": vintage} | (of_industry if name in OF_INDUSTRY else {})

    in_one_vintage = {
        f"official-{vintage}": {name: choices_of(name, vintage) for name in chosen}
        for vintage in CANDIDATE_VINTAGES
    }
    return {"official": chosen, **in_one_vintage}


def best_spans(fingerprints: pd.DataFrame) -> pd.DataFrame:
    """Return, for each variable, the rows that match the most numbers, longest span first."""
    most = fingerprints.groupby("variable")["matches"].transform("max")
    best = fingerprints[fingerprints["matches"].eq(most) & most.gt(0)]
    length = best["last_year"] - best["first_year"]
    order = best["variable"].map({name: i for i, name in enumerate(COLUMNS)})
    return (
        best.assign(length=length, order=order)
        .sort_values(["order", "length", "distance"], ascending=[True, False, True], kind="stable")
        .drop(columns=["length", "order"])
        .reset_index(drop=True)
    )


def printed() -> dict[str, dict[str, str]]:
    """Return Table 2 by variable and statistic, as printed."""
    numbers = tables.numbers()
    table = numbers[numbers["table"].eq("2") & numbers["statistic"].isin(STATISTICS)]
    return {
        term: dict(zip(rows["statistic"], rows["printed"], strict=True))
        for term, rows in table.groupby("term", sort=False)
    }


def _group(name: str) -> tuple[str, ...]:
    for total, parts in SUMS.items():
        if name in (total, *parts):
            return (total, *parts)
    return (name,)


def _cases(dataset: xr.Dataset, name: str) -> Iterator[tuple[dict[str, str | int], np.ndarray]]:
    """Yield the choices and years of each row of a variable, and its cells."""
    dims = [choice for choice in CHOICES if choice in dataset[name].dims]
    for values in product(*(CHOICES[choice] for choice in dims)):
        made_of = dict(zip(dims, values, strict=True))
        cells = dataset[name].sel(made_of).to_numpy()
        if np.isnan(cells).all():  # no such combination
            continue
        yield {**made_of, "first_year": YEARS[0], "last_year": YEARS[-1]}, cells
    for vintage in CHOICES["vintage"] if "vintage" in dims else ("",):
        base = choices(dataset, name, {name: {"vintage": vintage}} if vintage else {})
        parts = [_longest(dataset, part, vintage, base) for part in SUMS.get(name, (name,))]
        years = parts[0]["year"].to_numpy()
        for first, last in product(years, years):
            if last - first + 1 < SHORTEST_SPAN or (first, last) == (YEARS[0], YEARS[-1]):
                continue
            span = [part.sel(year=slice(first, last)).to_numpy() for part in parts]
            years_of = {"first_year": int(first), "last_year": int(last)}
            yield {**base, **years_of, "winsorised": "no"}, sum(span)
            cut = sum(indices.winsorise(cells) for cells in span)
            yield {**base, **years_of, "winsorised": "yes"}, cut


def _longest(dataset: xr.Dataset, name: str, vintage: str, made_of: dict[str, str]) -> xr.DataArray:
    """Return an unwinsorised variable over all years that are complete, dims (province, year)."""
    long = f"{name}_long"
    if long in dataset:
        values = dataset[long].rename(year_long="year")
        values = values.sel(vintage=vintage) if vintage else values
    else:
        values = dataset[name].sel({**made_of, "winsorised": "no"})
    return values.dropna("year")


def _row(
    name: str, made_of: dict[str, str | int], cells: np.ndarray, printed: dict[str, str]
) -> dict[str, object]:
    computed = {
        "mean": cells.mean(),
        "sd": cells.std(ddof=1),
        "min": cells.min(),
        "max": cells.max(),
    }
    matched = {s: tables.matches(printed[s], float(computed[s])) for s in STATISTICS}
    unit = float(printed["sd"])
    distances = [abs(computed[s] - float(printed[s])) / unit for s in STATISTICS]
    return {
        "variable": name,
        **made_of,
        "n": int(np.isfinite(cells).sum()),
        **computed,
        **{f"matches_{s}": met for s, met in matched.items()},
        "matches": sum(matched.values()),
        "distance": float(np.mean(distances)),
    }
