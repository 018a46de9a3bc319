"""The recipe of intermediate training in words; pure."""

from __future__ import annotations

from harness.records import AnySubmission


def recipe(submission: AnySubmission) -> str:
    """Return the tasks and options of the intermediate training, without its languages; may be empty."""
    intermediate = submission.intermediate
    marks = [" + ".join(intermediate.tasks)] if intermediate.tasks else []
    marks += ["translated"] if intermediate.translated else []
    marks += ["continued MLM"] if intermediate.continued_mlm else []
    return ", ".join(marks)
