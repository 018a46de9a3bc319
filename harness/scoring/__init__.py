"""From outcomes to scores: metrics and statistics, which import nothing of ours, and the recount of a stored result."""
