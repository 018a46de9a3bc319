"""Scores of the checkpoints that a training saved on its way: results/<target>.steps.yaml of a submission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.records.evaluation_run import EvaluationRun
from harness.records.record import Record
from harness.records.scalars import Count, Digest, Language, Points, Slug, Tag, integer, nullable
from harness.records.signature import PrintedSignature


class StepScores(Record):
    """A target's scores in points at one step of a training, of the weights with this digest.

    `score`, the mean over the target's languages, is None while one is missing.
    """

    step: Count
    weights: Digest
    score: Annotated[Points | None, BeforeValidator(nullable)]
    scores: Mapping[Language, Points]


class SteppedCheckpoint(Record):
    """One seed's steps, in the order of the training."""

    seed: Count
    steps: tuple[StepScores, ...]


class StepCurve(Record):
    """Scores of a training's other checkpoints on one target; the declared one's remains the result.

    `signature` is the result's; `runs` are in the order of their dates.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: PrintedSignature
    metric: Tag
    of: Count
    checkpoints: tuple[SteppedCheckpoint, ...]
    data: Mapping[Language, Digest]
    runs: Annotated[tuple[EvaluationRun, ...], Field(max_length=1000)] = ()

    @property
    def last_run(self) -> EvaluationRun | None:
        """Return the newest run that measured a part of this curve; None where no run is on record."""
        return self.runs[-1] if self.runs else None

    @property
    def steps(self) -> tuple[int, ...]:
        """Return the steps at which any seed was measured, in order."""
        return tuple(sorted({scored.step for seed in self.checkpoints for scored in seed.steps}))

    def at(self, step: int) -> Mapping[int, StepScores]:
        """Return the scores at a step, by seed."""
        return {
            seed.seed: scored for seed in self.checkpoints for scored in seed.steps if scored.step == step
        }
