"""THE STORY of a review: two revisions → what changed → may it, is it sound, is anything lost → a verdict.

The base's code reads the pull request's files out of git's objects. Nothing of them is checked out, imported
or run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.characters import shown
from harness.comparison.compare import Comparison, compare
from harness.comparison.report import ComparisonReport, Refused
from harness.errors import Fault, NotComparable, Where, WrongUsage
from harness.records import Submission
from harness.review.changed_files import Change, changes_between, place_reasons, size_limit, slug_of
from harness.review.history import changed_results, changes_of_results, claims, ownership
from harness.review.memory import bounded_memory
from harness.review.submission_at import SubmissionAt, read_submission_at
from harness.review.verdict import Reason, ResultChange, Review, of_faults, refusal, told, verdict_of
from harness.store import Side
from harness.store.git import Revision, TreeEntry, merge_base, repository_around, resolved

_ACTOR = re.compile(r"[A-Za-z0-9-]{1,39}(\[bot\])?")
# Where one of these is broken, no file is read: what its path holds, or what merging would make of it, is not
# certain.
_FIRST = frozenset({"too-many", "too-large", "link", "name", "collision", "conflict"})
_Paths = Mapping[str, TreeEntry]


def review(
    base: str, head: str, submissions: Path, *, actor: str | None = None, maintainer: bool = False
) -> Review:
    """Judge what `head` would bring to `base`, in the repository around the folder `submissions`.

    `actor` is the GitHub account that opened the pull request; with `maintainer` it answers for the board, so
    that it may change every submission. Raises BadInput when a revision is unknown, and WrongUsage for an
    actor that is no account.
    """
    if actor is not None and not _ACTOR.fullmatch(actor):
        raise WrongUsage(f"{shown(actor)} is no GitHub account", cure="give the account's name, without @")
    repository = repository_around(submissions)
    onto, brought = (resolved(repository, name) for name in (base, head))
    (since, now, then), doubled = _paths([merge_base(onto, brought), onto, brought])
    changes = changes_between(since, then)
    merged = _merged(now, changes)
    reasons = [
        *doubled,
        *place_reasons(changes, merged, repository.place, maintainer=maintainer),
        *_conflicts(changes, since, now),
    ]
    touched = sorted(
        {slug for change in changes if (slug := slug_of(change.path, repository.place)) is not None}
    )
    readable = [] if any(reason.rule in _FIRST for reason in reasons) else touched
    folders = {slug: posixpath.join(repository.place, slug) for slug in readable}
    with bounded_memory():
        snapshots = [
            (_snapshot(onto, now, folder, slug), _snapshot(brought, merged, folder, slug))
            for slug, folder in folders.items()
        ]
    judged = [
        _judge(before, after or SubmissionAt(slug), folder, actor, maintainer=maintainer)
        for (slug, folder), (before, after) in zip(folders.items(), snapshots, strict=True)
    ]
    found, untold = told([*reasons, *(reason for each in judged for reason in each.reasons)])
    return Review(
        verdict=verdict_of(found),
        base=onto.commit,
        head=brought.commit,
        actor=actor,
        files=len(changes),
        submissions=tuple(map(_named, touched)),
        results=tuple(result for each in judged for result in each.results),
        reasons=found,
        untold=untold,
        diff=ComparisonReport(
            comparisons=tuple(each.comparison for each in judged if each.comparison),
            refused=tuple(each.refused for each in judged if each.refused),
        ),
    )


@dataclass(frozen=True)
class _Judged:
    """What one submission's review found."""

    reasons: tuple[Reason, ...]
    results: tuple[ResultChange, ...]
    comparison: Comparison | None
    refused: Refused | None


def _judge(
    before: SubmissionAt | None, after: SubmissionAt, folder: str, actor: str | None, *, maintainer: bool
) -> _Judged:
    reasons = of_faults("invalid", after.faults, folder, after.revision)
    if not maintainer:
        reasons += ownership(before, after, actor, folder)
    reasons += claims(before, after, folder)
    if before is not None:
        reasons += changes_of_results(before, after, folder)
    results = changed_results(before, after)
    comparison, refused = (
        _compared(before, after, [change.target for change in results]) if before else (None, None)
    )
    return _Judged(tuple(reasons), results, comparison, refused)


def _compared(
    before: SubmissionAt, after: SubmissionAt, targets: Sequence[str]
) -> tuple[Comparison | None, Refused | None]:
    """Compare the results that changed with what they were."""
    shared = [target for target in targets if target in before.outcomes and target in after.outcomes]
    if not shared:
        return None, None
    try:
        return compare(_side(before, "base"), _side(after, "pull request"), targets=shared), None
    except NotComparable as reason:
        return None, Refused(
            submission=after.slug, reason="; ".join(fault.message for fault in reason.faults)
        )


def _side(snapshot: SubmissionAt, when: str) -> Side:
    submission = snapshot.submission if isinstance(snapshot.submission, Submission) else None
    results = {target: result for target, result in snapshot.results.items() if target in snapshot.outcomes}
    return Side(f"{snapshot.slug} ({when})", results, snapshot.outcomes, submission, snapshot.training)


# ---- paths -------------------------------------------------------------------------------------


def _paths(revisions: Sequence[Revision]) -> tuple[list[_Paths], list[Reason]]:
    """Return each revision's files by path; a tree that names one twice, which git's own commands never write, is refused."""
    found: list[_Paths] = []
    doubled: list[Reason] = []
    for at in revisions:
        entries = at.entries("", sizes=True)
        found.append({entry.path: entry for entry in entries})
        if len(found[-1]) < len(entries):
            doubled.append(
                refusal(
                    "name",
                    None,
                    f"a folder at {at.commit[:12]} names a file twice",
                    "commit it again with git itself",
                )
            )
    return found, doubled


def _merged(now: _Paths, changes: Sequence[Change]) -> _Paths:
    """Return the base's files with the pull request's changes."""
    merged = dict(now)
    for change in changes:
        merged.pop(change.path, None)
        if change.after is not None:
            merged[change.path] = change.after
    return merged


def _conflicts(changes: Sequence[Change], since: _Paths, now: _Paths) -> list[Reason]:
    """Name what the base has changed too since the branch left it: what is judged would not be what is merged."""
    moved = [
        change
        for change in changes
        if _hash(now.get(change.path)) not in (_hash(since.get(change.path)), _hash(change.after))
    ]
    cure = "merge the base into the branch"
    return [
        refusal("conflict", change.path, "was changed in the base, too, since the branch left it", cure)
        for change in moved
    ]


def _hash(entry: TreeEntry | None) -> str:
    return entry.mode + entry.hash if entry else ""


def _snapshot(at: Revision, paths: _Paths, folder: str, slug: str) -> SubmissionAt | None:
    """Read a submission's own files; whatever else lies in its folder is none of it."""
    inside = {path: entry for path, entry in paths.items() if path.startswith(f"{folder}/")}
    entries = {
        path: entry for path, entry in inside.items() if size_limit(path[len(folder) + 1 :]) is not None
    }
    try:
        return read_submission_at(at, entries, folder) if entries else None
    except MemoryError:
        fault = Fault(
            "takes more memory than is allowed", Where(at.file(folder)), "keep to what the harness writes"
        )
        return SubmissionAt(slug, faults=(fault,), revision=at.name)


def _named(slug: str) -> str:
    return shown(slug)[1:-1]
