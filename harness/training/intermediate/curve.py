"""The curve of a training: what is measured on held-out text after some of its steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import transformers


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

    def add(self, point: CurvePoint) -> None:
        """Add a point, and write all."""
        self.points.append(point)
        self._path.write_text(json.dumps([asdict(point) for point in self.points]))


class CurveCallback(transformers.TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Measure every so many steps, and keep the encoder after some; the Trainer's weights do not change."""

    def __init__(
        self,
        measure: Callable[[int], None],
        every: int | None,
        keep: Callable[[int], None],
        kept_steps: Sequence[int],
    ) -> None:
        """Take what measures and what saves the encoder; both receive the number of steps so far."""
        self._measure, self._every, self._keep, self._kept_steps = measure, every, keep, kept_steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Measure and save where this step is asked for; the last one is measured after the training."""
        step = int(state.global_step)
        kept = step in self._kept_steps
        if step < state.max_steps and (kept or (self._every is not None and step % self._every == 0)):
            self._measure(step)
        if kept:
            self._keep(step)
