"""The recipe of intermediate training in words; pure."""

from __future__ import annotations

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
    """Return the recipe with the titles of the tasks, for readers: STS-B (translated)."""
    titles = [
        task.replace(name, _task_title(name), 1)
        for name, task in zip(submission.intermediate.tasks, tasks_with_objectives(submission), strict=True)
    ]
    options = _options(submission)
    return " ".join([" + ".join(titles), *([f"({', '.join(options)})"] if options else [])]).strip()


def _task_title(name: str) -> str:
    """Return a task's title, what follows a comma in parentheses; the name of an unknown one."""
    title, _, rest = (TASK_BY_NAME[name].title if name in TASK_BY_NAME else name).partition(", ")
    return f"{title} ({rest})" if rest else title


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
