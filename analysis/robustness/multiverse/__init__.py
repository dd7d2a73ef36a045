"""The multiverse: slopes under all combinations of analysis choices (Steegen et al. 2016).

The machinery, for any paper: `records` defines choices and options, `options` applies them to a
column, `grid` crosses them by least squares, `fraction` estimates a balanced part by slow
estimators, `evaluate` runs both in batches. This paper's choices and their results beside its
printed slopes: `analysis.ye2024.multiverse`.
"""
