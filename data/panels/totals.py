"""Units that may be totals or means of others: by their names, and by their cells."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from data.panels.cells import region_label
from data.panels.spelling import fold_words

_WORD = (
    "totals?|totale|totali|totaal|totalt|totais|gesamt|insgesamt|gesamtwert|celkem|spolu|razem|"
    "ogolem|osszesen|toplam|jumlah|ukupno|skupaj|yhteensa|kokku|всего|итого|averages?|avg|"
    "means?|median|moyenne|promedio|durchschnitt|srednia|среднее|ogolne"
)
"""Words that make any name the name of a total or a mean."""
_WHOLE = (
    "sub ?totals?|national( (average|mean|level))?|nation|nationwide|(whole |entire )?country|"
    "all( (provinces|regions|units|states|countries|firms|india))?|overall|sum|aggregate|world|"
    "summe|bund|bundesgebiet|ensemble( d.+)?|media|nacional|nazionale|national|riket|hela riket|"
    "hele landet|koko maa|.+ entiere|в целом по .+|по стране|ca nuoc|tong cong|รวม|الإجمالي|"
    "المجموع|σ|∑|全国.*|全國.*|全體|全体|計|总|.*(合计|合計|总计|總計|小计|小計|汇总|總和|总和|平均|均值)|합계|"
    "전국|전체|평균|소계|eu ?\\d\\d|euro area|eurozone|european union|oecd|g7|g20"
)
_TOTAL = re.compile(rf"(.+ )?({_WORD})( .+)?|{_WHOLE}")
_COUNTRY = re.compile(
    "china|prc|中国|中國|mainland china|usa|us|united states|united states of america|uk|"
    "united kingdom|great britain|england|germany|deutschland|france|"
    "france metropolitaine|italy|italia|spain|espana|portugal|netherlands|nederland|"
    "belgium|belgie|belgique|austria|osterreich|switzerland|schweiz|suisse|poland|"
    "polska|czech republic|czechia|ceska republika|hungary|magyarorszag|romania|"
    "greece|sweden|sverige|norway|norge|denmark|danmark|finland|suomi|turkey|turkiye|"
    "russia|russian federation|россия|россииская федерация|ukraine|украина|"
    "canada|brazil|brasil|argentina|chile|colombia|peru|india|pakistan|indonesia|"
    "japan|日本|korea|south korea|대한민국|한국|australia|new zealand|south africa|nigeria|"
    "egypt|vietnam|viet nam|thailand|malaysia|philippines|iran|ireland"
)
"""A whole where no other unit is one of them, or of `_ABROAD`."""
_ABROAD = re.compile(
    "albania|algeria|angola|armenia|azerbaijan|bahrain|bangladesh|belarus|benin|bhutan|bolivia|"
    "bosnia.*|botswana|bulgaria|burkina faso|burundi|cambodia|cameroon|chad|costa rica|croatia|"
    "cyprus|ecuador|el salvador|estonia|ethiopia|fiji|gabon|ghana|guatemala|haiti|honduras|"
    "iceland|iraq|israel|jamaica|jordan|kazakhstan|kenya|kuwait|kyrgyz.*|laos|lao pdr|latvia|"
    "lesotho|liberia|libya|lithuania|madagascar|malawi|maldives|mali|malta|mauritius|moldova|"
    "mongolia|morocco|mozambique|myanmar|namibia|nepal|nicaragua|oman|papua new guinea|paraguay|"
    "qatar|rwanda|saudi arabia|senegal|serbia|sierra leone|singapore|slovakia|slovak republic|"
    "slovenia|sri lanka|sudan|syria|tajikistan|tanzania|tunisia|turkmenistan|uganda|uruguay|"
    "uzbekistan|venezuela|yemen|zambia|zimbabwe"
)
"""Other countries, but for those whose names parts of a country have, too (Georgia, Niger)."""
SINGLE = 2e-6
"""Relative rounding of sums and means that were made with single precision."""
FINE = 1e-3
"""Rounding, in standard deviations, up to which weights can be told from chance."""
SQUARED = 1e100
"""Size of values up to which sums of squares stay finite."""
LARGEST = 400
"""Units up to which weighted means are looked for: the time grows with their third power."""


def totals_of(table: pd.DataFrame) -> dict[str, str]:
    """Return the provinces that may be totals or means of others, and why.

    Parameters
    ----------
    table : DataFrame
        Of `validation.validate`.
    """
    names = table["province"].unique()
    table = table.loc[:, [not _is_extreme(table[name]) for name in table]]
    members = {
        region: set(provinces)
        for region, provinces in table["province"].groupby(table["region"].map(fold_words))
    }
    folded = {name: fold_words(region_label(name)).strip(" :") for name in names}
    countries = {name for name in names if _COUNTRY.fullmatch(folded[name])}
    abroad = any(_ABROAD.fullmatch(name) for name in folded.values())
    one_country = len(countries) == 1 and len(names) > 4 and not abroad
    by_name = {}
    for name in names:
        # A region that holds this province alone is named after it, not it after the region.
        names_region = bool(members.get(folded[name], set()) - {name})
        if _TOTAL.fullmatch(folded[name]) or names_region or (one_country and name in countries):
            by_name[name] = "is named like a total or a whole"
    return by_name | _weighted(table) | _by_cells(table)


def _is_extreme(column: pd.Series) -> bool:
    """Whether a variable has values that cannot be squared."""
    if not pd.api.types.is_float_dtype(column):
        return False
    size = column.abs().max()
    return bool(size > SQUARED or 0 < size < 1 / SQUARED)


def _by_cells(table: pd.DataFrame) -> dict[str, str]:
    """Return the provinces with cells that are the sum or the mean of the others'.

    Of all others, or of a region's; in each of its years, for one variable or more, and over
    four cells at least.
    """
    cells = table.set_index(["province", "year"])
    variables = [name for name in table if name not in ("province", "year", "region")]
    grids = {name: cells[name].unstack("year") for name in variables}
    if not grids or len(next(iter(grids.values()))) < 4:
        return {}
    names = next(iter(grids.values())).index
    region = table.groupby("province")["region"].first().loc[names].to_numpy()
    groups = np.array([np.ones(len(names), bool), *(region == r for r in np.unique(region))])
    matched: dict[tuple[str, str], int] = {}
    for grid in grids.values():
        # A sum beyond the largest double is infinite, and equals no cell.
        with np.errstate(over="ignore", invalid="ignore"):
            equalities = list(_equal(grid.to_numpy(), groups))
        for how, equal in equalities:
            for unit in np.flatnonzero(equal):
                key = (names[unit], how)
                matched[key] = matched.get(key, 0) + int(grid.iloc[unit].notna().sum())
    return {
        name: f"has cells that are the {how} of other provinces'"
        for (name, how), count in matched.items()
        if count >= 4
    }


def _equal(x: np.ndarray, groups: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield, for sums and for means of a group, which units' cells all equal it, shape (N,)."""
    observed = np.isfinite(x)
    filled = np.where(observed, x, 0.0)
    half = np.array([_half_unit(row[ok]) for row, ok in zip(x, observed, strict=True)])
    spread = np.std(x[observed])
    for group in groups:
        same_unit = group[:, None] & observed
        count = same_unit.sum(axis=0) - same_unit
        total = (filled * same_unit).sum(axis=0) - filled * same_unit
        widest = half[group].max()
        # What is the same for all in a year, such as a price index, is no mean of others.
        highest, lowest = (np.where(same_unit, sign * x, -np.inf).max(axis=0) for sign in (1, -1))
        differs = highest + lowest > 4 * widest
        for how, combined, rounding in (
            ("sum", total, half[:, None] + count * widest),
            ("mean", total / np.maximum(count, 1), half[:, None] + widest),
        ):
            reach = np.maximum(rounding, SINGLE * np.maximum(np.abs(combined), np.abs(x)))
            # Where rounding is as wide as the values' spread, equality is uninformative.
            hit = (np.abs(x - combined) <= reach) & (count >= 3) & (reach <= 0.05 * spread)
            yield how, (hit | ~observed).all(axis=1) & (observed & differs).any(axis=1)


