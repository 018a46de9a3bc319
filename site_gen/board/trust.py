"""Verification marks, maintainers' notices, test data seen in training, counts by submitter; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from site_gen.board.compact_result import CompactResult


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
    """A superseded result: how it ended, and the score of what replaced it, in points.

    It was `removed` if there is no result on its target now, is `pending` while it is still the present one,
    and was `rescored` if its outcomes remained. `after` is of the next entry on the same target, or of the
    present result; None where that has no score, or none on record.
    """

    entry: Superseded
    removed: bool = False
    pending: bool = False
    rescored: bool = False
    after: float | None = None

    @property
    def what(self) -> str:
        """Return in a word or two what happened."""
        if self.removed or self.pending:
            return "removed" if self.removed else "to be replaced"
        return "scored again" if self.rescored else "replaced"


def history(submission: Submission, results: Mapping[str, CompactResult]) -> tuple[EarlierResult, ...]:
    """Return the superseded results of a submission, given its present results by target."""
    return tuple(
        _earlier(entry, submission.supersedes[number:], results.get(entry.target))
        for number, entry in enumerate(submission.supersedes, start=1)
    )


def _earlier(entry: Superseded, later: Sequence[Superseded], result: CompactResult | None) -> EarlierResult:
    following = next((other for other in later if other.target == entry.target), None)
    if following is not None:
        return EarlierResult(entry, rescored=following.outcomes == entry.outcomes, after=following.score)
    if result is None:
        return EarlierResult(entry, removed=True)
    same = result.outcomes == entry.outcomes
    if same and entry.version in (None, result.signature.version):
        return EarlierResult(entry, pending=True)
    return EarlierResult(entry, rescored=same, after=result.score)


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
