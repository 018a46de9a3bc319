"""What intermediate training consisted of, in words; pure."""

from __future__ import annotations

from harness.records import AnySubmission


def recipe(submission: AnySubmission) -> str:
    """Name what the intermediate training consisted of, apart from its languages."""
    intermediate = submission.intermediate
    marks = [" + ".join(intermediate.tasks)] if intermediate.tasks else []
    marks += ["translated"] if intermediate.translated else []
    marks += ["continued MLM"] if intermediate.continued_mlm else []
    return ", ".join(marks)
