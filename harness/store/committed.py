"""The commit that a folder of submissions is the content of, if it is that of one."""

from __future__ import annotations

import os
import posixpath
import re
from datetime import UTC, datetime
from pathlib import Path

from harness.clock import written
from harness.errors import BadInput
from harness.records.origin import Origin
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.git import Repository, Revision, query, repository_around, resolved
from harness.store.notices import TOMBSTONE_FILE
from harness.store.submissions import SUBMISSION_FILE

# What is read of a submission's folder; anything else in it changes no page.
_READ = (".yaml", ".parquet")
# A folder with one of these is a submission, or what is left of one.
_ENTRIES = "|".join(map(re.escape, (SUBMISSION_FILE, TOMBSTONE_FILE)))
_FILTER = re.compile(r"filter\.(?P<name>.+)\.[a-z]+", re.DOTALL)


def origin_at(revision: Revision) -> Origin:
    """Return a revision's commit with its date, that of the committer."""
    output = query(revision.repository.folder, "log", "-1", "--format=%ct", revision.commit, "--")
    return Origin(revision.commit, written(datetime.fromtimestamp(int(output), UTC)))


def origin_of(submissions: Path) -> Origin | None:
    """Return the commit HEAD, or None unless the repository's files and the submissions are those of HEAD.

    There is none without a repository, after an edit of any tracked file, and with a submission's file that
    is not committed, ignored ones included. No filter or hook of the repository's settings runs.
    """
    try:
        repository = repository_around(submissions)
        head = resolved(repository, "HEAD")
        committed = _committed(head)
        if not committed or _read_files(submissions) - committed or _has_edits(repository):
            return None
        return origin_at(head)
    except BadInput:
        return None


def more_than_since(head: Revision, most: int) -> Origin | None:
    """Return the commit of the main line since which there are more than `most` submissions.

    None where there are not more, and where the history is not all there. Withdrawn submissions count.
    """
    if head.repository.shallow:
        return None
    place = head.repository.place
    options = ("--reverse", "--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-status")
    output = query(
        head.repository.folder, "log", *options, "--diff-filter=AD", "--format=%x01%H", head.commit,
        "--", str(head.repository.top / place),
    )  # fmt: skip
    entries = re.compile(rf"([AD])\t{re.escape(f'{place}/' if place else '')}([^/]+)/({_ENTRIES})")
    files: set[tuple[str, str]] = set()
    since = ""
    for part in os.fsdecode(output).split("\x01")[1:]:
        commit, *lines = part.splitlines()
        for match in filter(None, map(entries.fullmatch, lines)):
            (files.add if match[1] == "A" else files.discard)((match[2], match[3]))
        count = len({slug for slug, _ in files})
        since = (since or commit) if count > most else ""
    return origin_at(Revision(head.repository, since, since)) if since else None


def _committed(head: Revision) -> set[str]:
    """Return the paths, inside the folder of submissions, of all files of a commit."""
    place = head.repository.place
    output = query(
        head.repository.folder,
        "ls-tree", "-r", "-z", "--full-tree", "--name-only", head.commit, *(["--", place] if place else []),
    )  # fmt: skip
    return {posixpath.relpath(path, place or ".") for path in os.fsdecode(output).split("\0")[:-1]}


def _read_files(submissions: Path) -> set[str]:
    """Return the paths of all files that are read, inside the folder of submissions."""
    files: set[str] = set()
    with os.scandir(submissions) as entries:
        folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    for folder in folders:
        for inside in ("", f"{RESULTS_FOLDER}/"):
            try:
                with os.scandir(f"{folder.path}/{inside}") as entries:
                    files.update(
                        f"{folder.name}/{inside}{entry.name}"
                        for entry in entries
                        if entry.name.endswith(_READ)
                    )
            except OSError:  # there are no results
                continue
    return files


def _has_edits(repository: Repository) -> bool:
    """Tell whether a tracked file differs from HEAD, on disk or in the index."""
    configured = os.fsdecode(query(repository.folder, "config", "--list", "--name-only", "-z"))
    filters = {match["name"] for key in configured.split("\0") if (match := _FILTER.fullmatch(key))}
    # git status passes files through the filters that the attributes name: without a command they do nothing.
    settings = [f"filter.{name}.{key}=" for name in sorted(filters) for key in ("clean", "process")]
    settings += [f"filter.{name}.required=false" for name in sorted(filters)]
    options = ["--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all"]
    switches = [part for setting in ["core.fsmonitor=false", *settings] for part in ("-c", setting)]
    return bool(query(repository.folder, *switches, "status", *options))
