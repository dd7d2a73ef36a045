"""How far ranks are from uniform, drawn."""

from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.shared.outputs import read_netcdf
from analysis.shared.plotting import PALETTE, key, outer, small_multiples
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.judge import band, counts
from analysis.simulation.calibration.ranks import DRAWS
from analysis.simulation.calibration.stored import ranks_of


def curves(path: Path) -> pd.DataFrame:
    """Read what is drawn: an index (case, parameter), and `counts` by rank."""
    rows = {
        (case, f"{name}[{element}]"): [len(column), *counts(column)]
        for case, ranks in ranks_of(read_netcdf(path).to_dataset()).items()
        for name, values in ranks.of.items()
        for element, column in enumerate(values.T)
    }
    index = pd.MultiIndex.from_tuples(rows, names=["case", "parameter"])
    columns = ["data_sets", *range(1, DRAWS + 1)]
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


AS_PIXELS = {"rasterized": True, "antialiased": False}
"""In the SVG too, since paths of every parameter are megabytes; few shades of colour pack well."""


TITLE = 26
"""Letters of a line of a frame's title."""


def draw(rows: pd.DataFrame) -> Figure:
    """Draw by how much ranks' distributions are above the uniform one, a frame for each case.

    The number in a frame is that of its data sets.
    """
    cases = [case for case in CASES if case.name in rows.index.levels[0]]
    figure, grid = small_multiples(len(cases), 1.4)
    expected = np.arange(DRAWS + 2) / (DRAWS + 1)
    handles = {}
    for axes, case in zip(grid, cases, strict=True):
        of_case = rows.loc[case.name]
        size = int(of_case["data_sets"].iloc[0])
        low, high = band(size, len(of_case))
        ends = [np.concatenate([[0], end, [size]]) / size - expected for end in (low, high)]
        style = {"color": "0.88", "lw": 0, "step": "mid"}
        handles["band"] = axes.fill_between(expected, *ends, **style, **AS_PIXELS)
        for count in of_case.drop(columns="data_sets").to_numpy():
            leaves_band = ((count < low) | (count > high)).any()
            above = np.concatenate([[0], count, [size]]) / size - expected
            colour, width = (PALETTE[5], 0.9) if leaves_band else (PALETTE[0], 0.4)
            style = {"color": colour, "lw": width, "zorder": 2 + leaves_band}
            (line,) = axes.plot(expected, above, **style, **AS_PIXELS)
            handles.setdefault(f"parameter {'outside' if leaves_band else 'inside'} its band", line)
        axes.set_title(fill(case.name, TITLE), loc="left", fontsize=7)
        axes.text(0.98, 0.03, f"{size:,}", transform=axes.transAxes, ha="right", fontsize=6)
        axes.tick_params(labelsize=6.5)
        axes.set_xlim(0, 1)
    left, lowest = outer(grid)
    for axes in lowest:
        axes.set_xlabel("rank of the true value", fontsize=7)
    for axes in left:
        axes.set_ylabel("ECDF − uniform", fontsize=7)
    key(figure, handles.values(), handles)
    return figure
