"""A model's file as short as one can be: one σ, one slope, and slopes held close to zero."""

from models.bayesian import hierarchical
from models.priors import REGULARISED

PRIORS = REGULARISED.with_scales("sceptical", slope_std=0.01)

MEANINGS = hierarchical.MEANINGS

split = hierarchical.split
build = hierarchical.build
report = hierarchical.report
rows = hierarchical.rows
density = hierarchical.density
