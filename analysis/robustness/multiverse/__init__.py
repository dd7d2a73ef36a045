"""The multiverse: slopes under all defensible choices crossed (Steegen et al. 2016).

The machinery, for any paper: `records` says what a multiverse is over, `options` what options come
to for a column, `grid` crosses them by least squares, `fraction` estimates a balanced part by what
is slow, `evaluate` runs both in batches. This paper's choices, and what comes of them beside its
printed slopes: `analysis.ye2024.multiverse`.
"""
