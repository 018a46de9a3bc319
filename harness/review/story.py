"""THE STORY of a review: two revisions → changed files → are they allowed, valid, without losses → a verdict.

The base's code reads the pull request's files from git's objects. None of them is checked out, imported or
run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.characters import shown
from harness.comparison.compare import compare
from harness.comparison.differences import Comparison
from harness.comparison.report import ComparisonReport, Refused
from harness.errors import Fault, NotComparable, Where, WrongUsage
from harness.records import OutcomeSettings, Submission
from harness.review.board_names import NamedRow, named_row, read_board
from harness.review.changed_files import Change, changes_between, path_reasons, size_limit, touched_slugs
from harness.review.edits import edits
from harness.review.former_slugs import freed_slug, slug_reasons
from harness.review.history import (
    changed_results,
    changes_of_results,
    claims,
    dates,
    outdated,
    supersessions,
)
from harness.review.lookalikes import lookalikes
from harness.review.merged import write_merged
from harness.review.ownership import ownership, workflow_scope
from harness.review.restoration import recognised
from harness.review.roles import Role, role_of
from harness.review.shared_checkpoints import shared_checkpoints
from harness.review.submission_at import SubmissionAt, read_submission_at
from harness.review.verdict import (
    Reason,
    ResultChange,
    Review,
    Verdict,
    fault_reasons,
    refusal,
    shortened,
    verdict_of,
)
from harness.store import Side
from harness.store.board_settings import board_settings_at, note_outcome_settings, placed
from harness.store.git import Revision, TreeEntry, merge_bases, repository_around, resolved
from harness.store.memory import bounded_memory
from harness.store.submissions import SUBMISSION_FILE

# For all submissions of a pull request; each file of outcomes has a limit of its own.
MEMORY = 4 * 2**30
_ACTOR = re.compile(r"[A-Za-z0-9_-]{1,39}(\[bot\])?")
# After a violation of one of these no file is read, since the files after merging are uncertain.
_BLOCKING = frozenset({"too-many", "too-large", "link", "name", "collision", "conflict", "criss-cross"})
_Paths = Mapping[str, TreeEntry]


def review(
    base: str,
    head: str,
    submissions: Path,
    *,
    actor: str | None = None,
    pusher: str | None = None,
    maintainer: bool = False,
    merged_folder: Path | None = None,
) -> Review:
    """Check the changes that merging `head` into `base` would make, in the repository of `submissions`.

    `actor` is the GitHub account that opened the pull request, `pusher` the one that last changed it; who
    maintains the board, the base's settings say, or `maintainer`. All submissions as after merging are
    written into `merged_folder`, if one changes and nothing is refused. Raises BadInput when a revision is
    unknown or the folder exists, and WrongUsage for an actor that is not a valid account name.
    """
    for account in (actor, pusher):
        if account is not None and not _ACTOR.fullmatch(account):
            what = f"{shown(account)} is not a GitHub account"
            raise WrongUsage(what, cure="give the account's name, without @")
    repository = repository_around(submissions)
    base_revision, head_revision = (resolved(repository, name) for name in (base, head))
    ancestor, *others = merge_bases(base_revision, head_revision)
    (ancestor_files, base_files, head_files), duplicates = _paths([ancestor, base_revision, head_revision])
    changes = changes_between(ancestor_files, head_files)
    merged = _merged(base_files, changes)
    settings = board_settings_at(base_revision, base_files)
    # The base's place of outcomes, never the pull request's: anyone could name another one.
    kept = placed(settings.outcomes, repository.top / posixpath.dirname(repository.place))
    role = Role.MAINTAINER if maintainer else role_of(settings, actor, pusher)
    reasons = [
        *duplicates,
        *_criss_cross([ancestor, *others]),
        *path_reasons(changes, merged, repository.place, role=role, kept=kept is not None),
        *_conflicts(changes, ancestor_files, base_files),
    ]
    touched = touched_slugs(changes, repository.place)
    readable = [] if any(reason.rule in _BLOCKING for reason in reasons) else touched
    pull = _Pull(base_revision, head_revision, base_files, merged, actor, role, kept)
    judgements = pull.judgements({slug: posixpath.join(repository.place, slug) for slug in readable})
    listed, untold = shortened(
        [*reasons, *(reason for judgement in judgements for reason in judgement.reasons)]
    )
    verdict = verdict_of(listed, role)
    if merged_folder is not None and touched and verdict is not Verdict.REFUSED:
        write_merged(head_revision, merged, repository.place, merged_folder)
        note_outcome_settings(kept, merged_folder)
    return Review(
        verdict=verdict,
        base=base_revision.commit,
        head=head_revision.commit,
        actor=actor,
        role=role,
        files=len(changes),
        submissions=tuple(map(_named, touched)),
        results=tuple(result for judgement in judgements for result in judgement.results),
        reasons=listed,
        untold=untold,
        diff=_diff(judgements),
    )


@dataclass(frozen=True)
class _Judgement:
    """The outcome of one submission's review."""

    reasons: tuple[Reason, ...]
    results: tuple[ResultChange, ...] = ()
    comparison: Comparison | None = None
    refused: Refused | None = None


