"""Simulation-based calibration: ranks of true parameters among posterior draws.

Parameters are drawn from the prior, data from the model given them, and the model is fitted to
these; the rank of each parameter among its posterior draws is then uniform if model, density and
sampler agree (Talts, Betancourt, Simpson, Vehtari & Gelman 2018, arXiv:1804.06788). A model that
is fitted to data of another must fail; some that should are records here, so that the check is
known to bite.

Priors this wide make data unlike any panel's. Cases `posterior` ask the same about the panel at
hand: parameters are drawn from its posterior, new outcomes from the model given them, and the fit
is to both, the panel's and the new ones; the rank is uniform again (Säilynoja, Schmitt, Bürkner &
Vehtari 2025, arXiv:2502.03279).

`cases` says which models, `ranks` simulates and fits, `judge` says whether ranks are uniform,
`stored` keeps them, `draw` shows them.
"""
