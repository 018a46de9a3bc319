"""Runs over a test collection: searched by words or vectors, read from files, fused, re-ranked, compared."""
