"""Give a student's vectors of English and of its translation the teacher's English vector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from harness.records import Distillation, Task, TaskShare
from harness.training.intermediate.items import ENGLISH, Items
from harness.training.intermediate.job import Opened
from harness.training.intermediate.objectives.pairs import PairObjective
from harness.training.intermediate.objectives.teacher import teach, teacher_name
from harness.training.intermediate.texts import TaskText
from harness.training.intermediate.vectors import normalized


class DistillationObjective(PairObjective):
    """A sentence in English and its translation (Reimers and Gurevych 2020, arXiv 2004.09813).

    Trained in English only, both texts of a pair are the English sentence.
    """

    formats = ("translations", "mlm")
    english_first = True

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        super().__init__(number, opened, text)
        settings = self.share.objective
        assert isinstance(settings, Distillation)
        self.settings = settings
        sentences = [_english(items) for items in (self.train, self.dev)]
        vectors = teach(settings.teacher, [*sentences[0], *sentences[1]], opened.job, self.share.task)
        if settings.normalized:
            vectors = normalized(vectors)
        self._train_targets, self._dev_targets = torch.split(vectors, [len(part) for part in sentences])
        width = vectors.shape[1]
        self.map: nn.Module = (
            nn.Identity() if width == opened.width else nn.Linear(opened.width, width, bias=False)
        )
        self.head.map = self.map

    @classmethod
    def metric(cls, task: Task) -> str:
        """Return the mean cosine."""
        return "cosine"

    @classmethod
    def description(cls, task: Task, share: TaskShare) -> str:
        """Describe the loss and name the teacher."""
        settings = share.objective
        assert isinstance(settings, Distillation)
        lengths = "vectors of length 1" if settings.normalized else "vectors"
        return f"mean squared error of {lengths} and those of {teacher_name(settings.teacher)}"

    @property
    def rates(self) -> Mapping[nn.Parameter, float]:
        """Return the rate of the map, where it has one of its own."""
        rate = self.settings.map_rate
        return dict.fromkeys(self.map.parameters(), rate) if rate is not None else {}

    def facts(self, items: Items, numbers: NDArray[np.intp]) -> torch.Tensor:
        """Return the teacher's vectors, (pairs, width of the teacher)."""
        targets = self._train_targets if items is self.train else self._dev_targets
        return targets[torch.from_numpy(numbers)]

    def loss(self, vectors: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of both texts' vectors."""
        students = self._mapped(vectors)
        return functional.mse_loss(students, facts.expand_as(students))

    def score(self, vectors: torch.Tensor, facts: torch.Tensor) -> float:
        """Return the mean cosine of the student's vector of the second text and the teacher's."""
        return float((normalized(self._mapped(vectors[1])) * normalized(facts)).sum(dim=-1).mean())

    def _mapped(self, vectors: torch.Tensor) -> torch.Tensor:
        mapped: torch.Tensor = self.map(vectors)
        return normalized(mapped) if self.settings.normalized else mapped


def _english(items: Items) -> list[str]:
    english = items.languages.index(ENGLISH)
    return [items.text(0, item, english) for item in range(len(items))]
