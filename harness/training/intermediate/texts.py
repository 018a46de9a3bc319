"""The text of a task: its training and held-out examples, each in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data.examples import RowExamples
from harness.data.sentence_pairs import SentencePairs
from harness.data.similarity import ScoredPairs
from harness.data.text_files import fingerprint
from harness.data.training_text import load_task
from harness.errors import BadInput
from harness.records import Task

# The held-out examples and their languages are the same for every seed.
DEV_SEED = 0
# Formats of tasks whose examples are two texts.
_PAIRS = ("pair_classification", "pair_regression")


@dataclass(frozen=True)
class TaskText:
    """A task, its languages, the examples of one epoch, and the fingerprints of the whole text."""

    task: Task
    languages: tuple[str, ...]
    examples: int
    train_fingerprint: str
    dev_fingerprint: str


@dataclass(frozen=True)
class SpreadText(TaskText):
    """Training and held-out examples by language; each example is in one language throughout."""

    train: tuple[RowExamples, ...]
    dev: tuple[RowExamples, ...]


def read_spread(
    task: Task,
    languages: Sequence[str],
    examples: int | None,
    seed: int,
    data: Path | None,
    *,
    crosslingual: bool = False,
) -> SpreadText:
    """Return the text of a task, spread over its languages, or over its pairs of two languages.

    Raises BadInput for a language that the task does not have, for more examples than there are, and for
    `crosslingual` examples of a task that is not of parallel pairs.
    """
    check_languages(task, languages)
    if crosslingual and (task.format not in _PAIRS or not task.parallel):
        raise BadInput(
            f"the examples of {task.name} are not pairs of texts that exist in several languages",
            cure="batches: mixed",
        )
    texts = {language: load_task(task, language, data) for language in languages}
    train = {language: train for language, (train, _) in texts.items()}
    dev = {language: dev for language, (_, dev) in texts.items()}
    whole = min(map(len, train.values()))
    distribute = spread_pairs if crosslingual else spread
    held_out = distribute(task, dev, min(map(len, dev.values())), DEV_SEED)
    train_rows = distribute(task, train, examples or whole, seed)
    train_print, dev_print = (
        fingerprint(text.fingerprint for text in side.values()) for side in (train, dev)
    )
    return SpreadText(
        task,
        tuple(languages),
        sum(map(len, train_rows)),
        train_print,
        dev_print,
        tuple(train_rows),
        tuple(held_out),
    )


def check_languages(task: Task, languages: Sequence[str]) -> None:
    """Raise BadInput for a language that the task does not have; own text has those of its files."""
    unknown = [language for language in languages if task.languages and language not in task.languages]
    if unknown:
        raise BadInput(
            f"task {task.name} has no language {unknown[0]!r}", cure=f"one of: {' '.join(task.languages)}"
        )


def refuse_too_many(task: Task, n: int, size: int, languages: Sequence[str]) -> None:
    """Raise BadInput when more examples are requested than there are."""
    if n > size:
        raise BadInput(
            f"{n:,} examples of {task.name} in {', '.join(languages)} are requested, there are {size:,}",
            cure="fewer examples, or more epochs",
        )


def spread(task: Task, texts: Mapping[str, RowExamples], n: int, seed: int) -> list[RowExamples]:
    """Return n examples spread evenly over the languages; of a parallel task each in a single language.

    The rows, and their order, depend on n and seed only, so that regimes see the same examples in other
    languages. Raises BadInput when there are fewer than n.
    """
    languages = list(texts)
    rows = np.random.default_rng([seed, 0]).permutation
    if task.parallel:
        order = _order(task, texts, n, seed)
        return [
            texts[language].rows(order[i :: len(languages)].tolist()) for i, language in enumerate(languages)
        ]
    shares = [n // len(languages) + (i < n % len(languages)) for i in range(len(languages))]
    for language, share in zip(languages, shares, strict=True):
        refuse_too_many(task, share, len(texts[language]), [language])
    return [
        texts[language].rows(rows(len(texts[language]))[:share].tolist())
        for language, share in zip(languages, shares, strict=True)
    ]


def spread_pairs(task: Task, texts: Mapping[str, RowExamples], n: int, seed: int) -> list[RowExamples]:
    """Return n pairs of a parallel task, spread evenly over the ordered pairs of two different languages.

    The rows are those of `spread`. Raises BadInput when there are fewer than n.
    """
    order = _order(task, texts, n, seed)
    pairs = list(permutations(texts, 2))
    parts: list[RowExamples] = []
    for i, (first, second) in enumerate(pairs):
        rows = order[i :: len(pairs)].tolist()
        left, right = (texts[language].rows(rows) for language in (first, second))
        assert isinstance(left, SentencePairs | ScoredPairs) and isinstance(
            right, SentencePairs | ScoredPairs
        )
        if len(left):
            parts.append(replace(left, second_sentences=right.second_sentences))
    return parts


def _order(task: Task, texts: Mapping[str, RowExamples], n: int, seed: int) -> NDArray[np.intp]:
    """Return the numbers of n examples of a parallel task, in the order of the seed."""
    size = min(map(len, texts.values()))
    check_parallel(task, texts)
    refuse_too_many(task, n, size, list(texts))
    return np.random.default_rng([seed, 0]).permutation(size)[:n]


def check_parallel(task: Task, texts: Mapping[str, RowExamples]) -> None:
    """Raise BadInput when the languages of a task that is parallel, line by line, differ in size."""
    if len({len(text) for text in texts.values()}) > 1:
        counts = ", ".join(f"{language} {len(text):,}" for language, text in texts.items())
        raise BadInput(
            f"{task.name} is parallel line by line, but its languages differ in size: {counts} examples",
            cure="read the smaller files again from their source, or leave these languages out of the regime",
        )
