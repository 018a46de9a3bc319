"""Evaluate a submission, from its checkpoints to results on disk; `story.evaluate` is the entry."""
