"""Simulation study of dynamic-panel estimators: bias, error and coverage.

`cells` has the data-generating processes, `truth` draws outcomes from them, `study` estimates and
stores, `ranking` has the rule that was written before any result was seen, `verdict` decides by it
whether ρ > 1 is in the data.
"""
