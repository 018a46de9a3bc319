"""Where a site's submissions come from: a folder, or a git revision of it; and what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.comparison.compare import compare
from harness.comparison.differences import TargetDifference
from harness.errors import BadInput, StiltboardError, Unreachable
from harness.records import SeedPriors
from harness.records.origin import Origin, Snapshot
from harness.store import load_side
from harness.store.committed import more_than_since, origin_at, origin_of
from harness.store.git import Revision, repository_around, resolved
from harness.store.snapshots import find_snapshots, named_revision, snapshot_name, snapshot_revision
from site_gen.board.board import Board
from site_gen.board.changes import changes_between
from site_gen.board.edition import BoardChanges, Edition
from site_gen.reading.past import board_at, folder_at


@dataclass(frozen=True)
class Source:
    """The submissions of a site: their folder, and the edition of the board that they are.

    `head` is the revision whose history tells since when there are so many submissions, None without a
    repository. `since` is the revision that the board is compared with, None for no comparison.
    """

    folder: Path
    origin: Origin | None = None
    snapshot: str = ""
    snapshots: Sequence[Snapshot] = ()
    head: Revision | None = None
    since: Revision | None = None

    def edition(self, board: Board) -> Edition:
        """Return the edition of the board that was read from the folder."""
        changes = _changes(self.since, self.folder, board) if self.since else None
        many = board.unpaired_above
        unpaired_since = more_than_since(self.head, many) if self.head and many else None
        return Edition(self.origin, self.snapshot, self.snapshots, changes, unpaired_since)


def open_source(submissions: Path, at: str = "", since: str = "") -> Source:
    """Return a folder of submissions, or the same as of the revision `at`, compared with `since`.

    Without `since` it is compared with the newest snapshot in its history, if there is one. Raises BadInput
    for an unknown revision, or where a revision is named without a repository.
    """
    try:
        repository = repository_around(submissions)
        head = named_revision(repository, at) if at else resolved(repository, "HEAD")
    except BadInput:
        if at or since:
            raise
        return Source(submissions)
    snapshots = find_snapshots(head)
    earlier = named_revision(repository, since) if since else None
    if earlier is None and snapshots:
        earlier = snapshot_revision(repository, snapshots[0].name)
    if at:
        return Source(folder_at(head), origin_at(head), "", snapshots, head, earlier)
    return Source(submissions, origin_of(submissions), "", snapshots, head, earlier)


def snapshot_source(submissions: Path, name: str) -> Source:
    """Return the submissions of a snapshot, compared with the snapshot before it, if there is one."""
    repository = repository_around(submissions)
    revision = snapshot_revision(repository, name)
    earlier = [snapshot for snapshot in find_snapshots(revision) if snapshot.name < name]
    since = snapshot_revision(repository, earlier[0].name) if earlier else None
    return Source(folder_at(revision), origin_at(revision), name, (), revision, since)


def _changes(since: Revision, folder: Path, board: Board) -> BoardChanges:
    before = folder_at(since)

    def differences(old: str, new: str, targets: Sequence[str]) -> Mapping[str, str]:
        return _differences(before / old, folder / new, targets, board.seed_priors)

    snapshot = snapshot_name(since)
    return changes_between(
        board_at(before),
        board,
        snapshot or since.name,
        origin_at(since),
        differences,
        is_snapshot=bool(snapshot),
    )


def _differences(
    before: Path, after: Path, targets: Sequence[str], prior: SeedPriors | None
) -> dict[str, str]:
    """Compare targets of a submission by its outcomes, and return each difference, or why there is none."""
    words: dict[str, str] = {}
    for target in targets:
        try:
            sides = [load_side(folder / "results" / f"{target}.yaml") for folder in (before, after)]
            (difference,) = compare(*sides, prior=prior).targets
        except Unreachable:
            raise
        except (StiltboardError, OSError) as reason:
            faults = reason.faults if isinstance(reason, StiltboardError) else ()
            words[target] = f"not comparable: {faults[0].message}" if faults else "not comparable"
        else:
            words[target] = _sentence(difference)
    return words


def _sentence(difference: TargetDifference) -> str:
    low, high = difference.interval
    partial = f", in {len(difference.languages)} languages" if difference.missing or difference.added else ""
    return f"{difference.difference:+.2f} [{low:+.2f}, {high:+.2f}], {difference.verdict}{partial}"
