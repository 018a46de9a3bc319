"""Intervals and paired tests; pure functions on numpy and scipy."""
