"""Verification marks, maintainers' notices, test data seen in training, counts by submitter; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.catalog.contamination import Seen, names_seen, seen
from harness.records import (
    Mark,
    Notice,
    Submission,
    Superseded,
    Target,
    Training,
    Verification,
    VerifiedResult,
)


@dataclass(frozen=True)
class Trust:
    """The mark of one result, its verification by others, and the data sets seen in training.

    `notices` are those that hold now and take the rank from this result.
    """

    mark: Mark = Mark.SELF_EVALUATED
    verification: VerifiedResult | None = None
    seen: Seen = field(default_factory=Seen)
    notices: tuple[Notice, ...] = ()

    @property
    def flag(self) -> str:
        """Return what the notices say, such as `contaminated, disputed`; empty without any."""
        return ", ".join(flags(self.notices))

    @property
    def objection(self) -> str:
        """Return what the notices say, with dates and reasons; empty without any."""
        return "; ".join(
            f"{notice.kind.value} since {notice.date[:10]}: {notice.reason.rstrip('.')}"
            for notice in self.notices
        )

    @property
    def sentence(self) -> str:
        """Return the evidence for the mark as a sentence, without a full stop."""
        verification = self.verification
        if verification is None:
            return "evaluated by its submitters and not yet rerun by anyone else"
        by, date = verification.by, verification.date[:10]
        if verification.how == "recount":
            disagreement = "" if verification.agrees else ", with a different result"
            return f"evaluated by its submitters; {by} recomputed its scores on {date}{disagreement}"
        setup = f" on {verification.device} in {verification.dtype}" if verification.device else ""
        rerun, largest = f"rerun by {by} on {date}{setup}", f"{verification.largest:.2f} points"
        if verification.agrees:
            return f"{rerun}: no language differs by more than {largest}"
        return f"{rerun}, with a different result: one language differs by {largest}"


def trust_of(
    submission: Submission,
    target: Target,
    digest: str | None,
    verification: Verification | None = None,
    training: Training | None = None,
    notices: Iterable[Notice] = (),
) -> Trust:
    """Return the trust in a result, by the digest of its file: an agreeing rerun by others makes it verified.

    Verifications by one of its submitters, or of another file of that name, are ignored. `notices` are all
    about the submission.
    """
    verified_result = verification.of(target.name, digest) if verification and digest else None
    if verified_result is not None and verified_result.by_one_of(submission.submitters):
        verified_result = None
    verified = verified_result is not None and verified_result.how == "rerun" and verified_result.agrees
    mark = Mark.VERIFIED if verified else Mark.SELF_EVALUATED
    objections = tuple(notice for notice in notices if notice.kind.unranks and notice.concerns(target.name))
    return Trust(mark, verified_result, seen(target, names_seen(submission, training)), objections)


def flags(notices: Iterable[Notice]) -> tuple[str, ...]:
    """Return the kinds of the notices that hold now and take a rank, each once."""
    return tuple(
        dict.fromkeys(
            notice.kind.value for notice in notices if notice.kind.unranks and notice.lifted is None
        )
    )


def row_mark(marks: Iterable[Mark]) -> str:
    """Return the mark of a submission, such as `1 of 2 verified`; empty without results."""
    listed = list(marks)
    verified = sum(mark is Mark.VERIFIED for mark in listed)
    if 0 < verified < len(listed):
        return f"{verified} of {len(listed)} verified"
    return (Mark.VERIFIED if verified else Mark.SELF_EVALUATED).value if listed else ""


@dataclass(frozen=True)
class EarlierResult:
    """A superseded result; `removed` if no other result replaced it."""

    entry: Superseded
    removed: bool


def history(submission: Submission, targets: Iterable[str]) -> tuple[EarlierResult, ...]:
    """Return the superseded results of a submission, given the targets that it has results on now."""
    measured = set(targets)
    return tuple(EarlierResult(entry, entry.target not in measured) for entry in submission.supersedes)


@dataclass(frozen=True)
class Sender:
    """One submitter, by name and address, with the numbers of submissions and results."""

    name: str
    url: str | None
    submissions: int
    results: int


def senders(submissions: Iterable[tuple[Submission, int]]) -> tuple[Sender, ...]:
    """Count submissions and results by submitter, most submissions first: many rows are many tries.

    A result counts for each of its submitters. Names that differ only in case are one if the address is the
    same.
    """
    counts: dict[tuple[str, str], Sender] = {}
    for submission, results in submissions:
        for name, url in {(submitter.name, submitter.url) for submitter in submission.submitters}:
            key = (name.casefold(), url or "")
            before = counts.get(key, Sender(name, url, 0, 0))
            counts[key] = Sender(before.name, url, before.submissions + 1, before.results + results)
    return tuple(
        sorted(
            counts.values(),
            key=lambda sender: (-sender.submissions, sender.name.casefold(), sender.url or ""),
        )
    )
