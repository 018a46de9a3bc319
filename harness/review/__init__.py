"""Judge a pull request's files as data: what may change, whether it is sound, and whether its author may change it."""

from __future__ import annotations

from harness.review.story import review
from harness.review.summary import markdown
from harness.review.verdict import Reason, Review, Verdict

__all__ = ["Reason", "Review", "Verdict", "markdown", "review"]
