"""The multiverse of this paper.

`choices` has the choices about data, rows and least squares, `families` the slow estimators and
the whole multiverse. `summarise` compares it with the printed slopes, `draw` has the figures; only
these two read what the paper prints.
"""
