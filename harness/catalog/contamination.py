"""Set what a checkpoint was trained on against what a target scores; pure.

A submission names data sets by their usual names. One that has a training split of its own means that by its
bare name, and its other splits as `NAME_dev` and `NAME_test`; one that is nothing but a test set, or a dev
and a test set, means these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.catalog import is_own
from harness.catalog.tasks import TASK_BY_NAME
from harness.records import AnySubmission, Target, Training

# Data sets with no training split of their own, by the targets that score them: any mention is of what is
# scored.
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
# Data sets with a training split, by the targets that score another one of theirs.
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
# What a head is trained on in English, or text out of the same hands: seeing it is no fault, but such a row
# is not new to it.
_TRAINING: Mapping[str, tuple[str, ...]] = {
    "xquad": ("squad",),
    "xquad_r": ("squad",),
    "mlqa": ("squad",),
    "mlqa_dev": ("squad",),
    "xnli": ("mnli",),
    "tydiqa": ("mrtydi", "miracl"),
}
_HELD_OUT = ("dev", "development", "test", "validation", "valid", "eval")
# Whoever trained on the benchmark has seen all of it.
_WHOLE = ("xtreme", "xtreme_r")


@dataclass(frozen=True)
class Seen:
    """Which data sets of a training belong to a target, as they were named.

    `held_out` are a dev or test set: the score may be of what was learnt by heart. `training` are training
    sets of the same task.
    """

    held_out: tuple[str, ...] = ()
    training: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Say in words what of a dev or test set was seen; empty where nothing was."""
        return f"dev or test data seen in training: {', '.join(self.held_out)}" if self.held_out else ""


def names_seen(submission: AnySubmission, training: Training | None = None) -> tuple[str, ...]:
    """Return every data set seen in training, as the submission declares it or as the record of its training shows."""
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
        if (name == target.name and is_own(name)) or _scored(target.name, key):
            held_out.append(name)
        elif key in (*_SETS.get(target.name, ()), *_TRAINING.get(target.name, ())):
            training.append(name)
    return Seen(tuple(held_out), tuple(training))


def _scored(target: str, key: str) -> bool:
    """Tell whether a data set is one that the target scores, or that chooses what it scores."""
    if key in _WHOLE or (key == target and target not in _SETS):
        return True
    names = (*_TESTS.get(target, ()), *_SETS.get(target, ()))
    base, _, split = key.rpartition("_")
    return key in _TESTS.get(target, ()) or (split in _HELD_OUT and base in names)
