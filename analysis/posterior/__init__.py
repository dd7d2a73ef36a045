"""Posterior sampling: engines, traces, diagnostics and predictive checks."""
