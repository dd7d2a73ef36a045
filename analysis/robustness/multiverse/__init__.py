"""The multiverse: every claim's slope under all defensible choices crossed.

`choices` says what can be chosen, `evaluate` crosses it and estimates, `summarise` tells what comes
of it, `draw` shows it. Only the last two see what the paper prints.
"""
