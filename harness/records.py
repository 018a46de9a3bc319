"""The records that travel through the project: frozen, without I/O.

Scalars in YAML arrive here as text, and the annotated types below are the only place where text
becomes a number or a truth value. That is why `no` stays Norwegian, `0e12…` stays a revision,
and `1_000` is an error instead of a surprise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

SCHEMA = 1
SLUG = r"^[a-z0-9]+(?:[-.][a-z0-9]+)*$"
_HUB_ID = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$"
_TAG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"


def _integer(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})", value):
            raise ValueError("expected a whole number in plain digits")
        return int(value)
    return value


def _number(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?(?:e-?[0-9]{1,3})?", value):
            raise ValueError("expected a number in plain decimal digits")
        return float(value)
    return value


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("expected true or false")
        return value == "true"
    return value


def _nothing(value: object) -> object:
    """Read YAML's `null` (text here, as every scalar) as None."""
    return None if value == "null" else value


def _one_line(value: str) -> str:
    if value != value.strip() or "\n" in value or "\t" in value:
        raise ValueError("expected one line of text without tabs or spaces around it")
    return value


# Bounds stand before the validator: pydantic then writes them as minimum and maximum into the JSON Schema.
Integer = Annotated[int, BeforeValidator(_integer)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Count = Annotated[int, Field(ge=0), BeforeValidator(_integer)]
Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number)]
Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), BeforeValidator(_number)]
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
LongLine = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_one_line)]
Tag = Annotated[str, Field(pattern=_TAG, max_length=64)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$", max_length=24)]
Slug = Annotated[str, Field(pattern=SLUG, max_length=80)]
HubId = Annotated[str, Field(pattern=_HUB_ID, max_length=193)]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Link = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(?:/[^\s<>\"'`\\{}|^]*)?$", max_length=500)]


class Record(BaseModel):
    """Refuse unknown keys and later changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


# ---- what people write: submissions/<slug>/submission.yaml -------------------------------------


class Base(Record):
    """The pretrained encoder that intermediate training started from."""

    id: HubId
    revision: Annotated[Revision | None, BeforeValidator(_nothing)] = None


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

    layer: Annotated[Literal["last"] | Annotated[int, Field(ge=0)], BeforeValidator(lambda v: v if v == "last" else _integer(v))]
    pooling: Pooling
    prefix: Annotated[str, Field(max_length=200)] = ""
    max_length: Annotated[int, Field(ge=8, le=8192), BeforeValidator(_integer)] = 512


class Checkpoint(Record):
    """One seed's weights: on the Hub at a commit, in a folder, or bundled and cut to its first layers."""

    seed: Count = 0
    hub: HubId | None = None
    revision: Revision | None = None
    path: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    bundled: Literal["multilingual-e5-small"] | None = None
    layers: Annotated[int, Field(ge=1, le=12), BeforeValidator(_integer)] | None = None

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

    schema_: Annotated[Literal[1], BeforeValidator(_integer), Field(alias="schema")]
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
    """How pairs are mined: `neighbours` of each sentence enter the margin; `oracle` takes the threshold from the scored gold itself."""

    margin: Margin = Margin.RATIO
    keep_duplicates: bool = False
    neighbours: int = 4
    oracle: bool = False


class Target(Record):
    """One data set and how it is scored; `languages` is in the protocol's order.

    `secondary` names further scores in points, `quantities` values in units of their own. `sizes` counts in `unit`.
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
    version: int
    split: str
    protocol: str
    licence: str
    citation: str
    homepage: Link

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
    n: Annotated[int, Field(ge=1), BeforeValidator(_integer)]
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

    schema_: Annotated[Literal[1], BeforeValidator(_integer), Field(alias="schema")]
    submission: Slug
    target: Tag
    signature: LongLine
    metric: Tag
    score: Annotated[Points | None, BeforeValidator(_nothing)]
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