def _diff(judgements: Sequence[_Judgement]) -> ComparisonReport:
    return ComparisonReport(
        comparisons=tuple(judgement.comparison for judgement in judgements if judgement.comparison),
        refused=tuple(judgement.refused for judgement in judgements if judgement.refused),
    )


@dataclass(frozen=True)
class _Pull:
    """A pull request: the base, its head, all files before and after merging, and whose it is.

    `kept` says where the base keeps outcomes outside git, if it does.
    """

    base: Revision
    head: Revision
    before: _Paths
    after: _Paths
    actor: str | None
    role: Role
    kept: OutcomeSettings | None

    def judgements(self, folders: Mapping[str, str]) -> list[_Judgement]:
        """Read and judge the submissions in these folders, by slug."""
        if not folders:
            return []
        with bounded_memory(MEMORY):
            snapshots = {
                slug: (
                    _snapshot(self.base, self.before, folder, slug, self.kept),
                    _snapshot(self.head, self.after, folder, slug, self.kept),
                )
                for slug, folder in folders.items()
            }
        board = list(read_board(self.base, self.before, self.base.repository.place))
        kept = [after for _, after in snapshots.values() if after is not None]
        return [
            self._judge(before, after, folders[slug], board)
            if after is not None
            else self._removed(before, slug, folders[slug], kept)
            for slug, (before, after) in snapshots.items()
        ]

    def _removed(
        self, before: SubmissionAt | None, slug: str, folder: str, kept: Sequence[SubmissionAt]
    ) -> _Judgement:
        """Judge a submission of which no file remains; `kept` are the changed ones that do."""
        if self.role is not Role.MAINTAINER:
            return _Judgement(tuple(ownership(before, SubmissionAt(slug), self.actor, folder)))
        known = tuple(recognised(self.base, self.head, self.before, self.after, folder))
        return _Judgement(known or tuple(freed_slug(slug, folder, kept)))

    def _judge(
        self, before: SubmissionAt | None, after: SubmissionAt, folder: str, board: Sequence[NamedRow]
    ) -> _Judgement:
        maintained = self.role is Role.MAINTAINER
        reasons = fault_reasons("invalid", after.faults, folder, after.revision)
        if before is not None:  # what cannot be read there cannot be compared, and would pass for new
            reasons += fault_reasons("base", before.faults, folder, before.revision, refuses=not maintained)
        if self.role is Role.CONTRIBUTOR:
            reasons += ownership(before, after, self.actor, folder)
        elif self.role is Role.WORKFLOW:
            reasons += workflow_scope(before, after, folder)
        reasons += [*claims(before, after, folder), *dates(after, folder)]
        reasons += [] if maintained else outdated(before, after, folder)
        is_kept = self.kept is not None
        reasons += shared_checkpoints(before, after, self.base, self.before, folder, kept=is_kept)
        reasons += self._imitations(after, folder, board)
        reasons += slug_reasons(before, after, board, self.base, folder, self.role)
        if before is not None:
            known = (
                list(recognised(self.base, self.head, self.before, self.after, folder)) if maintained else []
            )
            reasons += known
            if after.tombstone is None and not any(reason.rule == "restored" for reason in known):
                reasons += changes_of_results(before, after, folder)
                reasons += supersessions(before, after, folder)
            reasons += [] if maintained else edits(before, after, folder)
        results = changed_results(before, after)
        comparison, refused = (
            _compared(before, after, [change.target for change in results]) if before else (None, None)
        )
        return _Judgement(tuple(reasons), results, comparison, refused)

    def _imitations(self, after: SubmissionAt, folder: str, board: Sequence[NamedRow]) -> list[Reason]:
        """Compare the names that a pull request brings with those on rows that are not its author's."""
        if after.submission is None:
            return []
        row = named_row(after.slug, after.submission)
        # A renamed row brings the names of the row that it was.
        mine = {row.slug, *row.aliases}
        known = {name for old in board if old.slug in mine for name in old.names}
        author = self.actor.lower() if self.actor else ""
        others = [other for other in board if other.slug not in mine and author not in other.owners]
        new = [name for name in row.names if name not in known]
        file = posixpath.join(folder, SUBMISSION_FILE)
        maintained = self.role is Role.MAINTAINER
        return list(lookalikes(new, others, file, maintainer=maintained)) if new else []


