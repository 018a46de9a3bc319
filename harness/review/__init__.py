"""Check that a pull request's files are allowed, valid and its author's to change, without running any."""

from __future__ import annotations

from harness.review.story import review
from harness.review.summary import markdown
from harness.review.verdict import Reason, Review, Verdict

__all__ = ["Reason", "Review", "Verdict", "markdown", "review"]
