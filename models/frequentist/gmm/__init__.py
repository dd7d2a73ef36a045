"""Difference and system GMM for dynamic panels, in xtabond2's conventions.

`records` specifies the estimation, `grid` lays the panel out, `instruments` indexes the values
that enter and `arrays` gathers them, `matrix` multiplies instruments, `weighting` gives the
first step's weights, `estimation` and `moment_tests` are functions on arrays, `problem` and
`solve` put them together, `fit` reports.
"""

from models.frequentist.gmm.fit import GmmFit, fit
from models.frequentist.gmm.records import Gmm, GmmSpecification, Iv

__all__ = ["Gmm", "GmmFit", "GmmSpecification", "Iv", "fit"]
