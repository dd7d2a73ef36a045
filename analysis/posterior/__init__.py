"""From a model and a column to a trace: engines, sampling, diagnostics, predictive checks."""
