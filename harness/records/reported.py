"""Rows of published numbers: submissions/<slug>/submission.yaml with `reported` instead of checkpoints.

What was not published is omitted, never guessed, so fewer keys are required than for a submission that can be
evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.encoding import Pooling
from harness.records.record import Record
from harness.records.row_origin import RowOrigin
from harness.records.scalars import (
    Count,
    Integer,
    Language,
    Line,
    Link,
    LongLine,
    Number,
    Points,
    Slug,
    Tag,
    Truth,
    integer,
    nullable,
)
from harness.records.submission import (
    Base,
    Batches,
    Regime,
    Submission,
    Submitter,
    refuse_other_batches,
    refuse_other_objectives,
)
from harness.records.target import Target

# A published score below one point is most likely a share, which has to be multiplied by 100.
LARGEST_SHARE = 1.0


class ReportedIntermediate(Record):
    """Training between pretraining and evaluation, as far as published; None and () mean unknown."""

    regime: Regime
    batches: Annotated[Batches | None, BeforeValidator(nullable)] = None
    tasks: tuple[Tag, ...] = ()
    objectives: tuple[Tag, ...] = ()
    languages: tuple[Language, ...] = ()
    examples: Annotated[Count | None, BeforeValidator(nullable)] = None
    continued_mlm: Annotated[Truth | None, BeforeValidator(nullable)] = None
    translated: Annotated[Truth | None, BeforeValidator(nullable)] = None

    @model_validator(mode="after")
    def _regime_agrees(self) -> ReportedIntermediate:
        if self.regime is Regime.NONE and (self.tasks or self.languages or self.examples):
            raise ValueError("regime none has no tasks, no languages and 0 examples")
        if self.regime is Regime.ENGLISH and self.languages not in ((), ("en",)):
            raise ValueError("regime english has languages: [en]")
        if self.regime is Regime.MULTILINGUAL and len(set(self.languages)) == 1:
            raise ValueError("regime multilingual needs at least two languages, or none if they are unknown")
        refuse_other_batches(self.regime, self.batches)
        refuse_other_objectives(self.tasks, self.objectives)
        return self


class ReportedEncoding(Record):
    """How texts were encoded as vectors, as far as published."""

    layer: Annotated[
        Literal["last"] | Annotated[int, Field(ge=0)] | None,
        BeforeValidator(lambda v: v if v == "last" else integer(nullable(v))),
    ] = None
    pooling: Annotated[Pooling | None, BeforeValidator(nullable)] = None
    prefix: Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(nullable)] = None
    max_length: Annotated[Annotated[Integer, Field(ge=8, le=8192)] | None, BeforeValidator(nullable)] = None


class ReportedScore(Record):
    """Published numbers of one target.

    `means` holds means over all its languages, in points, or a quantity in its unit, under the catalog's
    names, which imply metric and direction: Tatoeba's `accuracy` is English → foreign, `accuracy_to_english`
    the reverse. `languages` holds the target's metric by language. `differs` describes how the numbers
    deviate from the target's protocol; they are then never shown as its score, and may have other names.
    `version` is the version of the protocol that they were measured by, and they are not shown as the score
    of a later one.
    """

    means: Mapping[Tag, Annotated[Number, Field(ge=0)]] = {}
    languages: Mapping[Language, Points] = {}
    differs: Annotated[LongLine | None, BeforeValidator(nullable)] = None
    version: Annotated[Integer, Field(ge=1)] = 1

    def mean(self, target: Target) -> float | None:
        """Return the mean of the target's metric in points, as published or derived; else None."""
        if target.metric in self.means:
            return self.means[target.metric]
        return self.derived(target)

    def derived(self, target: Target) -> float | None:
        """Return the metric's mean computed from all languages, or from exact match and F1; else None."""
        if all(language in self.languages for language in target.languages):
            return sum(self.languages[language] for language in target.languages) / len(target.languages)
        if target.metric == "em_f1" and {"exact_match", "f1"} <= self.means.keys():
            return (self.means["exact_match"] + self.means["f1"]) / 2
        return None

    def score(self, target: Target) -> float | None:
        """Return the target's score in points, as published or derived; None if the protocol differs."""
        return None if self.differs or self.version != target.version else self.mean(target)


class Reported(Record):
    """Source of the published numbers; `parameters` is the published total, as no weights are counted."""

    citation: LongLine
    source: Link
    parameters: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nullable)] = None
    note: Annotated[LongLine | None, BeforeValidator(nullable)] = None
    scores: Mapping[Tag, ReportedScore]


class ReportedSubmission(Record):
    """One row of published numbers: listed and marked, never ranked, never part of a curve fit."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    title: Line
    family: Tag
    base: Annotated[Base | None, BeforeValidator(nullable)] = None
    intermediate: ReportedIntermediate
    encoding: Annotated[ReportedEncoding | None, BeforeValidator(nullable)] = None
    reported: Reported
    trained_on: tuple[Tag, ...] = ()
    submitters: Annotated[tuple[Submitter, ...], Field(min_length=1, max_length=50)]
    license: Annotated[Line | None, BeforeValidator(nullable)] = None
    links: Mapping[Tag, Link] = {}
    aliases: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    origin: Annotated[RowOrigin | None, BeforeValidator(nullable)] = None


AnySubmission = Submission | ReportedSubmission
