"""The records that travel through the project: frozen, without I/O. Scalars in YAML arrive here as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from harness.scalars import (
    Count,
    Digest,
    HubId,
    Language,
    Line,
    Link,
    LongLine,
    Number,
    Points,
    Revision,
    Slug,
    Tag,
    Truth,
    integer,
    nothing,
)


class Record(BaseModel):
    """Refuse unknown keys and later changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


# ---- what people write: submissions/<slug>/submission.yaml -------------------------------------


class Base(Record):
    """The pretrained encoder that intermediate training started from."""

    id: HubId
    revision: Annotated[Revision | None, BeforeValidator(nothing)] = None


class Regime(StrEnum):
    """In which languages the intermediate training data stood."""

    NONE = "none"
    ENGLISH = "english"
    MULTILINGUAL = "multilingual"


class Intermediate(Record):
    """What was done between pretraining and evaluation; examples counts training examples."""

    regime: Regime
    tasks: tuple[Tag, ...] = ()
    languages: tuple[Language, ...] = ()
    examples: Count = 0
    continued_mlm: Truth = False
    translated: Truth = False

    @model_validator(mode="after")
    def _regime_agrees(self) -> Intermediate:
        if self.regime is Regime.NONE and (self.tasks or self.languages or self.examples):
            raise ValueError("regime none has no tasks, no languages and 0 examples")
        if self.regime is not Regime.NONE and not (self.tasks and self.examples):
            raise ValueError(f"regime {self.regime.value} names its tasks and its number of examples")
        if self.regime is Regime.ENGLISH and self.languages != ("en",):
            raise ValueError("regime english has languages: [en]")
        if self.regime is Regime.MULTILINGUAL and len(set(self.languages)) < 2:
            raise ValueError("regime multilingual names at least two languages")
        return self


class Pooling(StrEnum):
    """How token vectors become one sentence vector: mean over all tokens, specials included, or the first token."""

    MEAN = "mean"
    CLS = "cls"


class Encoding(Record):
    """How a text becomes a vector: which hidden state, pooled how, after which prefix, cut at how many tokens."""

    layer: Annotated[Literal["last"] | Annotated[int, Field(ge=0)], BeforeValidator(lambda v: v if v == "last" else integer(v))]
    pooling: Pooling
    prefix: Annotated[str, Field(max_length=200)] = ""
    max_length: Annotated[int, Field(ge=8, le=8192), BeforeValidator(integer)] = 512


