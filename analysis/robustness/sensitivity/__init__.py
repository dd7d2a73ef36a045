"""Prior and leave-one-out sensitivity of posteriors.

Costly, because every answer takes refits; a table that is there already is not made again.

`leave_out` leaves provinces and years out, `priors` has other priors, `power_scaling` scales prior
and likelihood. `refits` are what they need, by sampling or by `weights`. `study` runs all of them
for each fit and keeps the rows in `tables`; `summaries` and `draw` show these.
"""
