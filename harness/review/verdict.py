"""The outcome of a review: a verdict, and every reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from harness.characters import visible
from harness.comparison.report import ComparisonReport
from harness.errors import Fault, Where
from harness.records import Record
from harness.review.roles import Role

# The number of reasons that are listed.
_LISTED = 100


class Verdict(StrEnum):
    """Whether a pull request may be merged, judged by its files alone."""

    ACCEPTED = "accepted"
    MAINTAINER = "needs a maintainer"
    REFUSED = "refused"


class Reason(Record):
    """One objection to merging: the rule, the file, what was found, and the cure.

    With `refuses` the contributor has to change something; otherwise a maintainer decides.
    """

    rule: str
    refuses: bool
    file: str | None
    line: int | None = None
    column: int | None = None
    what: str
    cure: str


class ResultChange(Record):
    """A new or changed result; scores in points, None while a language is missing."""

    submission: str
    target: str
    before: float | None
    after: float | None
    new: bool
    measured: int
    of: int


class Review(Record):
    """The outcome of one review.

    Revisions are commits; `role` is what the pull request was judged as; `submissions` are the slugs that it
    changes; `untold` counts the reasons that are left out.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    verdict: Verdict
    base: str
    head: str
    actor: str | None
    role: Role
    files: int
    submissions: tuple[str, ...]
    results: tuple[ResultChange, ...]
    reasons: tuple[Reason, ...]
    untold: int
    diff: ComparisonReport


def refusal(rule: str, file: str | None, what: str, cure: str) -> Reason:
    """Return a reason to refuse the pull request, with path and text made safe to display."""
    return Reason(rule=rule, refuses=True, file=_shown_path(file), what=visible(what), cure=cure)


def question(rule: str, file: str | None, what: str, cure: str) -> Reason:
    """Return a reason to ask a maintainer, with path and text made safe to display."""
    return Reason(rule=rule, refuses=False, file=_shown_path(file), what=visible(what), cure=cure)


def fault_reasons(
    rule: str, faults: Sequence[Fault], file: str, revision: str, *, refuses: bool = True
) -> list[Reason]:
    """Return the store's faults at a revision as reasons; `file` is used for those without one."""
    reasons = []
    for fault in faults:
        where = fault.where or Where(file)
        reason = (refusal if refuses else question)(
            rule, where.file.removeprefix(f"{revision}:"), fault.message, fault.cure
        )
        reasons.append(reason.model_copy(update={"line": where.line, "column": where.column}))
    return reasons


def verdict_of(reasons: Sequence[Reason], role: Role) -> Verdict:
    """Return the verdict: refused if any reason refuses, accepted without reasons.

    What a maintainer has to decide about, a maintainer who opened the pull request has decided.
    """
    if any(reason.refuses for reason in reasons):
        return Verdict.REFUSED
    return Verdict.MAINTAINER if reasons and role is not Role.MAINTAINER else Verdict.ACCEPTED


def shortened(reasons: Sequence[Reason]) -> tuple[tuple[Reason, ...], int]:
    """Return the distinct reasons to list, refusals first, and the number of those left out."""
    distinct = sorted(dict.fromkeys(reasons), key=lambda reason: not reason.refuses)
    return tuple(distinct[:_LISTED]), max(0, len(distinct) - _LISTED)


def _shown_path(file: str | None) -> str | None:
    """Escape and shorten an untrusted path for a message, including bytes that are not UTF-8."""
    if file is None:
        return None
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in file)
    return text if len(text) <= 300 else f"{text[:299]}…"
