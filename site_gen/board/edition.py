"""Which state of the board a site shows, and what changed since an earlier one; records only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.records.origin import Origin, Snapshot


class Named(NamedTuple):
    """A submission by its slug and its title."""

    slug: str
    title: str


class Renamed(NamedTuple):
    """A submission with its earlier and its present slug."""

    before: str
    after: Named


class Placement(NamedTuple):
    """A submission's place on one target: its score in points, its ranks, or why it has none."""

    score: float | None
    ranks: tuple[int, int] | None
    reason: str


class CellChange(NamedTuple):
    """One submission on one target, before and after; None where it had, or has, no result.

    `comparison` is the paired difference of two results, or why they cannot be compared; it is empty where
    the result is the same and only its place differs.
    """

    row: Named
    before: Placement | None
    after: Placement | None
    comparison: str = ""


@dataclass(frozen=True)
class TargetChanges:
    """What changed on one target for submissions that both boards have.

    `results` were added, removed or measured again; `places` have the same result and other ranks.
    """

    name: str
    title: str
    results: tuple[CellChange, ...]
    places: tuple[CellChange, ...]


@dataclass(frozen=True)
class BoardChanges:
    """What changed since an earlier board, called `name`: that of a snapshot, or of another revision.

    `unchanged` are the slugs of submissions that declare the same and have the same results.
    """

    name: str
    is_snapshot: bool
    origin: Origin
    added: tuple[Named, ...]
    removed: tuple[Named, ...]
    renamed: tuple[Renamed, ...]
    targets: tuple[TargetChanges, ...]
    unchanged: frozenset[str]

    @property
    def any(self) -> bool:
        """Tell whether anything changed that the page lists."""
        return bool(self.added or self.removed or self.renamed or self.targets)


class Preview(NamedTuple):
    """How many submissions a site shows, of how many: ranks are among those shown."""

    shown: int
    of: int


@dataclass(frozen=True)
class Edition:
    """Which state of the board a site shows.

    `origin` is the commit of the submissions, None where they are in none. `snapshot` is the name of the
    snapshot that the site is; `snapshots` are those that it links to, the newest first. `unpaired_since` is
    the commit since which there are too many submissions to pair them by examples, if that is known.
    `preview` is set where only a part of the submissions was built.
    """

    origin: Origin | None = None
    snapshot: str = ""
    snapshots: Sequence[Snapshot] = ()
    changes: BoardChanges | None = None
    unpaired_since: Origin | None = None
    preview: Preview | None = None

    @property
    def inputs(self) -> tuple[object, ...]:
        """Return all that every page shows of it; the submissions determine the rest."""
        since = (self.changes.name, self.changes.origin.commit) if self.changes else None
        origin = (self.origin.commit, self.origin.date) if self.origin else None
        names = tuple(snapshot.name for snapshot in self.snapshots)
        return (
            origin,
            self.snapshot,
            names,
            since,
            self.unpaired_since and self.unpaired_since.date,
            self.preview,
        )

    def cited_snapshot(self, slug: str = "") -> Snapshot | None:
        """Return the newest snapshot, to be cited for the board, or for a submission that it has as it is."""
        newest = self.snapshots[0] if self.snapshots else None
        if newest is None or not slug:
            return newest
        changes = self.changes
        is_same = changes is not None and changes.name == newest.name and slug in changes.unchanged
        return newest if is_same else None


# Of a board whose commit is not known.
NO_EDITION = Edition()
