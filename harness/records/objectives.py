"""What a task of an intermediate training minimises: the settings of each objective, as a recipe states them.

A task without an objective trains a head of its own format (a classifier, a tagger, …).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.encoding import AnyEncoding, Encoding, Pooling, SavedEncoding
from harness.records.record import Record
from harness.records.scalars import HubId, Number, PythonName, Revision, Truth, integer
from harness.records.submission import Checkpoint

Prefix = Annotated[str, Field(max_length=200)]
Rate = Annotated[Number, Field(gt=0, le=1)]


class PairRanking(Record):
    """Rank the right text above the others of the batch: cross-entropy of cosine / temperature (InfoNCE).

    With `learnt_scale` the factor 1/temperature is a parameter that begins there, trained at `scale_rate` (by
    default the recipe's rate). With `both_directions` the loss is the mean over queries and over passages.
    The prefixes precede the texts; by default both are the prefix that evaluation uses.
    """

    name: Literal["pair_ranking"]
    temperature: Annotated[Number, Field(ge=0.001, le=10)] = 0.05
    learnt_scale: Truth = False
    scale_rate: Rate | None = None
    both_directions: Truth = False
    query_prefix: Prefix | None = None
    passage_prefix: Prefix | None = None

    @model_validator(mode="after")
    def _a_rate_needs_a_parameter(self) -> PairRanking:
        if self.scale_rate is not None and not self.learnt_scale:
            raise ValueError("scale_rate goes with learnt_scale: true")
        return self


class VectorRegression(Record):
    """Make the cosine of two sentences follow their score: by its order (CoSENT), or by its value.

    `scale` multiplies the cosines of CoSENT; `cosine_regression` is the squared error of cosine and score.
    """

    name: Literal["scored_pairs"]
    loss: Literal["cosent", "cosine_regression"]
    scale: Annotated[Number, Field(ge=0.001, le=1000)] = 20.0

    @model_validator(mode="after")
    def _only_cosent_is_scaled(self) -> VectorRegression:
        if self.loss != "cosent" and self.scale != 20:
            raise ValueError("scale goes with loss: cosent")
        return self


class Teacher(Record):
    """The encoder that a student learns from: a checkpoint with its encoding, or an encoder in Python.

    `python` is `package.module:attribute`: an object with `encode(list of texts)` → array (texts, width), or
    what returns one when called without arguments, such as a class. It is imported and run as the caller's
    own code. `encoding` is by default what its folder says, or else the last layer, mean pooling and no
    prefix.
    """

    hub: HubId | None = None
    revision: Revision | None = None
    path: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    bundled: Literal["multilingual-e5-small"] | None = None
    layers: Annotated[int, Field(ge=1, le=12), BeforeValidator(integer)] | None = None
    python: PythonName | None = None
    encoding: AnyEncoding | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Teacher:
        if self.python is None:
            _ = self.checkpoint
        elif any((self.hub, self.revision, self.path, self.bundled, self.layers)):
            raise ValueError("python goes without hub, revision, path, bundled and layers")
        elif self.encoding is not None:
            raise ValueError("python goes without encoding: the object encodes as it does")
        return self

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the teacher's checkpoint; raises ValueError if it is an encoder in Python."""
        return Checkpoint(
            hub=self.hub, revision=self.revision, path=self.path, bundled=self.bundled, layers=self.layers
        )

    def read_as(self, *, folder_says: bool) -> AnyEncoding:
        """Return how its vectors are read; `folder_says` tells whether the checkpoint's folder does."""
        return self.encoding or (
            SavedEncoding() if folder_says else Encoding(layer="last", pooling=Pooling.MEAN)
        )


class Distillation(Record):
    """Give the student's vectors of an English sentence and of its translation the teacher's English vector.

    The loss is their mean squared error, of vectors of length 1 unless `normalized` is false. Where widths
    differ, a linear map follows the student, trained at `map_rate` (by default the recipe's rate) and not
    kept.
    """

    name: Literal["distillation"]
    teacher: Teacher
    normalized: Truth = True
    map_rate: Rate | None = None

    @model_validator(mode="after")
    def _checkpoints_give_unit_vectors(self) -> Distillation:
        if not self.normalized and self.teacher.python is None:
            raise ValueError(
                "normalized: false goes with a teacher in Python: a checkpoint's vectors have length 1"
            )
        return self


class Reranking(Record):
    """Score a query and a passage that are read together: the right passage above its negatives.

    `loss` is `listwise`, the cross-entropy of the right passage among its negatives, or `binary`, that of
    relevant or not for each passage. The `negatives` of a query are those that BM25 ranks first among the
    other passages of the task in the language of the right one. The trained model is saved with its head.
    """

    name: Literal["reranking"]
    loss: Literal["binary", "listwise"] = "binary"
    negatives: Annotated[int, Field(ge=1, le=64), BeforeValidator(integer)] = 4


Objective = Annotated[PairRanking | VectorRegression | Distillation | Reranking, Field(discriminator="name")]
