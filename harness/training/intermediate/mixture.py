"""Choose the training examples of an encoder: which of each task, in which language, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch

from harness.catalog.tasks import find_task
from harness.data.examples import RowExamples
from harness.data.text_files import fingerprint
from harness.data.training_text import load_task
from harness.errors import BadInput
from harness.records import Sampling, Task, TrainingRecipe
from harness.training.batches import ByLength

# The held-out examples and their languages are the same for every seed.
_DEV_SEED = 0


@dataclass(frozen=True)
class TaskText:
    """A task's training and held-out examples by language, and the fingerprints of the whole text."""

    task: Task
    languages: tuple[str, ...]
    train: tuple[RowExamples, ...]
    dev: tuple[RowExamples, ...]
    train_fingerprint: str
    dev_fingerprint: str

    @property
    def examples(self) -> int:
        """Count the examples of one epoch."""
        return sum(map(len, self.train))


def parts(recipe: TrainingRecipe, seed: int, data: Path | None) -> list[TaskText]:
    """Return the text that a recipe trains on with a seed, masked language modelling last.

    Raises WrongUsage for an unknown task, BadInput for a language that it does not have and for more examples
    than there are.
    """
    result = [
        _part(find_task(share.task), share.languages, share.examples, seed, data) for share in recipe.tasks
    ]
    for part in result:
        if part.task.format == "mlm":
            raise BadInput(f"{part.task.name} is plain text, not a task", cure="name it under continued_mlm")
    if recipe.continued_mlm is not None:
        text = find_task(recipe.continued_mlm.text)
        if text.format != "mlm":
            raise BadInput(
                f"continued_mlm: {text.name} is a task, not plain text", cure="wikipedia, or ntrex"
            )
        result.append(_part(text, recipe.continued_mlm.languages, None, seed, data))
    return result


def _part(task: Task, languages: Sequence[str], n: int | None, seed: int, data: Path | None) -> TaskText:
    if unknown := [language for language in languages if language not in task.languages]:
        raise BadInput(
            f"task {task.name} has no language {unknown[0]!r}", cure=f"one of: {' '.join(task.languages)}"
        )
    texts = {language: load_task(task, language, data) for language in languages}
    train = {language: train for language, (train, _) in texts.items()}
    dev = {language: dev for language, (_, dev) in texts.items()}
    whole = min(map(len, train.values()))
    held_out = spread(task, dev, min(map(len, dev.values())), _DEV_SEED)
    prints = [fingerprint(text.fingerprint for text in side.values()) for side in (train, dev)]
    return TaskText(
        task, tuple(languages), tuple(spread(task, train, n or whole, seed)), tuple(held_out), *prints
    )


def spread(task: Task, texts: Mapping[str, RowExamples], n: int, seed: int) -> list[RowExamples]:
    """Return n examples spread evenly over the languages; of a parallel task each in a single language.

    The rows, and their order, depend on n and seed only, so that regimes see the same examples in other
    languages. Raises BadInput when there are fewer than n.
    """
    languages = list(texts)
    rows = np.random.default_rng([seed, 0]).permutation
    if task.parallel:
        size = min(map(len, texts.values()))
        if len({len(text) for text in texts.values()}) > 1:
            counts = ", ".join(f"{language} {len(text):,}" for language, text in texts.items())
            raise BadInput(
                f"{task.name} is no longer parallel: {counts} examples",
                cure="use the official set unchanged",
            )
        _refuse_too_many(task, n, size, languages)
        order = rows(size)[:n]
        return [
            texts[language].rows(order[i :: len(languages)].tolist()) for i, language in enumerate(languages)
        ]
    shares = [n // len(languages) + (i < n % len(languages)) for i in range(len(languages))]
    for language, share in zip(languages, shares, strict=True):
        _refuse_too_many(task, share, len(texts[language]), [language])
    return [
        texts[language].rows(rows(len(texts[language]))[:share].tolist())
        for language, share in zip(languages, shares, strict=True)
    ]


def _refuse_too_many(task: Task, n: int, size: int, languages: Sequence[str]) -> None:
    if n > size:
        raise BadInput(
            f"{n:,} examples of {task.name} in {', '.join(languages)} are requested, there are {size:,}",
            cure="fewer examples, or more epochs",
        )


def steps_an_epoch(recipe: TrainingRecipe, sizes: Sequence[int]) -> list[int]:
    """Return the steps of an epoch for each part; examples that do not fill a step wait for another epoch.

    With proportional sampling every task is seen once; with temperature T the same number of steps is shared
    out by n^(1/T) (Arivazhagan et al. 2019, arXiv 1907.05019). Masked language modelling comes on top, so
    that it makes up its share.
    """
    tasks = sizes if recipe.continued_mlm is None else sizes[:-1]
    steps = [size // recipe.batch_size for size in tasks]
    for size, share in zip(steps, recipe.tasks, strict=True):
        if size == 0:
            raise BadInput(
                f"{share.task} has fewer examples than one step takes",
                cure=f"a batch_size below {recipe.batch_size}",
            )
    if recipe.sampling is Sampling.TEMPERATURE:
        weights = np.array(tasks, float) ** (1 / recipe.temperature)
        steps = _apportion(sum(steps), weights / weights.sum())
    if recipe.continued_mlm is not None:
        mlm_share = recipe.continued_mlm.share
        steps.append(max(1, round(sum(steps) * mlm_share / (1 - mlm_share))))
        if sizes[-1] < recipe.batch_size:
            raise BadInput(
                f"{recipe.continued_mlm.text} has fewer sentences than one step takes", cure="more text"
            )
    return steps


def _apportion(total: int, shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Distribute whole steps by largest remainder, at least one each."""
    exact = shares * total
    steps = np.maximum(1, np.floor(exact)).astype(int)
    for i in np.argsort(np.floor(exact) - exact, kind="stable")[: max(0, total - int(steps.sum()))]:
        steps[i] += 1
    return [int(step_count) for step_count in steps]


class Mixed(torch.utils.data.Sampler[int]):
    """Order the examples of an epoch: `steps` of each task, in random order; a step holds one task only.

    Within a task the order is ByLength's; a task with more steps than it has examples for begins anew, in
    another order. The order depends on seed and epoch alone, so a resumed run has the same one.
    """

    def __init__(self, lengths: Sequence[Sequence[int]], steps: Sequence[int], batch: int, seed: int) -> None:
        """Take the lengths of each task's inputs, in the order of the concatenated examples."""
        self._lengths, self._steps, self._batch, self._seed, self._epoch = lengths, steps, batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that is iterated next; the Trainer calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return sum(self._steps) * self._batch

    def __iter__(self) -> Iterator[int]:
        queues = [self._task(task) for task in range(len(self._steps))]
        turns = np.repeat(np.arange(len(self._steps)), self._steps)
        for task in np.random.default_rng([self._seed, self._epoch, 1]).permutation(turns):
            yield from next(queues[task])

    def _task(self, task: int) -> Iterator[list[int]]:
        lengths, first = self._lengths[task], sum(map(len, self._lengths[:task]))
        whole = len(lengths) // self._batch * self._batch
        for repetition in count():
            order = ByLength(lengths, self._batch, self._seed + task)
            order.set_epoch(self._epoch * 1000 + repetition)
            rows = [first + row for row in order]
            for start in range(0, whole, self._batch):  # what does not fill a step comes last
                yield rows[start : start + self._batch]
