"""Read submissions, and keep between builds what was read."""
