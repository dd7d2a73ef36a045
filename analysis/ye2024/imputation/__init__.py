"""What the imputation of this paper's inputs does to a slope.

`simulated_panels` has complete panels whose cells are deleted as the real gaps lie, `study` scores
slopes on them, `outcome` sets slopes imputed without and with the outcome side by side. None reads
what the paper prints.
"""
