"""Mix the tasks of a training: their text, how many steps each has, and the order of the steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from harness.catalog.tasks import find_task
from harness.errors import BadInput
from harness.records import Sampling, TrainingRecipe
from harness.training.intermediate.objectives.objective import Schedule
from harness.training.intermediate.objectives.registry import objective_of
from harness.training.intermediate.texts import TaskText, read_spread


def parts(recipe: TrainingRecipe, seed: int, data: Path | None) -> list[TaskText]:
    """Return the text that a recipe trains on with a seed, masked language modelling last.

    Raises WrongUsage for an unknown task, BadInput for a language that it does not have, for more examples
    than there are, and for a task that its objective cannot be trained on.
    """
    result: list[TaskText] = []
    for share in recipe.tasks:
        task, objective = find_task(share.task), objective_of(share)
        if task.format == "mlm" and share.objective is None:
            raise BadInput(
                f"{task.name} is plain text, not a task",
                cure="name it under continued_mlm, or give it an objective",
            )
        objective.check(task, share)
        result.append(objective.read(task, share, recipe, seed, data))
    if recipe.continued_mlm is not None:
        text = find_task(recipe.continued_mlm.text)
        if text.format != "mlm":
            raise BadInput(
                f"continued_mlm: {text.name} is a task, not plain text", cure="wikipedia, or ntrex"
            )
        result.append(read_spread(text, recipe.continued_mlm.languages, None, seed, data))
    return result


def steps_an_epoch(recipe: TrainingRecipe, sizes: Sequence[int]) -> list[int]:
    """Return the steps of an epoch for each part; examples that do not fill a step wait for another epoch.

    With proportional sampling every task is seen once. Otherwise the same number of steps is shared out: with
    temperature T by n^(1/T) (Arivazhagan et al. 2019, arXiv 1907.05019), capped by min(n, cap) (Raffel et al.
    2020, arXiv 1910.10683, section 3.5.2), uniformly by 1. Masked language modelling comes on top, so that it
    makes up its share.
    """
    tasks = sizes if recipe.continued_mlm is None else sizes[:-1]
    steps = [size // recipe.batch_size for size in tasks]
    for size, share in zip(steps, recipe.tasks, strict=True):
        if size == 0:
            raise BadInput(
                f"{share.task} has fewer examples than one step takes",
                cure=f"a batch_size below {recipe.batch_size}",
            )
    if recipe.sampling is not Sampling.PROPORTIONAL:
        weights = _weights(recipe, np.array(tasks, float))
        steps = _apportion(sum(steps), weights / weights.sum())
    if recipe.continued_mlm is not None:
        mlm_share = recipe.continued_mlm.share
        steps.append(max(1, round(sum(steps) * mlm_share / (1 - mlm_share))))
        if sizes[-1] < recipe.batch_size:
            raise BadInput(
                f"{recipe.continued_mlm.text} has fewer sentences than one step takes", cure="more text"
            )
    return steps


def _weights(
    recipe: TrainingRecipe, sizes: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how often each task is sampled, in any unit, from their numbers of examples."""
    if recipe.sampling is Sampling.CAPPED:
        assert recipe.cap is not None
        return np.minimum(sizes, recipe.cap)
    exponent = 1 / recipe.temperature if recipe.sampling is Sampling.TEMPERATURE else 0.0
    weights: np.ndarray[tuple[int], np.dtype[np.float64]] = sizes**exponent
    return weights


def _apportion(total: int, shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Distribute whole steps by largest remainder, at least one each."""
    exact = shares * total
    steps = np.maximum(1, np.floor(exact)).astype(int)
    for i in np.argsort(np.floor(exact) - exact, kind="stable")[: max(0, total - int(steps.sum()))]:
        steps[i] += 1
    return [int(step_count) for step_count in steps]


class Mixed(torch.utils.data.Sampler[int]):
    """Order the examples of an epoch: `steps` of each task, in random order; a step holds one task only.

    Within a task the order is that of its schedule. The order depends on seed and epoch alone, so a resumed
    run has the same one.
    """

    def __init__(self, schedules: Sequence[Schedule], steps: Sequence[int], batch: int, seed: int) -> None:
        """Take the schedule of each task, in the order of the concatenated examples."""
        self._schedules, self._steps, self._batch, self._seed = schedules, steps, batch, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that is iterated next; the Trainer calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return sum(self._steps) * self._batch

    def __iter__(self) -> Iterator[int]:
        firsts = np.cumsum([0, *(len(schedule.rows) for schedule in self._schedules)])
        queues = [schedule.order.steps(self._epoch) for schedule in self._schedules]
        turns = np.repeat(np.arange(len(self._steps)), self._steps)
        for task in np.random.default_rng([self._seed, self._epoch, 1]).permutation(turns):
            yield from (int(firsts[task]) + row for row in next(queues[task]))
