"""A row of numbers that others published: submissions/<slug>/submission.yaml with `reported` in place of checkpoints.

What nobody published is left out, never guessed: so less is required here than of a submission that can be
evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.record import Record
from harness.records.scalars import (
    Count,
    Integer,
    Language,
    Line,
    Link,
    LongLine,
    Number,
    Points,
    Tag,
    Truth,
    integer,
    nothing,
)
from harness.records.submission import Base, Pooling, Regime, Submission, Submitter
from harness.records.target import Target

# Below one point a published score is most likely a share, which is written 100 times as large.
LARGEST_SHARE = 1.0


class ReportedIntermediate(Record):
    """What was done between pretraining and evaluation, as far as it was published; None and an empty list are not known."""

    regime: Regime
    tasks: tuple[Tag, ...] = ()
    languages: tuple[Language, ...] = ()
    examples: Annotated[Count | None, BeforeValidator(nothing)] = None
    continued_mlm: Annotated[Truth | None, BeforeValidator(nothing)] = None
    translated: Annotated[Truth | None, BeforeValidator(nothing)] = None

    @model_validator(mode="after")
    def _regime_agrees(self) -> ReportedIntermediate:
        if self.regime is Regime.NONE and (self.tasks or self.languages or self.examples):
            raise ValueError("regime none has no tasks, no languages and 0 examples")
        if self.regime is Regime.ENGLISH and self.languages not in ((), ("en",)):
            raise ValueError("regime english has languages: [en]")
        if self.regime is Regime.MULTILINGUAL and len(set(self.languages)) == 1:
            raise ValueError(
                "regime multilingual names at least two languages, or none where they are not known"
            )
        return self


class ReportedEncoding(Record):
    """How texts became vectors, as far as it was published."""

    layer: Annotated[
        Literal["last"] | Annotated[int, Field(ge=0)] | None,
        BeforeValidator(lambda v: v if v == "last" else integer(nothing(v))),
    ] = None
    pooling: Annotated[Pooling | None, BeforeValidator(nothing)] = None
    prefix: Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(nothing)] = None
    max_length: Annotated[Annotated[Integer, Field(ge=8, le=8192)] | None, BeforeValidator(nothing)] = None


class ReportedScore(Record):
    """What was published of one target.

    `means` holds means over all its languages, in points, or a quantity in its own unit, by the catalog's
    names, which say the metric and the direction: Tatoeba's `accuracy` is English → foreign,
    `accuracy_to_english` the other way round. `languages` holds the target's own metric by language.
    `differs` says what sets the numbers apart from the target's protocol; they are then never shown as its
    score, and may have names of their own.
    """

    means: Mapping[Tag, Annotated[Number, Field(ge=0)]] = {}
    languages: Mapping[Language, Points] = {}
    differs: Annotated[LongLine | None, BeforeValidator(nothing)] = None

    def mean(self, target: Target) -> float | None:
        """Return the mean of the target's metric in points, as published or as it follows from what was; else None."""
        if target.metric in self.means:
            return self.means[target.metric]
        return self.derived(target)

    def derived(self, target: Target) -> float | None:
        """Return the mean of the target's metric that follows from all its languages, or from exact match and F1; else None."""
        if all(language in self.languages for language in target.languages):
            return sum(self.languages[language] for language in target.languages) / len(target.languages)
        if target.metric == "em_f1" and {"exact_match", "f1"} <= self.means.keys():
            return (self.means["exact_match"] + self.means["f1"]) / 2
        return None

    def score(self, target: Target) -> float | None:
        """Return what may stand in the target's column: its metric, measured as its protocol says, over all its languages."""
        return None if self.differs else self.mean(target)


class Reported(Record):
    """Who published the numbers and where they were read; `parameters` in total, as published: there are no weights to count."""

    citation: LongLine
    source: Link
    parameters: Annotated[Annotated[Integer, Field(ge=1)] | None, BeforeValidator(nothing)] = None
    note: Annotated[LongLine | None, BeforeValidator(nothing)] = None
    scores: Mapping[Tag, ReportedScore]


class ReportedSubmission(Record):
    """One row of published numbers: listed and marked, never ranked, never fitted."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    title: Line
    family: Tag
    base: Annotated[Base | None, BeforeValidator(nothing)] = None
    intermediate: ReportedIntermediate
    encoding: Annotated[ReportedEncoding | None, BeforeValidator(nothing)] = None
    reported: Reported
    trained_on: tuple[Tag, ...] = ()
    submitters: Annotated[tuple[Submitter, ...], Field(min_length=1, max_length=50)]
    license: Annotated[Line | None, BeforeValidator(nothing)] = None
    links: Mapping[Tag, Link] = {}


AnySubmission = Submission | ReportedSubmission
