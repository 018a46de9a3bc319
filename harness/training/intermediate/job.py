"""A training of an encoder: what it starts from, its recipe, its text, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.models.checkpoint import CheckpointFiles
from harness.records import TrainingRecipe
from harness.training.intermediate.items import Items
from harness.training.intermediate.texts import TaskText


@dataclass(frozen=True)
class EncoderTraining:
    """A training of an encoder on tasks, in a folder where a killed run goes on.

    Relative paths of a teacher start from the submission's folder; `cache` receives its checkpoint. `probe`
    holds the texts of the recipe's probe.
    """

    files: CheckpointFiles
    recipe: TrainingRecipe
    parts: tuple[TaskText, ...]
    seed: int
    folder: Path
    submission: Path
    cache: Path
    device: str
    bfloat16: bool
    probe: Items | None = None


@dataclass(frozen=True)
class Opened:
    """A training with its encoder open; `at_once` is how many examples of a step memory holds."""

    job: EncoderTraining
    encoder: Any
    tokenizer: Any
    at_once: int

    @property
    def recipe(self) -> TrainingRecipe:
        """Return the recipe."""
        return self.job.recipe

    @property
    def width(self) -> int:
        """Return the size of the encoder's vectors."""
        return int(self.encoder.config.hidden_size)
