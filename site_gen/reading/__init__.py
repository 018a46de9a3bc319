"""Read submissions, and cache what was read between builds."""
