"""Keep a board up to date after its targets changed: which results are behind or missing, and score again."""
