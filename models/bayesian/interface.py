"""Interface of a model's file: `ModelFile`, and one Protocol for each optional part.

A model is one file, which defines these names and nothing under another name that a caller asks
for, and one record in `models.bayesian.registry`. Whoever needs an optional part asks for it by
`isinstance(model.module, Collapsible)`; nobody asks for a model's name.

Draws of the free variables (`free`) are on the standardised scale, in a dict of arrays with
shapes (chain, draw, *dims) unless it says otherwise; `dims` are those that the PyMC model gives a
variable. `parts` is what the file's own `split` returned.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.design import Design

if TYPE_CHECKING:  # PyMC takes seconds to import, and most of who reads the registry needs none
    import pymc as pm

    from models.inference.collapsed import Collapsed
    from models.inference.collapsed_correlated import CollapsedErrors
    from models.priors import Priors

Variables = dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]
"""Name to (dims, values); of draws, the dims after theirs."""


class Rows(NamedTuple):
    """Log likelihood and predictive draws of each row of the sample; leading dims are the draws'.

    Attributes
    ----------
    log_likelihood : ndarray, shape (…, n)
        Log density of what was observed in a row.
    predictive : Variables
        Draws of it, on the paper's scale; `y` (obs) is the column's outcome.
    """

    log_likelihood: NDArray[np.float64]
    predictive: Variables


class Parts(Protocol):
    """The arrays that a model works on, as its `split` makes them."""

    @property
    def design(self) -> Design:
        """The column's regression on the paper's scale."""

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim; `obs` are the design's rows."""

    @property
    def observed(self) -> Variables:
        """Observed data of the likelihood, on the paper's scale; `y` (obs) is the outcome."""


@runtime_checkable
class Divisible(Protocol):
    """Parts of which some rows can be kept: refits without a province or a year need it."""

    def keep(self, rows: NDArray[np.bool_]) -> Any:
        """Return the same of some of the rows, shape (n,), standardised as all of them are."""


@runtime_checkable
class ModelFile(Protocol):
    """Required names of a model's file.

    Attributes
    ----------
    PRIORS : Priors
        Its prior table (`models.priors`).
    MEANINGS : mapping of str to str
        What a variable is that no line of the table explains: one made of others, or observed.
    split : callable
        `split(design, …) -> parts`: the standardised arrays, from a column's design, the terms
        that vary by region (`varying`), the column's system of outcomes (`system`) and further
        inputs by their names, as far as the record asks for them, and the record's switches.
    """

    PRIORS: "Priors"
    MEANINGS: Mapping[str, str]
    split: Callable[..., Any]

    def build(self, parts: Any, priors: "Priors") -> "pm.Model":
        """Build the PyMC model: every free variable has dims, `parts.coords` their labels."""

    def report(self, parts: Any, free: Mapping[str, Any]) -> Variables:
        """Return what is stored beside the free variables, on the paper's scale.

        `slope` (term) of the column's outcome at least.
        """

    def rows(self, parts: Any, free: Mapping[str, Any], rng: np.random.Generator) -> Rows:
        """Return log likelihood and predictive draws of each row."""


@runtime_checkable
class Collapsible(ModelFile, Protocol):
    """A model that is normal given its scales, which the collapsed engine then samples."""

    def density(self, parts: Any, priors: "Priors") -> "Collapsed | CollapsedErrors":
        """Return the same posterior with all but the scales integrated out."""


@runtime_checkable
class LinearSlopes(Collapsible, Protocol):
    """A model with exact densities of slopes at zero (`analysis.posterior.savage_dickey`)."""

    def slope_weights(self, parts: Any) -> dict[str, NDArray[np.float64]]:
        """Return regressors' standardised slopes as a linear function of `density`'s locations."""


@runtime_checkable
class NormalSlopes(Collapsible, Protocol):
    """A model whose slopes are normal given its density's points."""

    def moments(
        self, parts: Any, density: Any, point: NDArray[np.float64], *, prior: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return means and sds of the standardised slopes: of terms, then by term and region."""


@runtime_checkable
class QuickSlopes(Collapsible, Protocol):
    """A model for many refits, of which only the slopes are kept."""

    def slopes(self, parts: Any, drawn: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return each term's slope, (draws, terms), from draws of the density's variables."""


@runtime_checkable
class Marginalised(ModelFile, Protocol):
    """A model that NUTS samples with some variables integrated out."""

    def marginal(self, parts: Any, priors: "Priors") -> "pm.Model":
        """Build the PyMC model without these variables."""

    def completed(
        self, parts: Any, free: Mapping[str, Any], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return draws of all free variables, given those of `marginal`."""


@runtime_checkable
class Generative(ModelFile, Protocol):
    """A model whose new data are more than the `y` of `rows`."""

    def generate(self, parts: Any, free: Mapping[str, Any], rng: np.random.Generator) -> Any:
        """Return the parts with new data, given one draw of the free variables, shapes (*dims,)."""


@runtime_checkable
class Renewed(ModelFile, Protocol):
    """A model that can say what other provinces of the same law would be like."""

    def renewed(
        self, parts: Any, free: Mapping[str, Any], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return draws, shapes (…, *dims), with every province's own effects drawn anew."""

    def replicates(
        self, parts: Any, free: Mapping[str, Any], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return `y` of the predictive draws of `rows`, without the likelihood of what was seen."""


@runtime_checkable
class Restated(Generative, Protocol):
    """A model whose free variables are measured from the data that they are given."""

    def restated(self, parts: Any, target: Any, free: Mapping[str, Any]) -> dict[str, Any]:
        """Return a draw, shapes (*dims,), as it is with the data of `target`."""
