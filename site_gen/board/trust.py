"""Whose word a result is, what of its target was seen in training, and who sent how much; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.catalog.contamination import Seen, names_seen, seen
from harness.records import Mark, Submission, Superseded, Target, Training, Verification, VerifiedResult


@dataclass(frozen=True)
class Trust:
    """The mark of one result, with what somebody found who looked at this very file, and which of its data were seen in training."""

    mark: Mark = Mark.SELF_EVALUATED
    found: VerifiedResult | None = None
    seen: Seen = field(default_factory=Seen)

    @property
    def said(self) -> str:
        """Say in a sentence what the mark rests on."""
        found = self.found
        if found is None:
            return "evaluated by its submitters, and run again by nobody else yet"
        by, date = found.by, found.date[:10]
        if found.how == "recount":
            return f"evaluated by its submitters; {by} recounted it on {date}{'' if found.agrees else ', and it did not stand'}"
        where = f" on {found.device} in {found.dtype}" if found.device else ""
        if found.agrees:
            return f"run again by {by} on {date}{where}: no language differs by more than {found.largest:.2f} points"
        return f"run again by {by} on {date}{where}, with another outcome: a language differs by {found.largest:.2f} points"


def trust_of(
    submission: Submission,
    target: Target,
    digest: str | None,
    verification: Verification | None = None,
    training: Training | None = None,
) -> Trust:
    """Return whose word a result is, by the digest of its file: a rerun by somebody else that agrees makes it verified.

    A submitter's own finding counts for nothing, and neither does what was found of another file of that
    name.
    """
    found = verification.of(target.name, digest) if verification and digest else None
    if found is not None and found.by_one_of(submission.submitters):
        found = None
    verified = found is not None and found.how == "rerun" and found.agrees
    mark = Mark.VERIFIED if verified else Mark.SELF_EVALUATED
    return Trust(mark, found, seen(target, names_seen(submission, training)))


def row_mark(marks: Iterable[Mark]) -> str:
    """Return the mark of a submission in a word or two: how many of its results are verified."""
    found = list(marks)
    verified = sum(mark is Mark.VERIFIED for mark in found)
    if 0 < verified < len(found):
        return f"{verified} of {len(found)} verified"
    return (Mark.VERIFIED if verified else Mark.SELF_EVALUATED).value if found else ""


@dataclass(frozen=True)
class Earlier:
    """A result that is no longer the submission's; `removed` where none took its place."""

    entry: Superseded
    removed: bool


def history(submission: Submission, targets: Iterable[str]) -> tuple[Earlier, ...]:
    """Return what a submission says of its earlier results, given the targets it has a result on now."""
    there = set(targets)
    return tuple(Earlier(entry, entry.target not in there) for entry in submission.supersedes)


@dataclass(frozen=True)
class Sender:
    """One submitter, by name and address, with how many submissions and results bear the name."""

    name: str
    url: str | None
    submissions: int
    results: int


def senders(found: Iterable[tuple[Submission, int]]) -> tuple[Sender, ...]:
    """Count submissions and results by submitter, the most submissions first: many rows of one hand are many tries.

    A result counts for everybody who answers for it. Names that differ in case alone are one, if the address
    is the same.
    """
    counts: dict[tuple[str, str], Sender] = {}
    for submission, results in found:
        for key, name, url in {
            ((each.name.casefold(), each.url or ""), each.name, each.url) for each in submission.submitters
        }:
            before = counts.get(key, Sender(name, url, 0, 0))
            counts[key] = Sender(before.name, url, before.submissions + 1, before.results + results)
    return tuple(
        sorted(counts.values(), key=lambda each: (-each.submissions, each.name.casefold(), each.url or ""))
    )
