"""The interface of an objective: a task's examples in steps, its loss, and its score on held-out text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import nn

from harness.errors import BadInput
from harness.records import DrawnLanguages, Task, TaskShare, TrainingRecipe
from harness.training.intermediate.job import Opened
from harness.training.intermediate.texts import TaskText


class Order(Protocol):
    """The order of a task's examples in one epoch, a step at a time."""

    def steps(self, epoch: int) -> Iterator[Sequence[int]]:
        """Yield the numbers of the examples of each step, as long as steps are requested."""


@dataclass(frozen=True)
class Schedule:
    """The examples that a training reads, and their order."""

    rows: Sequence[Any]
    order: Order


@dataclass(frozen=True)
class StepRunner:
    """How one step runs: the model, what surrounds its forward passes, and what begins a backward pass."""

    model: nn.Module
    autocast: Callable[[], AbstractContextManager[Any]]
    backward: Callable[[torch.Tensor], None]


class DevMeasures(NamedTuple):
    """Loss and score, in points, on held-out text."""

    loss: float
    score: float


class Objective(ABC):
    """A task of a training, with the head that it adds to the encoder.

    The head is dropped after training, unless `save` keeps it; a parameter of it may have a learning rate of
    its own in `rates`.
    """

    formats: ClassVar[tuple[str, ...]]
    head: nn.Module

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        """Take the number of the task among the training's; build the head, with torch's generator."""
        self.number, self.opened, self.text = number, opened, text

    @classmethod
    def check(cls, task: Task, share: TaskShare) -> None:
        """Raise BadInput where the task's examples are not what the objective needs."""
        if task.format not in cls.formats:
            name = share.objective.name if share.objective is not None else "a head"
            raise BadInput(
                f"{task.name} cannot be trained with {name}: its format is {task.format}",
                cure=f"a task of format {' or '.join(cls.formats)}",
            )

    @classmethod
    @abstractmethod
    def read(
        cls, task: Task, share: TaskShare, recipe: TrainingRecipe, seed: int, data: Path | None
    ) -> TaskText:
        """Return the text of the task; raises BadInput where it is missing or does not suffice."""

    @classmethod
    @abstractmethod
    def description(cls, task: Task, share: TaskShare) -> str:
        """Describe the loss in words, for the record of the training."""

    @classmethod
    @abstractmethod
    def metric(cls, task: Task) -> str:
        """Return the name of the dev score; empty for a task without one."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Return how many examples an epoch has."""

    @property
    def rates(self) -> Mapping[nn.Parameter, float]:
        """Return the parameters of the head with a learning rate of their own."""
        return {}

    @abstractmethod
    def schedule(self, steps: int) -> Schedule:
        """Return the examples and their order for epochs of this many steps."""

    @abstractmethod
    def ids(self) -> Iterator[list[int]]:
        """Yield the token ids of the scheduled and of the held-out inputs."""

    @abstractmethod
    def collate(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Put the examples of one step into tensors."""

    @abstractmethod
    def backpropagate(self, runner: StepRunner, batch: Mapping[str, Any]) -> torch.Tensor:
        """Add the gradient of one step's loss to the parameters, and return the loss."""

    @abstractmethod
    def assess(self, model: nn.Module) -> DevMeasures | None:
        """Measure a model in evaluation mode on held-out text; None for a task without a metric."""

    def prefixes(self) -> tuple[str, str]:
        """Return what precedes queries and other texts: by default the prefix that evaluation uses."""
        return (self.opened.recipe.encoding.prefix,) * 2

    def save(self, folder: Path) -> None:  # noqa: B027 - most objectives keep the encoder alone
        """Save what else than the encoder is kept, into the encoder's folder: by default nothing."""

    @property
    def drawn(self) -> DrawnLanguages | None:
        """Return how often each language was drawn; None where an example has one language throughout."""
        return None
