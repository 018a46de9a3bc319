"""User-provided tasks with a head, `labelled.NAME` and `tagged.NAME`: target, training text and tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness.catalog import own_target
from harness.catalog.own import OWN_KINDS
from harness.data import own_labelled, own_tagged
from harness.data.examples import RowExamples
from harness.data.own_labelled import LabelledTexts
from harness.data.own_splits import Splits, find_splits
from harness.data.sentence_pairs import SentencePairs
from harness.data.tagging import TaggedSentences
from harness.errors import BadInput, Where
from harness.records import Target
from harness.records.target import LABELS

# A larger number means that texts, ids or scores were taken for labels.
_MOST_LABELS = 1000
# Without a dev file the last tenth of the training examples is held out.
_LEAST_TO_HOLD_OUT = 10


class _Task(NamedTuple):
    """The files of a task and how they are read: language, path and labels → the examples.

    Without labels the reader accepts any.
    """

    splits: Splits
    read: Callable[[str, Path, Collection[str] | None], RowExamples]


def _labelled(folder: Path) -> _Task:
    splits = find_splits(folder, own_labelled.ENDINGS, "labelled")
    return _Task(splits, partial(own_labelled.read_labelled, pairs=own_labelled.has_pairs(splits.train)))


def _tagged(folder: Path) -> _Task:
    return _Task(find_splits(folder, own_tagged.ENDINGS, "tagged"), own_tagged.read_tagged)


_TASKS: Mapping[str, Callable[[Path], _Task]] = {"labelled": _labelled, "tagged": _tagged}


def is_task(name: str) -> bool:
    """Tell whether a user-provided target has a head, and so files to train it on."""
    return name.partition(".")[0] in _TASKS


def find_task(name: str, folder: Path) -> Target:
    """Return the target of a folder: its languages are those of the test files, its labels those of train.

    Raises BadInput for files that are missing, and for labels that no head can tell apart.
    """
    splits, read = _task(name, folder)
    labels = _labels(read("", splits.train, None))
    if not 2 <= len(labels) <= _MOST_LABELS:
        shown = ", ".join(map(repr, sorted(labels)[:5])) + (" …" if len(labels) > 5 else "")
        raise BadInput(
            f"has {len(labels):,} different labels, expected 2 to {_MOST_LABELS:,}: {shown}",
            where=Where(str(splits.train)),
            cure="see which column holds the labels; in a table a header can name it",
        )
    target = own_target(name, tuple(splits.tests), _stated(name, labels))
    return target.model_copy(update={"labels": tuple(sorted(labels)), "training": name})


def _stated(name: str, labels: Collection[str]) -> list[str]:
    """Return what a signature states of a task's labels: their number, on which the chance level depends."""
    return [f"{LABELS}{len(labels)}"] if OWN_KINDS[name.partition(".")[0]].kind == "classification" else []


def load_test(target: Target, language: str, folder: Path) -> RowExamples:
    """Return the test examples of a language; raises BadInput for a label that train lacks."""
    splits, read = _task(target.name, folder)
    return read(language, splits.tests[language], target.labels or None)


def load_train_and_dev(target: Target, folder: Path) -> tuple[RowExamples, RowExamples | None]:
    """Return the training examples, and those of the dev file if there is one.

    Raises BadInput for a label of dev that train lacks, and for too few examples to hold some out.
    """
    splits, read = _task(target.name, folder)
    train = read("", splits.train, target.labels)
    if splits.dev is not None:
        return train, read("", splits.dev, target.labels)
    if len(train) < _LEAST_TO_HOLD_OUT:
        raise BadInput(
            f"has {len(train)} examples, of which no tenth can be held out",
            where=Where(str(splits.train)),
            cure=f"add {splits.train.name.replace('train', 'dev', 1)}, to choose the best evaluation by",
        )
    return train, None


def _task(name: str, folder: Path) -> _Task:
    return _TASKS[name.partition(".")[0]](folder)


def _labels(examples: RowExamples) -> set[str]:
    if isinstance(examples, TaggedSentences):
        return {tag for tags in examples.tags for tag in tags}
    assert isinstance(examples, SentencePairs | LabelledTexts)  # the other readers' examples
    return set(examples.labels)
