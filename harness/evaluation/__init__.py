"""Evaluate a submission: `story.evaluate` tells how, from its checkpoints to results on disk."""
