"""The figure shows every slope and every province."""

import numpy as np
import pandas as pd

from analysis.robustness.sensitivity import draw


def test_the_figure_has_a_frame_for_each_slope_and_a_dot_for_each_province():
    influence = pd.DataFrame(
        {
            "panel": "x",
            "column": "3.2",
            "model": "hierarchical",
            "term": "indus",
            "region": np.repeat(["average", "east", "central", "west"], 3),
            "province": ["Tibet", "Beijing", "Hubei"] * 4,
            "home": ["west", "east", "central"] * 4,
            "shift": np.arange(12.0),
            "twfe_shift": [0.1, 0.2, 0.3] + [np.nan] * 9,
        }
    )
    lower = influence.assign(model="mundlak", shift=99.0)
    ((name, rows),) = draw.frames(pd.concat([lower, influence]))
    assert name == "influence_3.2"
    figure = draw.draw(rows)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "average",
        "east",
        "central",
        "west",
    ]
    dots, hollow = figure.axes[0].get_lines()[:2]
    assert dict(zip(dots.get_ydata(), dots.get_xdata(), strict=True)) == {2: 0.0, 0: 1.0, 1: 2.0}
    assert sorted(hollow.get_xdata()) == [0.1, 0.2, 0.3]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["Beijing", "Hubei", "Tibet"]
