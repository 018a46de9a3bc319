"""The recipe of intermediate training in words; pure."""

from __future__ import annotations

from harness.records import AnySubmission, Batches

_HEAD = "head"


def recipe(submission: AnySubmission) -> str:
    """Return the tasks and options of the intermediate training, without its languages; may be empty.

    Batches in several languages are named, so that each kind has its own gap and its own curve.
    """
    intermediate = submission.intermediate
    marks = [" + ".join(tasks_with_objectives(submission))] if intermediate.tasks else []
    marks += ["translated"] if intermediate.translated else []
    marks += ["continued MLM"] if intermediate.continued_mlm else []
    if intermediate.batches not in (None, Batches.ENGLISH):
        marks.append(f"{intermediate.batches.value} batches")
    return ", ".join(marks)


def tasks_with_objectives(submission: AnySubmission) -> tuple[str, ...]:
    """Return the tasks, each with its objective in words, unless that is a head of the task's format."""
    intermediate = submission.intermediate
    objectives = intermediate.objectives or (_HEAD,) * len(intermediate.tasks)
    return tuple(
        task if objective == _HEAD else f"{task} ({objective.replace('_', ' ')})"
        for task, objective in zip(intermediate.tasks, objectives, strict=True)
    )
