"""Results that the harness writes: submissions/<slug>/results/<target>.yaml and <target>.layers.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

from harness.records.encoding import SWEPT, Pooling
from harness.records.evaluation_run import EvaluationRun, mixed_conditions
from harness.records.record import Record
from harness.records.scalars import (
    Count,
    Digest,
    Language,
    LongLine,
    Number,
    Points,
    Slug,
    Tag,
    integer,
    nullable,
)
from harness.records.signature import PrintedSignature

# The name under which `Result.texts` holds the fingerprint of the English text that trained heads.
TRAINING_TEXT = "English training text"


class Score(Record):
    """One language: score and interval in points, n examples, the secondary scores in points.

    `quantities` are not in points: ranks, counts, margins. `pairs` holds, by language code, the scores of the
    pair with that language.
    """

    score: Points
    n: Annotated[int, Field(ge=1), BeforeValidator(integer)]
    interval: tuple[Points, Points]
    secondary: Mapping[Tag, Points] = {}
    quantities: Mapping[Tag, Number] = {}
    pairs: Mapping[Language, Mapping[Tag, Points]] = {}

    @model_serializer(mode="wrap")
    def _omit_empty_extras(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value or name not in ("quantities", "pairs")}


class Parameters(Record):
    """Counted from the safetensors headers: every weight, and those outside the embeddings."""

    total: Count
    body: Count


class Head(Record):
    """The fine-tuned weights that predicted, and the English text that trained and selected them.

    `dev` is the score on held-out English, in points, by which one of the trainer's evaluations was chosen.
    A submitted head has only its `digest`.
    """

    digest: Digest
    training: Annotated[Digest | None, BeforeValidator(nullable)] = None
    examples: Annotated[Count | None, BeforeValidator(nullable)] = None
    steps: Annotated[Count | None, BeforeValidator(nullable)] = None
    dev: Annotated[Points | None, BeforeValidator(nullable)] = None


class CheckpointScores(Record):
    """Scores of one seed and the weights they are of; `failed` gives the reason for each failed language."""

    seed: Count
    source: LongLine
    weights: Digest
    parameters: Parameters
    layer: Count
    head: Head | None = None
    scores: Mapping[Language, Score]
    failed: Mapping[Language, Annotated[str, Field(min_length=1, max_length=500)]] = {}

    @model_serializer(mode="wrap")
    def _omit_missing_head(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value is not None or name != "head"}


class Outcomes(Record):
    """The file with one row per example from which every score can be recomputed."""

    file: Annotated[str, Field(pattern=r"^[a-z0-9_.-]+\.parquet$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: Count


# How the intervals of a result's score are computed: by draws, as in results before the method had a name, or
# by Student's t in closed form.
IntervalMethod = Literal["draws", "t"]
INTERVAL_METHOD: IntervalMethod = "t"
"""The method of new results."""


class Result(Record):
    """One target of one submission.

    `measured` of `of` languages were measured on every checkpoint; `score`, their mean, is None unless all
    were. `interval`, at 95 %, is about these languages, `general_interval` about languages in general (None
    with fewer than three). With several seeds both include the variation between seeds, with one seed only
    that of the sampled examples; both are computed by the `interval_method`. `runs` are in the order of their
    dates; the `cells` of several say which languages of which seeds each of them measured.
    """

    schema_: Annotated[Literal[2], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: PrintedSignature
    metric: Tag
    score: Annotated[Points | None, BeforeValidator(nullable)]
    interval: Annotated[tuple[Points, Points] | None, BeforeValidator(nullable)] = None
    general_interval: Annotated[tuple[Points, Points] | None, BeforeValidator(nullable)] = None
    interval_method: IntervalMethod = "draws"
    measured: Count
    of: Count
    checkpoints: tuple[CheckpointScores, ...]
    data: Mapping[Language, Digest]
    outcomes: Outcomes
    runs: Annotated[tuple[EvaluationRun, ...], Field(max_length=1000)] = ()

    @model_serializer(mode="wrap")
    def _omit_former_method(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {
            name: value for name, value in fields.items() if (name, value) != ("interval_method", "draws")
        }

    def __repr__(self) -> str:
        score = "no score" if self.score is None else f"{self.metric} {self.score:.2f}"
        measured = f"{self.measured} of {self.of} languages"
        return f"<Result {self.submission} {self.target}: {score}, {measured}, {self.signature}>"

    @property
    def texts(self) -> Mapping[str, str]:
        """Return the fingerprints of each language's text, and of the English text that trained heads."""
        trained = {
            head.training
            for head in (checkpoint.head for checkpoint in self.checkpoints)
            if head and head.training
        }
        return {**self.data, **({TRAINING_TEXT: " ".join(sorted(trained))} if trained else {})}

    @property
    def last_run(self) -> EvaluationRun | None:
        """Return the newest run that measured a part of this result; None where no run is on record."""
        return self.runs[-1] if self.runs else None

    @property
    def measured_at(self) -> datetime | None:
        """Return when the newest part was measured, in UTC; None where no run is on record."""
        return self.runs[-1].measured_at if self.runs else None

    def run_of(self, seed: int, language: str) -> EvaluationRun | None:
        """Return the run that measured a cell; None where no run is on record."""
        if len(self.runs) == 1:
            return self.runs[0].model_copy(update={"cells": {}})
        for run in self.runs:
            if language in run.cells.get(str(seed), ()):
                return run.model_copy(update={"cells": {}})
        return None

    @property
    def mixed(self) -> Mapping[str, tuple[str, ...]]:
        """Return the conditions that parts of this result were measured under, with values that differ."""
        return mixed_conditions(self.runs)

    @property
    def complete(self) -> bool:
        """Tell whether there is a score: every checkpoint measured every language."""
        return self.score is not None

    def covers(self, languages: Iterable[str]) -> bool:
        """Tell whether there is a score, and every seed has one in each of these languages."""
        return self.complete and all(
            language in checkpoint.scores for checkpoint in self.checkpoints for language in languages
        )

    def language_score(self, language: str) -> float | None:
        """Return the mean over seeds in points, or None where a seed lacks the language."""
        scores = [c.scores[language].score for c in self.checkpoints if language in c.scores]
        return sum(scores) / len(scores) if len(scores) == len(self.checkpoints) else None

    @property
    def languages(self) -> tuple[str, ...]:
        """Return every language that was measured or failed, in the order of the file."""
        seen: dict[str, None] = {}
        for checkpoint in self.checkpoints:
            seen |= dict.fromkeys([*checkpoint.scores, *checkpoint.failed])
        return tuple(seen)


