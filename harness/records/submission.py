"""The file that submitters write: submissions/<slug>/submission.yaml. YAML scalars arrive as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from harness.records.encoding import AnyEncoding, SavedEncoding, TargetView
from harness.records.record import Record
from harness.records.row_origin import RowOrigin
from harness.records.scalars import (
    Count,
    Day,
    HubId,
    Integer,
    Language,
    Line,
    Link,
    Number,
    PackageWord,
    Points,
    PythonName,
    Revision,
    Slug,
    Tag,
    Truth,
    integer,
    nullable,
)
from harness.records.view import OWN_CODE


class Base(Record):
    """The pretrained encoder that intermediate training started from."""

    id: HubId
    revision: Annotated[Revision | None, BeforeValidator(nullable)] = None


class Regime(StrEnum):
    """Languages of the intermediate training data."""

    NONE = "none"
    ENGLISH = "english"
    MULTILINGUAL = "multilingual"


class Batches(StrEnum):
    """The languages of the pairs in one batch of training (Elmahdy et al. 2024, arXiv 2408.10536).

    `english` (En-En); `mixed` (X-X): both texts of a pair in one language, languages mixed in a batch;
    `monolingual` (X-X-mono): a batch in one language; `crosslingual` (X-Y): the texts of a pair in two
    languages; `hybrid`: each batch is monolingual or cross-lingual.
    """

    ENGLISH = "english"
    MIXED = "mixed"
    MONOLINGUAL = "monolingual"
    CROSSLINGUAL = "crosslingual"
    HYBRID = "hybrid"


class Intermediate(Record):
    """Training between pretraining and evaluation; `examples` counts training examples.

    `batches` is None where it is not stated. `objectives` are what each task was trained with, such as
    pair_ranking, or `head`; empty where not stated.
    """

    regime: Regime
    batches: Annotated[Batches | None, BeforeValidator(nullable)] = None
    tasks: tuple[Tag, ...] = ()
    objectives: tuple[Tag, ...] = ()
    languages: tuple[Language, ...] = ()
    examples: Count = 0
    continued_mlm: Truth = False
    translated: Truth = False

    @model_validator(mode="after")
    def _regime_agrees(self) -> Intermediate:
        if self.regime is Regime.NONE and (self.tasks or self.languages or self.examples):
            raise ValueError("regime none has no tasks, no languages and 0 examples")
        if self.regime is not Regime.NONE and not (self.tasks and self.examples):
            raise ValueError(f"regime {self.regime.value} needs its tasks and its number of examples")
        if self.regime is Regime.ENGLISH and self.languages != ("en",):
            raise ValueError("regime english has languages: [en]")
        if self.regime is Regime.MULTILINGUAL and len(set(self.languages)) < 2:
            raise ValueError("regime multilingual needs at least two languages")
        refuse_other_batches(self.regime, self.batches)
        refuse_other_objectives(self.tasks, self.objectives)
        return self


def refuse_other_batches(regime: Regime, batches: Batches | None) -> None:
    """Raise ValueError for batches whose languages are not those of the regime."""
    allowed = {
        Regime.NONE: (),
        Regime.ENGLISH: (Batches.ENGLISH,),
        Regime.MULTILINGUAL: tuple(kind for kind in Batches if kind is not Batches.ENGLISH),
    }[regime]
    if batches is not None and batches not in allowed:
        names = ", ".join(kind.value for kind in allowed) or "no batches"
        raise ValueError(f"regime {regime.value} has {names}, not batches: {batches.value}")


def refuse_other_objectives(tasks: Sequence[str], objectives: Sequence[str]) -> None:
    """Raise ValueError for objectives that are not one for each task."""
    if objectives and len(objectives) != len(tasks):
        raise ValueError(f"{len(objectives)} objectives for {len(tasks)} tasks: one for each")


class SavedStep(Record):
    """Weights that a training saved at another step than those that count: on the Hub, or in a folder."""

    step: Count
    hub: HubId | None = None
    revision: Revision | None = None
    path: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _is_a_checkpoint(self) -> SavedStep:
        if (self.hub is None) == (self.path is None):
            raise ValueError("name one of hub and path")
        self.of_seed(0)
        return self

    def of_seed(self, seed: int) -> Checkpoint:
        """Return these weights as a checkpoint of a seed."""
        return Checkpoint(seed=seed, step=self.step, hub=self.hub, revision=self.revision, path=self.path)


class Checkpoint(Record):
    """One seed's weights: on the Hub at a commit, in a folder, or bundled and cut to its first layers.

    Or no weights that are opened here: `python` names an encoder, `package.module:attribute`, which is run as
    the code of whoever evaluates, of a `package` in a `version`. `step` is the step of its training at which
    it was saved, and `steps` are others that the same training saved: they are a curve, and no score counts.
    """

    seed: Count = 0
    step: Annotated[Count | None, BeforeValidator(nullable)] = None
    hub: HubId | None = None
    revision: Revision | None = None
    path: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    bundled: Literal["multilingual-e5-small"] | None = None
    layers: Annotated[int, Field(ge=1, le=12), BeforeValidator(integer)] | None = None
    python: PythonName | None = None
    package: PackageWord | None = None
    version: PackageWord | None = None
    steps: Annotated[tuple[SavedStep, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Checkpoint:
        if sum(source is not None for source in (self.hub, self.path, self.bundled, self.python)) != 1:
            raise ValueError("name exactly one of hub, path, bundled and python")
        if not (self.python is None) == (self.package is None) == (self.version is None):
            raise ValueError("python, package and version go together")
        if (self.hub is None) != (self.revision is None):
            raise ValueError("hub and revision (40 hexadecimal digits) go together")
        if (self.bundled is None) != (self.layers is None):
            raise ValueError("bundled and layers (1 to 12) go together")
        return self

    @model_serializer(mode="wrap")
    def _omit_no_steps(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if name != "steps" or value}

    @property
    def run(self) -> str:
        """Return what the checkpoints of one training share: a repository, or the folder that holds them."""
        return self.hub or (self.path or "").rstrip("/").rpartition("/")[0]

    @property
    def own_code(self) -> str:
        """Return package and version of an encoder in Python; empty for weights."""
        return f"{self.package} {self.version}" if self.python is not None else ""

    @property
    def source(self) -> str:
        """Return where the weights come from, in one line for messages and pages."""
        if self.hub is not None:
            return f"{self.hub}@{self.revision}"
        if self.python is not None:
            return f"{OWN_CODE} {self.package} {self.version}, {self.python}"
        return self.path if self.path is not None else f"bundled {self.bundled}, first {self.layers} layers"


class FineTuning(Record):
    """How a target's head is trained on English: a recipe of the catalog, with single values replaced.

    `examples` is the maximum number of training examples; `freeze_embeddings` keeps the word embeddings
    unchanged.
    """

    recipe: Literal["xtreme", "jiant"] = "xtreme"
    learning_rate: Annotated[Annotated[Number, Field(gt=0, le=1)] | None, BeforeValidator(nullable)] = None
    epochs: Annotated[Annotated[Integer, Field(ge=1, le=1000)] | None, BeforeValidator(nullable)] = None
    max_length: Annotated[Annotated[Integer, Field(ge=16, le=8192)] | None, BeforeValidator(nullable)] = None
    stride: Annotated[Annotated[Integer, Field(ge=0, le=4096)] | None, BeforeValidator(nullable)] = None
    batch_size: Annotated[Annotated[Integer, Field(ge=1, le=65536)] | None, BeforeValidator(nullable)] = None
    warmup: Annotated[Annotated[Number, Field(ge=0)] | None, BeforeValidator(nullable)] = None
    weight_decay: Annotated[Annotated[Number, Field(ge=0, le=1)] | None, BeforeValidator(nullable)] = None
    patience: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    examples: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    freeze_embeddings: Annotated[Truth | None, BeforeValidator(nullable)] = None


class Submitter(Record):
    """A person or group that is responsible for the submission."""

    name: Line
    url: Link | None = None


class Superseded(Record):
    """A replaced result: the digest of its outcomes, and why it is no longer the submission's.

    `date` is the day of its replacement, `score` its score in points, `version` that of the protocol that it
    was measured by. A result whose outcomes remain was scored again.
    """

    target: Tag
    outcomes: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Line
    date: Annotated[Day | None, BeforeValidator(nullable)] = None
    score: Annotated[Points | None, BeforeValidator(nullable)] = None
    version: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None


class Submission(Record):
    """One training recipe at one model size; its checkpoints are its seeds.

    `encoding_by_target` replaces layer and pooling of `encoding` on targets that compare vectors. `aliases`
    are the submission's former slugs, which lead to it for ever; `origin` is the board that it was imported
    from.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    title: Line
    family: Tag
    base: Base
    intermediate: Intermediate
    encoding: AnyEncoding = SavedEncoding()
    encoding_by_target: Mapping[Tag, TargetView] = {}
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(min_length=1, max_length=100)]
    finetuning: Mapping[Tag, FineTuning] = {}
    finetuned: Mapping[Tag, Checkpoint] = {}
    trained_on: tuple[Tag, ...] = ()
    submitters: Annotated[tuple[Submitter, ...], Field(min_length=1, max_length=50)]
    license: Line
    links: Mapping[Tag, Link] = {}
    aliases: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    supersedes: Annotated[tuple[Superseded, ...], Field(max_length=1000)] = ()
    origin: Annotated[RowOrigin | None, BeforeValidator(nullable)] = None

    @model_serializer(mode="wrap")
    def _omit_unstated(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if not self.encoding_by_target:
            fields.pop("encoding_by_target", None)
        return fields

    def encoding_for(self, target: str) -> AnyEncoding:
        """Return how the texts of a target become vectors."""
        view = self.encoding_by_target.get(target)
        if view is None or isinstance(self.encoding, SavedEncoding):
            return self.encoding
        return self.encoding.model_copy(update={"layer": view.layer, "pooling": view.pooling})
