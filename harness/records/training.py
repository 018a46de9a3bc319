"""Intermediate training: its recipe (experiments/*.yaml), its record (submissions/<slug>/training.yaml)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.encoding import Encoding
from harness.records.objectives import Distillation, Objective
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
    nullable,
)
from harness.records.submission import (
    Base,
    Batches,
    Checkpoint,
    FineTuning,
    Regime,
    Submitter,
    refuse_other_batches,
)


class Sampling(StrEnum):
    """How often each task is sampled.

    By its number of examples, by that to the power 1/temperature, by the smaller of it and a cap, or equally.
    """

    PROPORTIONAL = "proportional"
    TEMPERATURE = "temperature"
    CAPPED = "capped"
    UNIFORM = "uniform"


class TaskShare(Record):
    """A task in a recipe; without an objective a head of the task's format is trained.

    `examples` an epoch are spread evenly over the languages; by default as many as one language has. With an
    objective they are taken from the items that exist in English and in at least two languages of `pool`, by
    default all of the task's, so that trainings with the same pool see the same items.
    """

    task: Tag
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    pool: tuple[Language, ...] = ()
    examples: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    objective: Objective | None = None


class ContinuedMlm(Record):
    """Masked language modelling next to the tasks: a share of all steps, spread evenly over languages."""

    text: Tag = "wikipedia"
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    share: Annotated[Number, Field(gt=0, lt=1)]


class Probe(Record):
    """Held-out items of a task by which retrieval is watched during a training: English against `languages`.

    `examples` are the first of the held-out items, by default all. Text of a target's test set is no task, so
    that it is never seen here.
    """

    task: Tag
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    examples: Annotated[Annotated[Integer, Field(ge=2)] | None, BeforeValidator(nullable)] = None

    @model_validator(mode="after")
    def _english_is_the_query(self) -> Probe:
        if "en" in self.languages:
            raise ValueError("English is the query: name the languages that are searched")
        return self


class Start(Record):
    """The encoder that training starts from, named as in a checkpoint; a bundled one in several depths."""

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
        """Return one checkpoint for each depth, or the only one without `layers`."""
        fields = {name: value for name, value in self if name != "layers"}
        return tuple(
            Checkpoint.model_validate({**fields, "layers": layers}) for layers in self.layers or (None,)
        )


class TrainingRecipe(Record):
    """One recipe for intermediate training; `{layers}` in slug and title is replaced by the depth.

    `batches` are the languages of the pairs in a batch, `alpha` the share of monolingual batches in hybrid.
    `schedule` is whether the learning rate falls to 0 or stays constant; `warmup` below 1 is a share of all
    steps, from 1 on a number of steps. `at_once` is how many examples of a step memory holds, by default all;
    vectors are then computed twice, so that a step still compares all of its examples. `threads` fixes the
    processor threads of one training, on which the last bits of its weights depend; without it trainings
    divide the machine's threads.

    Every `dev_steps` steps the dev loss and the dev score of each task are recorded, and the accuracy of the
    `probe`; after `keep_steps` the encoder is also kept. None of these changes the weights. With `patience`
    the training ends after that many measurements without a better mean dev score, and the encoder of the
    best one is the result. With `shared_heads` tasks of one format with the same labels have one head.
    `encoding` and `finetuning`, how targets read the encoder and train heads on it, go into the submission.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    slug: Line
    title: Line
    family: Tag
    base: Base
    start: Start
    seeds: Annotated[tuple[Count, ...], Field(min_length=1, max_length=100)]
    regime: Regime
    batches: Annotated[Batches | None, BeforeValidator(nullable)] = None
    alpha: Annotated[Number, Field(gt=0, lt=1)] = 0.5
    tasks: Annotated[tuple[TaskShare, ...], Field(min_length=1, max_length=50)]
    sampling: Sampling = Sampling.PROPORTIONAL
    temperature: Annotated[Number, Field(ge=1, le=100)] = 1.0
    cap: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    shared_heads: Truth = False
    continued_mlm: ContinuedMlm | None = None
    epochs: Annotated[Integer, Field(ge=1, le=1000)] = 1
    learning_rate: Annotated[Number, Field(gt=0, le=1)]
    batch_size: Annotated[Integer, Field(ge=1, le=65536)] = 32
    at_once: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    max_length: Annotated[Integer, Field(ge=16, le=8192)] = 128
    stride: Count = 0
    schedule: Literal["linear", "constant"] = "linear"
    warmup: Annotated[Number, Field(ge=0)] = 0.0
    weight_decay: Annotated[Number, Field(ge=0, le=1)] = 0.0
    freeze_embeddings: Truth = False
    threads: Annotated[Annotated[Integer, Field(ge=1, le=1024)] | None, BeforeValidator(nullable)] = None
    dev_steps: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    probe: Probe | None = None
    patience: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    keep_steps: Annotated[tuple[Annotated[Integer, Field(ge=1)], ...], Field(max_length=20)] = ()
    encoding: Encoding
    finetuning: Mapping[Tag, FineTuning] = {}
    trained_on: tuple[Tag, ...] = ()
    submitters: Annotated[tuple[Submitter, ...], Field(min_length=1, max_length=50)]
    license: Line
    links: Mapping[Tag, Link] = {}

    @model_validator(mode="after")
    def _fields_agree(self) -> TrainingRecipe:
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
        if (self.sampling is Sampling.CAPPED) != (self.cap is not None):
            raise ValueError("sampling capped goes with a cap: a number of examples")
        if self.at_once is not None and self.batch_size % self.at_once:
            raise ValueError(f"at_once divides batch_size: {self.at_once} does not divide {self.batch_size}")
        for name, value in (("probe", self.probe), ("patience", self.patience)):
            if value is not None and self.dev_steps is None:
                raise ValueError(f"{name} goes with dev_steps: the number of steps between two measurements")
        self._refuse_batches()
        return self

    def _refuse_batches(self) -> None:
        """Raise ValueError for batches that the regime or an objective does not have."""
        refuse_other_batches(self.regime, self.batches)
        if self.alpha != 0.5 and self.batches is not Batches.HYBRID:
            raise ValueError("alpha goes with batches: hybrid")
        for share in self.tasks:
            if share.objective is None:
                if self.batches in (Batches.MONOLINGUAL, Batches.HYBRID):
                    raise ValueError(
                        f"{share.task} trains a head, whose batches mix languages: give it an objective, or "
                        "take batches: mixed or crosslingual"
                    )
            elif self.regime is Regime.MULTILINGUAL and self.batches is None:
                names = ", ".join(kind.value for kind in Batches if kind is not Batches.ENGLISH)
                raise ValueError(f"objective {share.objective.name} goes with batches: one of {names}")
            if isinstance(share.objective, Distillation):
                if self.batches not in (None, Batches.ENGLISH, Batches.CROSSLINGUAL):
                    raise ValueError("distillation pairs English with a translation: batches: crosslingual")
                if "en" not in share.languages:
                    raise ValueError("distillation needs en among its languages: the teacher reads English")

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages of the tasks without repetition, in the order of first mention."""
        return tuple(dict.fromkeys(language for share in self.tasks for language in share.languages))

    @property
    def work(self) -> dict[str, object]:
        """Return all settings that weights depend on, except seed, start and text."""
        excluded = (
            *(() if self.patience is not None else ("dev_steps",)),
            "schema_",
            "slug",
            "title",
            "family",
            "base",
            "start",
            "seeds",
            "probe",
            "keep_steps",
            "encoding",
            "finetuning",
            "trained_on",
            "submitters",
            "license",
            "links",
        )
        return self.model_dump(exclude=set(excluded), mode="json")


class TrainedTask(Record):
    """A task that was trained on: its examples an epoch, and the fingerprints of its train and dev text.

    `teacher` is the digest of a teacher's weights, or the name and version of one in Python.
    """

    task: Tag
    languages: tuple[Language, ...]
    examples: Count
    metric: Tag
    train: Digest
    dev: Digest
    teacher: Line | None = None


class DrawnLanguages(Record):
    """How often each language was drawn for the first and for the second text of a pair, over all steps.

    `batches` counts the batches of each kind.
    """

    batches: Mapping[Batches, Count]
    first: Mapping[Language, Count]
    second: Mapping[Language, Count]


class TrainingRun(Record):
    """When and where it was trained.

    `seconds` is wall time, `passes` the part of it in forward and backward passes.
    """

    date: Line
    device: Line
    threads: Count
    versions: Mapping[Tag, Line]
    seconds: Number
    passes: Number

    @model_validator(mode="after")
    def _passes_are_part_of_seconds(self) -> TrainingRun:
        if self.passes > self.seconds:
            raise ValueError(
                f"{self.passes:g} seconds in passes are more than the {self.seconds:g} that it took"
            )
        return self


class TrainingPoint(Record):
    """A training after some steps: dev loss and dev score of each task, and the probe's accuracy by language.

    `loss` is the mean training loss since the point before, None at step 0; `weights` the digest of the
    encoder where it is kept. Scores are in points.
    """

    step: Count
    loss: Annotated[Number | None, BeforeValidator(nullable)] = None
    dev_loss: Mapping[Tag, Number]
    dev_score: Mapping[Tag, Number]
    probe: Mapping[Language, Number] = {}
    weights: Annotated[Digest | None, BeforeValidator(nullable)] = None


class TrainedSeed(Record):
    """One seed: digest of the trained encoder, mean loss, and dev scores before and after training.

    `drawn` are the languages of the tasks that are trained on pairs; `curve` has a point for each measurement
    during the training, where its recipe asks for them. `chosen` is the step of the encoder, where the recipe
    chooses among them by the dev score; `after` is then that step's.
    """

    seed: Count
    weights: Digest
    loss: Number
    before: Mapping[Tag, Number]
    after: Mapping[Tag, Number]
    drawn: Mapping[Tag, DrawnLanguages] | None = None
    curve: Annotated[tuple[TrainingPoint, ...], Field(max_length=1000)] = ()
    chosen: Annotated[Count | None, BeforeValidator(nullable)] = None
    run: TrainingRun

    @model_validator(mode="after")
    def _steps_rise(self) -> TrainedSeed:
        steps = [point.step for point in self.curve]
        if steps != sorted(set(steps)):
            raise ValueError("the steps of a curve rise from point to point")
        return self


class Training(Record):
    """submissions/<slug>/training.yaml: the exact record of a training, written only by the harness."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    recipe: TrainingRecipe
    start: Digest
    objective: LongLine
    tasks: tuple[TrainedTask, ...]
    seeds: tuple[TrainedSeed, ...]

    def design(self, checkpoints: Sequence[CheckpointScores]) -> str | None:
        """Return the settings shared by trainings with matched seeds: all but languages, batches and text.

        Matched seeds start from the same weights, including those of the tasks' heads, and see the same rows
        of the tasks the same number of times, in the same order where a batch may mix languages. None if a
        checkpoint is not one of this training's seeds.
        """
        trained = {(trained_seed.seed, trained_seed.weights) for trained_seed in self.seeds}
        seeds = [checkpoint.seed for checkpoint in checkpoints]
        if not trained.issuperset((checkpoint.seed, checkpoint.weights) for checkpoint in checkpoints):
            return None
        work = self.recipe.work | {
            "regime": None,
            "batches": None,
            "alpha": None,
            "tasks": [share.model_dump(exclude={"languages"}, mode="json") for share in self.recipe.tasks],
        }
        return json.dumps({"work": work, "start": self.start, "seeds": seeds}, sort_keys=True)

    @model_validator(mode="after")
    def _seeds_differ(self) -> Training:
        if len({trained_seed.seed for trained_seed in self.seeds}) < len(self.seeds):
            raise ValueError("a seed stands twice")
        return self