def _half_unit(values: np.ndarray) -> float:
    """Return half a unit of the last digit that some numbers are written with."""
    digits = [len(f"{v!r}".partition(".")[2]) if abs(v) < 1e15 else 0 for v in values.tolist()]
    whole_numbers = all(v == round(v) for v in values.tolist() if abs(v) < 1e15)
    return 0.5 if whole_numbers else 0.5 * 10.0 ** -max(digits)


# --- weighted means -----------------------------------------------------------------------


def _weighted(table: pd.DataFrame) -> dict[str, str]:
    """Return the provinces that are means of others with weights that stay the same.

    Weights are learnt from every other year and must give the years between, so that a
    province that merely looks like a mixture of others is none.
    """
    cells = table.set_index(["province", "year"])
    grids = [
        grid.to_numpy()
        for name in table
        if name not in ("province", "year", "region")
        and (grid := cells[name].unstack("year").dropna(axis=1)).shape[1] > 1
    ]
    names = np.unique(table["province"])
    # A constant tells nothing, nor does what is the same for all in a year.
    varying = [x for x in grids if np.ptp(x, axis=1).max() > 0 and np.ptp(x, axis=0).max() > 0]
    if not 4 <= len(names) <= LARGEST or len(varying) == 0:
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = [(x - x.mean()) / x.std() for x in varying]
        rounding = max(_half_unit(x.ravel()) / x.std() for x in varying)
    learn, held_out = (np.hstack([x[:, start::2] for x in scaled]).T for start in (0, 1))
    ones = np.ones((1, len(names)))
    learn = np.vstack([learn, ones])  # weights add up to one
    enough = len(learn) > len(names) + 2 and rounding <= FINE and np.isfinite(learn).all()
    if not enough or np.linalg.svd(learn, compute_uv=False)[-1] > 2 * rounding * len(learn) ** 0.5:
        return {}
    return {
        str(names[unit]): "has cells that are a weighted mean of other provinces'"
        for unit in range(len(names))
        if _is_mixture(learn, held_out, unit, max(20 * rounding, 1e-9))
    }


def _is_mixture(learn: np.ndarray, held_out: np.ndarray, unit: int, reach: float) -> bool:
    """Whether a column is a convex mixture of the others, also where it was not learnt."""
    weights = np.linalg.lstsq(np.delete(learn, unit, axis=1), learn[:, unit])[0]
    missed = np.abs(np.delete(held_out, unit, axis=1) @ weights - held_out[:, unit])
    positive = (weights > -1e-3).all() and (weights > 1e-3).sum() >= 3
    return bool(positive and len(held_out) >= 4 and missed.max() <= reach)
