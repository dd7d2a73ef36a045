"""The multiverse of this paper.

`choices` says what can be chosen about data, rows and least squares, `families` what is slow, and
puts the multiverse together. `summarise` sets it beside the printed slopes, `draw` shows it; only
these two see what the paper prints.
"""
