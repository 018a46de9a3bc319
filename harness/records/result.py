"""What the harness writes: submissions/<slug>/results/<target>.yaml and <target>.layers.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

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
    nothing,
)
from harness.records.signature import PrintedSignature
from harness.records.submission import Pooling


class Score(Record):
    """One language: score and interval in points, n examples, the secondary scores in points.

    `quantities` are not in points: ranks, counts, margins. `pairs` holds scores against each other language
    by its code.
    """

    score: Points
    n: Annotated[int, Field(ge=1), BeforeValidator(integer)]
    interval: tuple[Points, Points]
    secondary: Mapping[Tag, Points] = {}
    quantities: Mapping[Tag, Number] = {}
    pairs: Mapping[Language, Mapping[Tag, Points]] = {}

    @model_serializer(mode="wrap")
    def _without_what_the_kind_lacks(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value or name not in ("quantities", "pairs")}


class Parameters(Record):
    """Counted from the safetensors headers: every weight, and those outside the embeddings."""

    total: Count
    body: Count


class Head(Record):
    """The fine-tuned weights that predicted, and the English text that trained and chose them; None for a head that was submitted.

    `dev` is the score on held-out English, in points, by which one of the trainer's evaluations was chosen.
    """

    digest: Digest
    training: Annotated[Digest | None, BeforeValidator(nothing)] = None
    examples: Annotated[Count | None, BeforeValidator(nothing)] = None
    steps: Annotated[Count | None, BeforeValidator(nothing)] = None
    dev: Annotated[Points | None, BeforeValidator(nothing)] = None


class CheckpointScores(Record):
    """One seed: what was measured on which weights. A language that failed stands in `failed` with its reason."""

    seed: Count
    source: LongLine
    weights: Digest
    parameters: Parameters
    layer: Count
    head: Head | None = None
    scores: Mapping[Language, Score]
    failed: Mapping[Language, Annotated[str, Field(min_length=1, max_length=500)]] = {}

    @model_serializer(mode="wrap")
    def _without_a_head_that_is_none(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value is not None or name != "head"}


class Outcomes(Record):
    """The file with one row per example from which every score can be computed again."""

    file: Annotated[str, Field(pattern=r"^[a-z0-9_.-]+\.parquet$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: Count


class Result(Record):
    """One target of one submission.

    `measured` of `of` counts the languages that every checkpoint measured; `score`, their mean, is None
    unless that is all. `interval`, at 95 %, speaks of these languages, `general_interval` of languages in
    general (None with fewer than three); both hold what other seeds would have given where there are several,
    and only these checkpoints' examples where there is one.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: PrintedSignature
    metric: Tag
    score: Annotated[Points | None, BeforeValidator(nothing)]
    interval: Annotated[tuple[Points, Points] | None, BeforeValidator(nothing)] = None
    general_interval: Annotated[tuple[Points, Points] | None, BeforeValidator(nothing)] = None
    measured: Count
    of: Count
    checkpoints: tuple[CheckpointScores, ...]
    data: Mapping[Language, Digest]
    outcomes: Outcomes
    run: Mapping[str, Any] = {}

    @property
    def texts(self) -> Mapping[str, str]:
        """Return the fingerprints of all that a score rests on: the text of each language, and the English that trained heads."""
        trained = {
            head.training
            for head in (checkpoint.head for checkpoint in self.checkpoints)
            if head and head.training
        }
        return {**self.data, **({"English training text": " ".join(sorted(trained))} if trained else {})}

    @property
    def complete(self) -> bool:
        """Tell whether the target has a score."""
        return self.score is not None

    def language_score(self, language: str) -> float | None:
        """Return the mean over seeds in points, or None where a seed lacks the language."""
        found = [c.scores[language].score for c in self.checkpoints if language in c.scores]
        return sum(found) / len(found) if len(found) == len(self.checkpoints) else None

    @property
    def languages(self) -> tuple[str, ...]:
        """Return every language that was measured or failed, in the order of the file."""
        seen: dict[str, None] = {}
        for checkpoint in self.checkpoints:
            seen |= dict.fromkeys([*checkpoint.scores, *checkpoint.failed])
        return tuple(seen)


class ViewScores(Record):
    """The headline score in points of one way to read sentence vectors off a checkpoint: h[layer], pooled.

    `score`, the mean over the target's languages, is None while one is missing.
    """

    layer: Count
    pooling: Pooling
    score: Annotated[Points | None, BeforeValidator(nothing)]
    scores: Mapping[Language, Points]


class SweptCheckpoint(Record):
    """One seed's views, from the embeddings to the last layer."""

    seed: Count
    weights: Digest
    views: tuple[ViewScores, ...]


class Sweep(Record):
    """What every layer and both poolings would score on one target; the submission's score stays the declared view's.

    `signature` is the result's without its layer and pooling.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: PrintedSignature
    metric: Tag
    of: Count
    checkpoints: tuple[SweptCheckpoint, ...]
    data: Mapping[Language, Digest]
    run: Mapping[str, Any] = {}
