"""Posteriors beside published coefficients: slopes, regions, ladder, turning points."""
