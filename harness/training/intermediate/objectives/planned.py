"""What objectives on pairs of texts share: items in batches that are planned by language."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.models.tokenization import Input
from harness.records import Batches, DrawnLanguages, Regime, Task, TaskShare, TrainingRecipe
from harness.training.intermediate.batch_plan import (
    BatchPlan,
    LanguageRule,
    plan_batches,
    plan_languages,
    refuse_unavailable,
)
from harness.training.intermediate.items import ENGLISH, Items, ItemText, read_items
from harness.training.intermediate.job import Opened
from harness.training.intermediate.objectives.objective import Objective, Schedule
from harness.training.intermediate.texts import DEV_SEED, TaskText


@dataclass(frozen=True)
class Pair:
    """One example of a step: the tokens of its texts, and the number of its item."""

    inputs: tuple[Input, ...]
    item: int


@dataclass(frozen=True)
class InTurn:
    """Steps one after the other, over all epochs."""

    batch: int
    an_epoch: int

    def steps(self, epoch: int) -> Iterator[Sequence[int]]:
        """Yield the steps of this epoch."""
        for step in range(epoch * self.an_epoch, (epoch + 1) * self.an_epoch):
            yield range(step * self.batch, (step + 1) * self.batch)


class PlannedObjective(Objective):
    """Pairs of texts in batches planned by language; what is read of a pair is left to the objective."""

    # The first text of a pair in two languages is English.
    english_first = False

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        super().__init__(number, opened, text)
        assert isinstance(text, ItemText)
        self.train, self.dev = text.train, text.dev
        self.share = opened.recipe.tasks[number]
        self.rule = self.rule_for(self.share, opened.recipe)
        self._plan: BatchPlan | None = None
        self._scheduled: list[Pair] = []

    @classmethod
    def rule_for(cls, share: TaskShare, recipe: TrainingRecipe) -> LanguageRule:
        """Return which languages the texts of a pair may have."""
        batches = recipe.batches or Batches.ENGLISH
        pivot = share.languages.index(ENGLISH) if cls.english_first and ENGLISH in share.languages else None
        return LanguageRule(share.languages, batches, recipe.alpha, pivot)

    @classmethod
    def read(
        cls, task: Task, share: TaskShare, recipe: TrainingRecipe, seed: int, data: Path | None
    ) -> ItemText:
        """Return the items of the task; raises BadInput where they lack the languages of the batches."""
        if len(share.languages) > 1 and task.format == "mlm" and not task.parallel:
            raise BadInput(
                f"{task.name} has other examples in every language",
                cure="a task that exists in several languages",
            )
        if recipe.regime is Regime.MULTILINGUAL and len(share.languages) < 2:
            raise BadInput(
                f"{task.name} is trained in {share.languages[0]} alone",
                cure="two languages or more for each task of regime multilingual that has an objective",
            )
        text = read_items(task, share, seed, data)
        for items in (text.train, text.dev):
            refuse_unavailable(items.available, cls.rule_for(share, recipe))
        return text

    # ---- batches ----

    @property
    def size(self) -> int:
        """Return the number of items."""
        return len(self.train)

    def schedule(self, steps: int) -> Schedule:
        """Plan the languages of all epochs, and tokenise what they need."""
        recipe = self.opened.recipe
        plan = plan_batches(
            self.train.available,
            self.rule,
            batch=recipe.batch_size,
            steps=steps * recipe.epochs,
            seed=self.opened.job.seed,
        )
        self._plan = plan
        items, first, second = (column.reshape(-1) for column in (plan.items, plan.first, plan.second))
        self._scheduled = self._pairs(self.train, items, first, second)
        return Schedule(self._scheduled, InTurn(recipe.batch_size, steps))

    @property
    def drawn(self) -> DrawnLanguages | None:
        """Return how often each language was drawn."""
        return self._plan.drawn if self._plan is not None else None

    @abstractmethod
    def _pairs(
        self, items: Items, numbers: NDArray[np.intp], first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> list[Pair]:
        """Return items with their tokens; `first` and `second` number the languages of the two texts."""

    @cached_property
    def _held_out(self) -> list[Pair]:
        """Return the held-out items, in languages drawn as in training, the same for every seed."""
        first, second = plan_languages(self.dev.available, self.rule, DEV_SEED)
        return self._pairs(self.dev, np.arange(len(self.dev)), first, second)

    def ids(self) -> Iterator[list[int]]:
        """Yield the token ids of the scheduled and of the held-out pairs."""
        return (tokens.ids for pair in (*self._scheduled, *self._held_out) for tokens in pair.inputs)
