"""Recognise changes that state nothing new: an earlier state that is restored, a migration of formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.review.changed_files import OUTCOMES_LIMIT
from harness.review.verdict import Reason, question
from harness.store.file_tree import FolderAtRevision
from harness.store.git import Revision, TreeEntry, states_of
from harness.store.migration import migration_of

_Paths = Mapping[str, TreeEntry]


def restored(base: Revision, head: Revision, folder: str) -> str | None:
    """Return the commit of the base's history in which a folder was as it is at `head`; None if in none.

    The folder's absence counts as a state, too: a row that was added by mistake is taken back.
    """
    state = states_of(head, folder, history=False)[head.commit]
    return next((commit for commit, earlier in states_of(base, folder).items() if earlier == state), None)


def migrated(base: Revision, base_files: _Paths, merged: _Paths, folder: str) -> int:
    """Return how many of a folder's changed files only rewrite the base's in the current formats.

    0 if any of them does anything else.
    """
    inside = {path: entry for path, entry in base_files.items() if path.startswith(f"{folder}/")}
    after = {path: entry for path, entry in merged.items() if path.startswith(f"{folder}/")}
    changed = [path for path in {**inside, **after} if _hash(inside.get(path)) != _hash(after.get(path))]
    if not changed or inside.keys() != after.keys():
        return 0
    migration = migration_of(FolderAtRevision(base, folder, inside, OUTCOMES_LIMIT))
    rewritten = {f"{folder}/{name}": data for name, data in migration.files.items()}
    if migration.faults or set(changed) != rewritten.keys():
        return 0
    limits = {path: len(rewritten[path]) for path in changed}
    if any(after[path].link or after[path].size != limits[path] for path in changed):
        return 0
    return len(changed) if base.contents(after, limits) == rewritten else 0


def recognised(
    base: Revision, head: Revision, base_files: _Paths, merged: _Paths, folder: str
) -> Iterator[Reason]:
    """Yield what a maintainer's change of a submission is, if it states nothing new."""
    if commit := restored(base, head, folder):
        yield question(
            "restored", folder, f"is as it was at {commit[:12]}", "give the reason in the commit's message"
        )
    elif count := migrated(base, base_files, merged, folder):
        files = f"{count} {'file is' if count == 1 else 'files are'}"
        yield question("migrated", folder, f"{files} written in the current formats and state the same", "")


def _hash(entry: TreeEntry | None) -> str:
    return entry.mode + entry.hash if entry else ""
