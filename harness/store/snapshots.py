"""Dated, immutable copies of the board: annotated tags of git, such as snapshot-2026-11."""

from __future__ import annotations

import re

from harness.characters import shown
from harness.errors import BadInput, WrongUsage
from harness.records.origin import Snapshot
from harness.store.committed import origin_at
from harness.store.git import Repository, Revision, query, resolved

TAG_PREFIX = "snapshot-"
# A month, or a day for more than one in a month.
NAME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?")


def checked_name(name: str) -> str:
    """Return the name of a snapshot; raises WrongUsage if it is none."""
    if not NAME.fullmatch(name):
        raise WrongUsage(f"{shown(name)} names no month", cure="a snapshot is named 2026-11, or 2026-11-30")
    return name


def find_snapshots(head: Revision) -> tuple[Snapshot, ...]:
    """Return the snapshots in a commit's history, the commit itself included, the newest name first."""
    output = query(
        head.repository.folder,
        "for-each-ref", f"--merged={head.commit}", "--format=%(refname:strip=2)", f"refs/tags/{TAG_PREFIX}*",
    ).decode(errors="replace")  # fmt: skip
    names = (tag.removeprefix(TAG_PREFIX) for tag in output.splitlines())
    found = [snapshot_at(head.repository, name) for name in names if NAME.fullmatch(name)]
    return tuple(sorted(found, key=lambda snapshot: snapshot.name, reverse=True))


def snapshot_at(repository: Repository, name: str) -> Snapshot:
    """Return the snapshot of a name; raises BadInput if there is none."""
    return Snapshot(name, origin_at(snapshot_revision(repository, name)))


def snapshot_revision(repository: Repository, name: str) -> Revision:
    """Return the commit of the snapshot of a name; raises BadInput if there is none."""
    return resolved(repository, f"refs/tags/{TAG_PREFIX}{name}")


def named_revision(repository: Repository, name: str) -> Revision:
    """Resolve the name of a snapshot, its tag, or any other revision; raises BadInput if there is none."""
    snapshot = name.removeprefix(TAG_PREFIX)
    return snapshot_revision(repository, snapshot) if NAME.fullmatch(snapshot) else resolved(repository, name)


def snapshot_name(revision: Revision) -> str:
    """Return the name of the snapshot that a revision was named by; empty for any other revision."""
    tag = revision.revision.removeprefix("refs/tags/")
    return tag.removeprefix(TAG_PREFIX) if tag != revision.revision else ""


def is_tagged(name: str, revision: Revision) -> bool:
    """Tell whether the tag of a snapshot exists; raises BadInput if it names another commit."""
    try:
        existing = snapshot_revision(revision.repository, name)
    except BadInput:
        return False
    if existing.commit != revision.commit:
        raise BadInput(
            f"the snapshot {name} is commit {existing.commit[:12]}, and never another",
            cure=f"choose another --name, or write its files again with --at {TAG_PREFIX}{name}",
        )
    return True
