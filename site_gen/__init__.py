"""Render the results as a static site; builds without torch."""
