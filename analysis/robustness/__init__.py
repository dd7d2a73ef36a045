"""What results depend on: priors, provinces, years, construction choices."""
