"""Panels of units and years: the named ones and the user's own, read and validated."""
