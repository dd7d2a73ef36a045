"""Estimators: two-way fixed effects, feasible GLS, wild bootstrap, dynamic least squares, GMM."""
