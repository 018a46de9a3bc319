"""When, where and with what the cells of a result were measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

from harness.records.record import Record
from harness.records.scalars import (
    Count,
    Digest,
    HubId,
    Language,
    Line,
    LongLine,
    Number,
    Revision,
    Tag,
    Timestamp,
    nullable,
)

_Seed = Annotated[str, Field(pattern=r"^(?:0|[1-9][0-9]{0,17})$")]
# How much was measured, and when: runs that differ in nothing else are recorded as one.
# The fingerprint of the text, and no revision, says whether two runs read the same.
_NO_CONDITIONS = ("events", "versions", "batch_tokens", "threads", "text_revisions")
_AMOUNTS = ("date", "since", "encoded_sentences", "encoded_tokens", "seconds", "cells")


class EvaluationRun(Record):
    """One run of the harness, or several that differ only in their time and in how much they measured.

    `since` is the date of the first of several runs, `date` that of the last. `instructions` are the
    processor's, which last bits depend on; `commit` is the harness's own where it ran from a clone, `lock`
    the digest of the constraints that its environment was installed with, `image` the container's.
    `text_revisions` names the commit at which each data set of the Hub was read. `cells` lists the languages
    of each seed that the run measured; it is empty where a result has only one run.
    """

    date: Timestamp
    since: Annotated[Timestamp | None, BeforeValidator(nullable)] = None
    device: Line | None = None
    processor: Line | None = None
    instructions: Line | None = None
    system: Line | None = None
    image: Line | None = None
    dtype: Line | None = None
    threads: Count | None = None
    batch_tokens: Count | None = None
    encoded_sentences: Count = 0
    encoded_tokens: Count = 0
    seconds: Number = 0.0
    commit: Revision | None = None
    lock: Digest | None = None
    versions: Mapping[Tag, Line] = {}
    text_revisions: Mapping[HubId, Revision] = {}
    events: tuple[LongLine, ...] = ()
    cells: Mapping[_Seed, tuple[Language, ...]] = {}

    @model_serializer(mode="wrap")
    def _omit_unknown(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {
            name: value
            for name, value in fields.items()
            if value is not None and (value or name not in ("cells", "text_revisions"))
        }

    @property
    def measured_at(self) -> datetime:
        """Return the date in UTC."""
        return datetime.strptime(self.date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    @property
    def conditions(self) -> Mapping[str, str]:
        """Return what a score may depend on, by name, such as `versions.torch`, as far as it is known."""
        fields = self.model_dump(exclude={*_AMOUNTS, *_NO_CONDITIONS})
        versions = {f"versions.{name}": version for name, version in self.versions.items()}
        return {name: str(value) for name, value in fields.items()} | versions

    @property
    def details(self) -> Mapping[str, Any]:
        """Return all that is known about the run besides its cells."""
        return {name: value for name, value in self.model_dump().items() if value and name != "cells"}

    def joined(self, other: EvaluationRun) -> EvaluationRun | None:
        """Return one record of both runs, or None where they differ in more than time and amount."""
        blank = {name: None if name == "since" else type(getattr(self, name))() for name in _AMOUNTS}
        if self.model_copy(update=blank) != other.model_copy(update=blank):
            return None
        first, last = min(self.since or self.date, other.since or other.date), max(self.date, other.date)
        cells = {
            seed: tuple(dict.fromkeys((*self.cells.get(seed, ()), *other.cells.get(seed, ()))))
            for seed in dict.fromkeys((*self.cells, *other.cells))
        }
        return self.model_copy(
            update={
                "date": last,
                "since": first if first != last else None,
                "encoded_sentences": self.encoded_sentences + other.encoded_sentences,
                "encoded_tokens": self.encoded_tokens + other.encoded_tokens,
                "seconds": round(self.seconds + other.seconds, 2),
                "cells": cells,
            }
        )


def joined_runs(runs: Iterable[EvaluationRun]) -> tuple[EvaluationRun, ...]:
    """Return the runs by date, those that differ only in time and amount as one."""
    joined: list[EvaluationRun] = []
    for run in sorted(runs, key=lambda run: run.date):
        for index, earlier in enumerate(joined):
            if (both := earlier.joined(run)) is not None:
                joined[index] = both
                break
        else:
            joined.append(run)
    return tuple(sorted(joined, key=lambda run: run.date))


def mixed_conditions(runs: Sequence[EvaluationRun]) -> Mapping[str, tuple[str, ...]]:
    """Return what differs between runs, by name, with its values in the order of the runs."""
    named: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, value in run.conditions.items():
            named.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in named.items() if len(values) > 1}
