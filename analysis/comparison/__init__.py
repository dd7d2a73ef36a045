"""Comparison of posteriors with published coefficients: slopes, regions, ladder, turning points."""
