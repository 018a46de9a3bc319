"""The curve of a training: what is measured on held-out text after some of its steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import transformers

from harness.records import TrainingRecipe

# The folder of the best encoder so far.
BEST = "best"


def kept_folder(step: int) -> str:
    """Return the name of the folder of an encoder that is kept after some steps."""
    return f"step-{step}"


@dataclass(frozen=True)
class Measures:
    """Dev loss and dev score of each task, and the probe's accuracy by language, in points."""

    dev_loss: dict[str, float] = field(default_factory=dict)
    dev_score: dict[str, float] = field(default_factory=dict)
    probe: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CurvePoint:
    """What was measured after some steps; `total` is the sum of the training losses of all steps so far."""

    step: int
    total: float
    measures: Measures


class TrainingCurve:
    """The points of a training, in a file, so that a killed run goes on with those that it measured."""

    def __init__(self, path: Path) -> None:
        """Read the points of a killed run."""
        self._path = path
        stored: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
        self.points = [
            CurvePoint(point["step"], point["total"], Measures(**point["measures"])) for point in stored
        ]

    def begin(self, step: int) -> None:
        """Forget points after this step, from which the training goes on: they are measured again."""
        self.points = [point for point in self.points if point.step <= step]

    def at(self, step: int) -> CurvePoint | None:
        """Return the point of a step."""
        return next((point for point in self.points if point.step == step), None)

    def best(self) -> CurvePoint | None:
        """Return the point after step 0 with the best mean dev score over the tasks, the first of equals."""
        trained = [point for point in self.points if point.step and point.measures.dev_score]
        return max(trained, key=lambda point: fmean(point.measures.dev_score.values()), default=None)

    def since_best(self) -> int:
        """Return how many measurements were made after the best one."""
        best = self.best()
        return sum(point.step > best.step for point in self.points) if best is not None else 0

    def add(self, point: CurvePoint) -> None:
        """Add a point, and write all."""
        self.points.append(point)
        self._path.write_text(json.dumps([asdict(point) for point in self.points]))


class CurveCallback(transformers.TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Measure every so many steps, keep the encoder after some, and end the training by its dev score."""

    def __init__(
        self,
        recipe: TrainingRecipe,
        curve: TrainingCurve,
        measure: Callable[[int], None],
        keep: Callable[[str], None],
    ) -> None:
        """Take what measures after a step, and what saves the encoder under a name."""
        self._recipe, self._curve, self._measure, self._keep = recipe, curve, measure, keep

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Measure and save where this step is asked for; the last one is measured after the training."""
        recipe, step = self._recipe, int(state.global_step)
        if step < state.max_steps:
            on_dev = recipe.dev_steps is not None and step % recipe.dev_steps == 0
            if on_dev or step in recipe.keep_steps:
                self._measure(step)
                if recipe.patience is not None:
                    self._choose(step, recipe.patience, control)
        if step in recipe.keep_steps:
            self._keep(kept_folder(step))

    def _choose(self, step: int, patience: int, control: Any) -> None:
        """Save the best encoder so far, with what a killed run goes on from; end where none was better."""
        best = self._curve.best()
        if best is not None and best.step == step:
            self._keep(BEST)
            control.should_save = True
        elif self._curve.since_best() >= patience:
            control.should_training_stop = True
