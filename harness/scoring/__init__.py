"""From outcomes to scores: metrics, statistics, and the recount of a stored result.

Metrics and statistics import nothing from the rest of the project.
"""
