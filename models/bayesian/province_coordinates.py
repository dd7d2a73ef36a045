"""Effects of provinces in coordinates in which they are standard normal, given all else.

For NUTS in all variables. An effect that is N(m, s²) before its province's rows are seen, and
whose rows, n of them with error σ, leave S as the sum of what other parts of the mean do not
explain, is after them, given all else, N(m*, s²/q²) with

    q² = 1 + s² n/σ²,  m* = (m + s² S/σ²) / q²

What moves is v = (effect − m*) q/s, whose prior is therefore N((m − m*) q/s, q²), and whose
posterior given all else is N(0, 1), be s small beside σ/√n, where effects themselves are a bad
choice, or large, where their offsets from m are (Papaspiliopoulos, Roberts & Sköld 2007,
*Statistical Science* 22:59–73). The model is the same.
"""

from typing import Any

import numpy as np
import pymc as pm

from models.bayesian.within_between import WithinBetween


class Told:
    """What effects of provinces are given all else; tensors or arrays of draws, (…, N).

    Parameters
    ----------
    parts : WithinBetween
    rest : (…, n)
        What the mean's other parts leave of the equation's outcome.
    sigma : (…, regions)
        Standard deviation of its error.
    centre, spread : (…, N)
        m and s.

    Attributes
    ----------
    line : (…, N)
        m.
    """

    def __init__(
        self, parts: WithinBetween, rest: Any, sigma: Any, centre: Any, spread: Any
    ) -> None:
        self.line = centre
        of_province = sigma[..., parts.design.region_of_province]
        number = np.bincount(parts.design.province, minlength=len(parts.design.provinces))
        pull = spread / of_province
        self.stretch = (1 + pull**2 * number) ** 0.5
        left = rest @ parts.in_province
        self.centre = (centre + pull**2 * left) / self.stretch**2
        self.spread = spread / self.stretch
        self.prior_centre = pull * (number * centre - left) / of_province / self.stretch

    def variable(self, name: str) -> Any:
        """Add v to the PyMC model in context."""
        return pm.Normal(name, self.prior_centre, self.stretch, dims="province")

    def effect(self, unit: Any) -> Any:
        """Return the effects of v."""
        return self.centre + self.spread * unit

    def unit(self, effect: Any) -> Any:
        """Return v of the effects."""
        return (effect - self.centre) / self.spread