def _swept(pooling: Pooling) -> Pooling:
    if pooling not in SWEPT:
        raise ValueError(f"expected {' or '.join(SWEPT)}")
    return pooling


class ViewScores(Record):
    """A target's scores in points with one view of a checkpoint: hidden state h[layer], pooled.

    `score`, the mean over the target's languages, is None while one is missing.
    """

    layer: Count
    pooling: Annotated[Pooling, AfterValidator(_swept)]
    score: Annotated[Points | None, BeforeValidator(nullable)]
    scores: Mapping[Language, Points]


class SweptCheckpoint(Record):
    """One seed's views, from the embeddings to the last layer."""

    seed: Count
    weights: Digest
    views: tuple[ViewScores, ...]


class Sweep(Record):
    """Scores of every layer and both poolings on one target; the declared view's remains the result.

    `signature` is the result's without its layer and pooling; `runs` are in the order of their dates.
    """

    schema_: Annotated[Literal[2], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: PrintedSignature
    metric: Tag
    of: Count
    checkpoints: tuple[SweptCheckpoint, ...]
    data: Mapping[Language, Digest]
    runs: Annotated[tuple[EvaluationRun, ...], Field(max_length=1000)] = ()

    @property
    def last_run(self) -> EvaluationRun | None:
        """Return the newest run that measured a part of this sweep; None where no run is on record."""
        return self.runs[-1] if self.runs else None
