"""What a review comes to: a verdict, and every reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from harness.characters import visible
from harness.comparison.report import ComparisonReport
from harness.errors import Fault, Where
from harness.records import Record

# So many reasons are told; one is enough to refuse.
_TOLD = 100


class Verdict(StrEnum):
    """Whether a pull request may be merged by its files alone."""

    ACCEPTED = "accepted"
    MAINTAINER = "needs a maintainer"
    REFUSED = "refused"


class Reason(Record):
    """One thing that stands against merging: the rule, the file, what was found, and the cure.

    With `refuses` the contributor has to change something; without, a maintainer decides.
    """

    rule: str
    refuses: bool
    file: str | None
    line: int | None = None
    column: int | None = None
    what: str
    cure: str


class ResultChange(Record):
    """A result that is new or another one than before; scores in points, None while a language is missing."""

    submission: str
    target: str
    before: float | None
    after: float | None
    new: bool
    measured: int
    of: int


class Review(Record):
    """All that one review found. Revisions are commits; `submissions` are the slugs that the pull request touches."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    verdict: Verdict
    base: str
    head: str
    actor: str | None
    files: int
    submissions: tuple[str, ...]
    results: tuple[ResultChange, ...]
    reasons: tuple[Reason, ...]
    untold: int
    diff: ComparisonReport


def refusal(rule: str, file: str | None, what: str, cure: str) -> Reason:
    """Return a reason to refuse."""
    return Reason(rule=rule, refuses=True, file=_shown_path(file), what=visible(what), cure=cure)


def question(rule: str, file: str | None, what: str, cure: str) -> Reason:
    """Return a reason to ask a maintainer."""
    return Reason(rule=rule, refuses=False, file=_shown_path(file), what=visible(what), cure=cure)


def of_faults(rule: str, faults: Sequence[Fault], file: str, revision: str) -> list[Reason]:
    """Return faults that the store names at a revision as reasons to refuse; `file` stands for those without a place."""
    found = []
    for fault in faults:
        where = fault.where or Where(file)
        place = {"line": where.line, "column": where.column}
        found.append(
            refusal(rule, where.file.removeprefix(f"{revision}:"), fault.message, fault.cure).model_copy(
                update=place
            )
        )
    return found


def verdict_of(reasons: Sequence[Reason]) -> Verdict:
    """Return the verdict that reasons come to."""
    if any(reason.refuses for reason in reasons):
        return Verdict.REFUSED
    return Verdict.MAINTAINER if reasons else Verdict.ACCEPTED


def told(reasons: Sequence[Reason]) -> tuple[tuple[Reason, ...], int]:
    """Return the reasons to tell, refusals first, each once, and how many are left out."""
    distinct = sorted(dict.fromkeys(reasons), key=lambda reason: not reason.refuses)
    return tuple(distinct[:_TOLD]), max(0, len(distinct) - _TOLD)


def _shown_path(file: str | None) -> str | None:
    """Make a path that anybody may have chosen fit for a message; bytes that are no UTF-8 are escaped."""
    if file is None:
        return None
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in file)
    return text if len(text) <= 300 else f"{text[:299]}…"
