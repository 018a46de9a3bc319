"""Find the data sets that a checkpoint was trained on and that a target scores; pure.

A submission names data sets by their usual names. The bare name of a data set with a training split means
that split; its other splits are `NAME_dev` and `NAME_test`. The bare name of a data set without a training
split means its dev and test sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.catalog import is_own
from harness.catalog.tasks import TASK_BY_NAME
from harness.records import AnySubmission, Target, Training

# Data sets without a training split, by the targets that score them: any mention means scored data.
_TESTS: Mapping[str, tuple[str, ...]] = {
    "tatoeba": ("tatoeba",),
    "bucc2018": ("bucc2018", "bucc"),
    "bucc2018_dev": ("bucc2018", "bucc"),
    "xquad_r": ("xquad", "xquad_r", "lareqa", "squad_dev", "squad_validation"),
    "mlqa_r": ("mlqa", "mlqa_r", "lareqa"),
    "ntrex_docs": ("ntrex", "ntrex_128", "ntrex_docs"),
    "jupyterlab": ("jupyterlab",),
    "xnli": ("xnli", "xnli_15way"),
    "xnli_from_dev": ("xnli", "xnli_15way"),
    "xquad": ("xquad", "xquad_r", "lareqa", "squad_dev", "squad_validation"),
    "mlqa": ("mlqa", "mlqa_r"),
    "mlqa_dev": ("mlqa", "mlqa_r"),
}
# Data sets with a training split, by the targets that score one of their other splits.
_SETS: Mapping[str, tuple[str, ...]] = {
    "pawsx": ("pawsx", "paws_x"),
    "pawsx_from_dev": ("pawsx", "paws_x"),
    "udpos": ("udpos", "ud", "universal_dependencies"),
    "udpos_dev": ("udpos", "ud", "universal_dependencies"),
    "udpos_hub": ("udpos", "ud", "universal_dependencies"),
    "panx": ("panx", "wikiann"),
    "panx_dev": ("panx", "wikiann"),
    "tydiqa": ("tydiqa", "tydiqa_goldp"),
}
# English training data of heads, or text from the same source: training on it is allowed, but the task is
# then not new to the model.
_TRAINING: Mapping[str, tuple[str, ...]] = {
    "xquad": ("squad",),
    "xquad_r": ("squad",),
    "mlqa": ("squad",),
    "mlqa_dev": ("squad",),
    "xnli": ("mnli",),
    "tydiqa": ("mrtydi", "miracl"),
}
_HELD_OUT = ("dev", "development", "test", "validation", "valid", "eval")
# Training on the benchmark means training on all of its data sets.
_WHOLE = ("xtreme", "xtreme_r")


@dataclass(frozen=True)
class Seen:
    """The data sets seen in training that belong to a target, by the names they were given.

    `held_out` are dev or test sets: the score may reflect memorised examples. `training` are training sets of
    the same task.
    """

    held_out: tuple[str, ...] = ()
    training: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Return a warning that names the dev or test data seen in training; empty if there is none."""
        return f"dev or test data seen in training: {', '.join(self.held_out)}" if self.held_out else ""


def names_seen(submission: AnySubmission, training: Training | None = None) -> tuple[str, ...]:
    """Return every data set seen in training, by the submission's declaration and its training record."""
    tasks = [
        *submission.intermediate.tasks,
        *([trained.task for trained in training.tasks] if training else []),
    ]
    declared = list(submission.trained_on)
    known = [
        name
        for task in tasks
        for name in ((task, TASK_BY_NAME[task].seen) if task in TASK_BY_NAME else (task,))
    ]
    return tuple(dict.fromkeys([*declared, *known]))


def seen(target: Target, names: Iterable[str]) -> Seen:
    """Return which of the data sets seen in training belong to a target."""
    held_out, training = [], []
    for name in dict.fromkeys(names):
        key = re.sub(r"[-.]", "_", name)
        if (name == target.name and is_own(name)) or _scored(target, key):
            held_out.append(name)
        elif key in (*_with_training(target), *_TRAINING.get(target.name, ())):
            training.append(name)
    return Seen(tuple(held_out), tuple(training))


def _with_training(target: Target) -> tuple[str, ...]:
    """Return the names of the target's data sets that have a training split."""
    return (*_SETS.get(target.name, ()), *target.training_sets)


def _scored(target: Target, key: str) -> bool:
    """Tell whether a data set is scored by the target, or selects what the target scores."""
    tests = (*_TESTS.get(target.name, ()), *target.data_sets)
    sets = _with_training(target)
    if key in _WHOLE or (key == target.name and not sets):
        return True
    names = (target.name, *tests, *sets)
    base, _, split = key.rpartition("_")
    return key in tests or (split in _HELD_OUT and base in names)