class Checkpoint(Record):
    """One seed's weights: on the Hub at a commit, in a folder, or bundled and cut to its first layers."""

    seed: Count = 0
    hub: HubId | None = None
    revision: Revision | None = None
    path: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    bundled: Literal["multilingual-e5-small"] | None = None
    layers: Annotated[int, Field(ge=1, le=12), BeforeValidator(integer)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Checkpoint:
        if sum(source is not None for source in (self.hub, self.path, self.bundled)) != 1:
            raise ValueError("name exactly one of hub, path and bundled")
        if (self.hub is None) != (self.revision is None):
            raise ValueError("hub and revision (40 hexadecimal digits) go together")
        if (self.bundled is None) != (self.layers is None):
            raise ValueError("bundled and layers (1 to 12) go together")
        return self

    @property
    def source(self) -> str:
        """Name the place of the weights in one line, for messages and pages."""
        if self.hub is not None:
            return f"{self.hub}@{self.revision}"
        return self.path if self.path is not None else f"bundled {self.bundled}, first {self.layers} layers"


class Submitter(Record):
    """Who answers for the submission."""

    name: Line
    url: Link | None = None


class Submission(Record):
    """One recipe at one size; its checkpoints are its seeds."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    title: Line
    family: Tag
    base: Base
    intermediate: Intermediate
    encoding: Encoding
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(min_length=1, max_length=100)]
    finetuned: Mapping[Tag, Checkpoint] = {}
    trained_on: tuple[Tag, ...] = ()
    submitters: Annotated[tuple[Submitter, ...], Field(min_length=1, max_length=50)]
    license: Line
    links: Mapping[Tag, Link] = {}

    @model_validator(mode="after")
    def _seeds_differ(self) -> Submission:
        seeds = [checkpoint.seed for checkpoint in self.checkpoints]
        for seed in seeds:
            if seeds.count(seed) > 1:
                raise ValueError(f"seed {seed} stands on more than one checkpoint")
        return self


# ---- what the harness knows: the catalog ------------------------------------------------------


class Margin(StrEnum):
    """How the cosine of a candidate pair is set against those of its neighbourhoods."""

    RATIO = "ratio"
    DISTANCE = "distance"
    ABSOLUTE = "absolute"


class Mining(Record):
    """How pairs are mined; so many `neighbours` of each sentence enter the margin."""

    margin: Margin = Margin.RATIO
    keep_duplicates: bool = False
    neighbours: int = 4

    @property
    def measure(self) -> str:
        """Return its part of a signature."""
        return f"{self.margin.value}.k{self.neighbours}.{'keep' if self.keep_duplicates else 'drop'}"


class Target(Record):
    """One data set and how it is scored; `languages` is in the protocol's order.

    `secondary` names further scores in points, `quantities` values in units of their own. `sizes` counts in `unit`. With
    `needs_data` the Hub does not have its text.
    """

    name: Tag
    title: str
    kind: Literal["retrieval", "mining", "question_retrieval", "clir"]
    metric: str
    secondary: tuple[str, ...]
    quantities: tuple[str, ...] = ()
    measure: str
    direction: str
    languages: tuple[Language, ...]
    group: Literal["retrieval"] | None
    benchmark: Literal["XTREME", "LAReQA"] | None
    sizes: Mapping[Language, int]
    unit: str = "pairs"
    mining: Mining | None = None
    demonstration: bool = False
    needs_data: bool = False
    version: int
    split: str
    protocol: str
    licence: str
    citation: str
    homepage: Link

    def with_mining(self, policy: Mining) -> Target:
        """Return the target mined in another way, which its signature then says; other kinds stay as they are."""
        if self.mining is None:
            return self
        measure = self.measure.replace(self.mining.measure, policy.measure)
        return self.model_copy(update={"mining": policy, "measure": measure})

    @property
    def signature(self) -> tuple[str, ...]:
        """Return the target's own parts of a result's signature."""
        return (self.name, *self.measure.split("|"), f"v{self.version}")

    @property
    def in_xtreme(self) -> bool:
        """Tell whether the target counts towards the XTREME average."""
        return self.benchmark == "XTREME"


# ---- what the harness writes: submissions/<slug>/results/<target>.yaml ------------------------


class Score(Record):
    """One language: score and interval in points, n examples, the secondary scores in points.

    `quantities` are not in points: ranks, counts, margins. `pairs` holds scores against each other language by its code.
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


class CheckpointScores(Record):
    """One seed: what was measured on which weights. A language that failed stands in `failed` with its reason."""

    seed: Count
    source: LongLine
    weights: Digest
    parameters: Parameters
    layer: Count
    scores: Mapping[Language, Score]
    failed: Mapping[Language, Annotated[str, Field(min_length=1, max_length=500)]] = {}


class Outcomes(Record):
    """The file with one row per example from which every score can be computed again."""

    file: Annotated[str, Field(pattern=r"^[a-z0-9_.-]+\.parquet$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: Count


class Result(Record):
    """One target of one submission.

    `measured` of `of` counts the languages that every checkpoint measured; `score`, their mean, is None unless that is all.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: LongLine
    metric: Tag
    score: Annotated[Points | None, BeforeValidator(nothing)]
    measured: Count
    of: Count
    checkpoints: tuple[CheckpointScores, ...]
    data: Mapping[Language, Digest]
    outcomes: Outcomes
    run: Mapping[str, Any] = {}

    @property
    def protocol(self) -> tuple[str, ...]:
        """Return the parts of the signature that are the target's; how texts are encoded belongs to the recipe."""
        return tuple(part for part in self.signature.split("|") if not re.match(r"h\d|prefix=|len=", part))

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


# ---- what the harness writes: submissions/<slug>/results/<target>.layers.yaml ------------------


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
    signature: LongLine
    metric: Tag
    of: Count
    checkpoints: tuple[SweptCheckpoint, ...]
    data: Mapping[Language, Digest]
    run: Mapping[str, Any] = {}
