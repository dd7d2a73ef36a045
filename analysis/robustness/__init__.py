"""Robustness: sensitivity to priors, provinces, years and construction choices."""
