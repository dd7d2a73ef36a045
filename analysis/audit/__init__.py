"""Audit of printed tables: consistency of the numbers up to their rounding."""
