"""How intermediate training is asked for, and what was done: experiments/*.yaml and submissions/<slug>/training.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.record import Record
from harness.records.result import CheckpointScores
from harness.records.scalars import (
    Count,
    Digest,
    Integer,
    Language,
    Line,
    Link,
    LongLine,
    Number,
    Slug,
    Tag,
    Truth,
    integer,
    nothing,
)
from harness.records.submission import Base, Checkpoint, Encoding, Regime, Submitter


class Sampling(StrEnum):
    """How often each of several tasks is trained on: by its examples, or by their `1/temperature`th power."""

    PROPORTIONAL = "proportional"
    TEMPERATURE = "temperature"


class TaskShare(Record):
    """A task in a recipe: so many examples an epoch, spread evenly over the languages; without a number as many as one language has."""

    task: Tag
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    examples: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nothing)] = None


class ContinuedMlm(Record):
    """Masked language modelling beside the tasks: a share of all steps, on text that is spread evenly over the languages."""

    text: Tag = "wikipedia"
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    share: Annotated[Number, Field(gt=0, lt=1)]


class Start(Record):
    """The encoder that training starts from, as a checkpoint names it; of a bundled one several depths may be asked for."""

    hub: str | None = None
    revision: str | None = None
    path: str | None = None
    bundled: str | None = None
    layers: Annotated[
        tuple[Annotated[int, Field(ge=1, le=12), BeforeValidator(integer)], ...], Field(max_length=12)
    ] = ()

    @model_validator(mode="after")
    def _is_a_checkpoint(self) -> Start:
        for checkpoint in self.checkpoints:
            Checkpoint.model_validate(checkpoint.model_dump())
        if len(set(self.layers)) < len(self.layers):
            raise ValueError("a depth stands twice")
        return self

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return one checkpoint for each depth, or the only one."""
        fields = {name: value for name, value in self if name != "layers"}
        return tuple(
            Checkpoint.model_validate({**fields, "layers": layers}) for layers in self.layers or (None,)
        )


class TrainingRecipe(Record):
    """One way to train between pretraining and evaluation. `{layers}` in slug and title stands for the depth.

    `schedule` says whether the rate falls to 0 or stays; `warmup` below 1 is a share of all steps, from 1 on
    a number of steps. `threads` fixes how many processor threads one training uses, on which the last bits of
    its weights depend; without it the machine's are shared out.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    slug: Line
    title: Line
    family: Tag
    base: Base
    start: Start
    seeds: Annotated[tuple[Count, ...], Field(min_length=1, max_length=100)]
    regime: Regime
    tasks: Annotated[tuple[TaskShare, ...], Field(min_length=1, max_length=50)]
    sampling: Sampling = Sampling.PROPORTIONAL
    temperature: Annotated[Number, Field(ge=1, le=100)] = 1.0
    continued_mlm: ContinuedMlm | None = None
    epochs: Annotated[Integer, Field(ge=1, le=1000)] = 1
    learning_rate: Annotated[Number, Field(gt=0, le=1)]
    batch_size: Annotated[Integer, Field(ge=1, le=65536)] = 32
    max_length: Annotated[Integer, Field(ge=16, le=8192)] = 128
    stride: Count = 0
    schedule: Literal["linear", "constant"] = "linear"
    warmup: Annotated[Number, Field(ge=0)] = 0.0
    weight_decay: Annotated[Number, Field(ge=0, le=1)] = 0.0
    freeze_embeddings: Truth = False
    threads: Annotated[Annotated[Integer, Field(ge=1, le=1024)] | None, BeforeValidator(nothing)] = None
    encoding: Encoding
    trained_on: tuple[Tag, ...] = ()
    submitters: Annotated[tuple[Submitter, ...], Field(min_length=1, max_length=50)]
    license: Line
    links: Mapping[Tag, Link] = {}

    @model_validator(mode="after")
    def _agrees(self) -> TrainingRecipe:
        languages = self.languages
        if self.regime is Regime.NONE:
            raise ValueError("regime none trains nothing: write a submission with the untouched checkpoint")
        if self.regime is Regime.ENGLISH and languages != ("en",):
            raise ValueError("regime english trains its tasks in languages: [en]")
        if self.regime is Regime.MULTILINGUAL and len(languages) < 2:
            raise ValueError("regime multilingual trains its tasks in at least two languages")
        if len({share.task for share in self.tasks}) < len(self.tasks):
            raise ValueError("a task stands twice")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed stands twice")
        if len(self.start.layers) > 1 and "{layers}" not in self.slug:
            raise ValueError("several depths need {layers} in the slug")
        if (self.sampling is Sampling.TEMPERATURE) != (self.temperature > 1):
            raise ValueError("sampling temperature goes with a temperature above 1")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages of the tasks, each once, as they are named first."""
        return tuple(dict.fromkeys(language for share in self.tasks for language in share.languages))

    @property
    def work(self) -> dict[str, object]:
        """Return all that weights depend on beside their seed, their start and the text."""
        about = (
            "schema_",
            "slug",
            "title",
            "family",
            "base",
            "start",
            "seeds",
            "encoding",
            "trained_on",
            "submitters",
            "license",
            "links",
        )
        return self.model_dump(exclude=set(about), mode="json")


class TrainedTask(Record):
    """What a task contributed: examples an epoch, in which languages, and the fingerprints of its text."""

    task: Tag
    languages: tuple[Language, ...]
    examples: Count
    metric: Tag
    train: Digest
    dev: Digest


class TrainingRun(Record):
    """When and where it was trained; seconds are wall time, of which `passes` were spent in forward and backward passes."""

    date: Line
    device: Line
    threads: Count
    versions: Mapping[Tag, Line]
    seconds: Number
    passes: Number

    @model_validator(mode="after")
    def _passes_are_a_part(self) -> TrainingRun:
        if self.passes > self.seconds:
            raise ValueError(
                f"{self.passes:g} seconds in passes are more than the {self.seconds:g} that it took"
            )
        return self


class TrainedSeed(Record):
    """One seed: the digest of the encoder it became, the mean loss, and the dev scores before the first step and after the last."""

    seed: Count
    weights: Digest
    loss: Number
    before: Mapping[Tag, Number]
    after: Mapping[Tag, Number]
    run: TrainingRun


class Training(Record):
    """submissions/<slug>/training.yaml: exactly what was done, written by the harness alone."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    recipe: TrainingRecipe
    start: Digest
    objective: LongLine
    tasks: tuple[TrainedTask, ...]
    seeds: tuple[TrainedSeed, ...]

    def design(self, checkpoints: Sequence[CheckpointScores]) -> str | None:
        """Return what is the same of trainings whose seeds are matched: all but the languages of the tasks, and their text.

        Each of these seeds then begins with the same weights, those of a task's head included, and sees the
        same rows of its tasks in the same order. None where a checkpoint is not one that was trained so.
        """
        trained = {(each.seed, each.weights) for each in self.seeds}
        seeds = [checkpoint.seed for checkpoint in checkpoints]
        if not trained.issuperset((checkpoint.seed, checkpoint.weights) for checkpoint in checkpoints):
            return None
        work = self.recipe.work | {
            "regime": None,
            "tasks": [(share.task, share.examples) for share in self.recipe.tasks],
        }
        return json.dumps({"work": work, "start": self.start, "seeds": seeds}, sort_keys=True)

    @model_validator(mode="after")
    def _seeds_differ(self) -> Training:
        if len({trained.seed for trained in self.seeds}) < len(self.seeds):
            raise ValueError("a seed stands twice")
        return self