def _compared(
    before: SubmissionAt, after: SubmissionAt, targets: Sequence[str]
) -> tuple[Comparison | None, Refused | None]:
    """Compare the changed results with their earlier state, as far as both have outcomes."""
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
    """Return each revision's files by path, and a refusal for each tree that names one twice.

    git's commands never write such a tree.
    """
    paths: list[_Paths] = []
    duplicates: list[Reason] = []
    for revision in revisions:
        entries = revision.entries("", sizes=True)
        paths.append({entry.path: entry for entry in entries})
        if len(paths[-1]) < len(entries):
            duplicates.append(
                refusal(
                    "name",
                    None,
                    f"a folder at {revision.commit[:12]} names a file twice",
                    "commit it again with git itself",
                )
            )
    return paths, duplicates


def _merged(base_files: _Paths, changes: Sequence[Change]) -> _Paths:
    """Return the base's files with the pull request's changes."""
    merged = dict(base_files)
    for change in changes:
        merged.pop(change.path, None)
        if change.after is not None:
            merged[change.path] = change.after
    return merged


def _conflicts(changes: Sequence[Change], ancestor_files: _Paths, base_files: _Paths) -> list[Reason]:
    """Refuse changes to files that the base also changed, since the merged file would be another one."""
    conflicting = [
        change
        for change in changes
        if _hash(base_files.get(change.path))
        not in (_hash(ancestor_files.get(change.path)), _hash(change.after))
    ]
    cure = "merge the base into the branch"
    return [
        refusal("conflict", change.path, "was also changed in the base since the branch started", cure)
        for change in conflicting
    ]


def _criss_cross(bases: Sequence[Revision]) -> list[Reason]:
    """Refuse branches with several merge bases: a merge would not make the change that one of them shows."""
    if len(bases) == 1:
        return []
    commits = ", ".join(base.commit[:12] for base in bases)
    what = f"has {len(bases)} merge bases with the base, {commits}, so that its changes are ambiguous"
    return [refusal("criss-cross", None, what, "rebase the branch onto the base")]


def _hash(entry: TreeEntry | None) -> str:
    return entry.mode + entry.hash if entry else ""


def _snapshot(
    revision: Revision, paths: _Paths, folder: str, slug: str, kept: OutcomeSettings | None
) -> SubmissionAt | None:
    """Read a submission's files at a revision; other files in its folder are ignored."""
    inside = {path: entry for path, entry in paths.items() if path.startswith(f"{folder}/")}
    entries = {
        path: entry for path, entry in inside.items() if size_limit(path[len(folder) + 1 :]) is not None
    }
    try:
        return read_submission_at(revision, entries, folder, kept) if entries else None
    except MemoryError:
        fault = Fault(
            "takes more memory than is allowed",
            Where(revision.file(folder)),
            "keep to what the harness writes",
        )
        return SubmissionAt(slug, faults=(fault,), revision=revision.name)


def _named(slug: str) -> str:
    return shown(slug)[1:-1]
