"""Estimators and Bayesian models, one file each."""
