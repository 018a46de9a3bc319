"""The recipe of intermediate training in words; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.catalog.tasks import TASK_BY_NAME
from harness.records import AnySubmission, Batches

_HEAD = "head"


def recipe(submission: AnySubmission) -> str:
    """Return the tasks and options of the intermediate training, without its languages; may be empty.

    Batches in several languages are named, so that each kind has its own gap and its own curve.
    """
    tasks = " + ".join(tasks_with_objectives(submission))
    return ", ".join([*([tasks] if tasks else []), *_options(submission)])


def recipe_title(submission: AnySubmission) -> str:
    """Return the recipe with the titles of the tasks, for readers: STS-B (translated).

    Of a single task everything else is in one pair of parentheses.
    """
    tasks = [
        (*_task_title(name), task.removeprefix(name).strip(" ()"))
        for name, task in zip(submission.intermediate.tasks, tasks_with_objectives(submission), strict=True)
    ]
    options = _options(submission)
    if len(tasks) == 1:
        title, *notes = tasks[0]
        return _noted(title, [*notes, *options])
    return _noted(" + ".join(_noted(title, notes) for title, *notes in tasks), options).strip()


def _task_title(name: str) -> tuple[str, str]:
    """Return a task's title and what follows a comma in it; the name of an unknown one."""
    title, _, rest = (TASK_BY_NAME[name].title if name in TASK_BY_NAME else name).partition(", ")
    return title, rest


def _noted(title: str, notes: Sequence[str]) -> str:
    """Return a title with those notes in parentheses that are not empty."""
    words = ", ".join(filter(None, notes))
    return f"{title} ({words})" if words else title


def _options(submission: AnySubmission) -> list[str]:
    intermediate = submission.intermediate
    marks = ["translated"] if intermediate.translated else []
    marks += ["continued MLM"] if intermediate.continued_mlm else []
    if intermediate.batches not in (None, Batches.ENGLISH):
        marks.append(f"{intermediate.batches.value} batches")
    return marks


def tasks_with_objectives(submission: AnySubmission) -> tuple[str, ...]:
    """Return the tasks, each with its objective in words, unless that is a head of the task's format."""
    intermediate = submission.intermediate
    objectives = intermediate.objectives or (_HEAD,) * len(intermediate.tasks)
    return tuple(
        task if objective == _HEAD else f"{task} ({objective.replace('_', ' ')})"
        for task, objective in zip(intermediate.tasks, objectives, strict=True)
    )
