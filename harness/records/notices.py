"""What maintainers say about a submission after it was merged, and what remains of one that was withdrawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.records.record import Record
from harness.records.scalars import Line, Link, Slug, Tag, Timestamp, integer, nullable


class NoticeKind(StrEnum):
    """What a notice says of a submission's results.

    Disputed, contaminated and retired results are shown, and not ranked. `weights-gone` says that nobody can
    measure them again; they remain ranked.
    """

    DISPUTED = "disputed"
    CONTAMINATED = "contaminated"
    RETIRED = "retired"
    WEIGHTS_GONE = "weights-gone"

    @property
    def unranks(self) -> bool:
        """Tell whether results under such a notice have no rank."""
        return self is not NoticeKind.WEIGHTS_GONE


class Notice(Record):
    """One notice: its kind, since when, why, and where that is discussed.

    `targets` are those that it is about; all, if empty. A notice that no longer holds stays on record with
    the date at which it was lifted.
    """

    kind: NoticeKind
    date: Timestamp
    reason: Line
    url: Annotated[Link | None, BeforeValidator(nullable)] = None
    targets: tuple[Tag, ...] = ()
    lifted: Annotated[Timestamp | None, BeforeValidator(nullable)] = None

    def concerns(self, target: str) -> bool:
        """Tell whether the notice holds now, for this target."""
        return self.lifted is None and (not self.targets or target in self.targets)


class Notices(Record):
    """All notices about one submission; written by maintainers, refused in others' pull requests."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    notices: Annotated[tuple[Notice, ...], Field(min_length=1, max_length=1000)]


class Tombstone(Record):
    """What remains of a withdrawn submission; its slug and its former slugs are never used again."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    date: Timestamp
    reason: Line
    url: Annotated[Link | None, BeforeValidator(nullable)] = None
    aliases: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
