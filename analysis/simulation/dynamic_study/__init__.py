"""How estimators of a dynamic panel do where the truth is known: a simulation study.

`cells` are the truths that are tried, `truth` draws outcomes from them, `study` estimates and keeps
what was estimated, `ranking` has the rule that was written before any result was seen,
`verdict` says by it whether ρ > 1 is in the data.
"""
