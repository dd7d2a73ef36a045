"""Robustness: sensitivity to priors, provinces, years and construction choices.

`influence` leaves provinces and years out of the column's own estimator, `sensitivity` out of
posteriors. `shapley` has the Shapley values for any game; the games are in
`analysis.ye2024.decomposition`.
"""
