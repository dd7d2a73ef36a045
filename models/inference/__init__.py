"""How posteriors are evaluated and drawn: collapsed densities, transforms, independence sampler."""
