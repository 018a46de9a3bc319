"""Detect changes in a submission's folder, by file metadata or by content."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from harness.store import find_submissions
from harness.store.notices import find_withdrawn

# A file changed so recently, in ns, may change again without a new time stamp.
_SETTLED = 2 * 10**9
_READ = (".yaml", ".parquet")
# With more submissions, comparing every pair by examples takes too long: ranks then use intervals alone.
PAIRED_SUBMISSIONS = 300


def is_paired(count: int) -> bool:
    """Tell whether this number of submissions is small enough to pair them by examples."""
    return count <= PAIRED_SUBMISSIONS


def unpaired_above(count: int) -> int:
    """Return the number above which submissions are not paired, 0 where this number of them is."""
    return 0 if is_paired(count) else PAIRED_SUBMISSIONS


class FolderState(NamedTuple):
    """A digest of names, sizes, times and inodes of a submission's files; `settled` if none is very recent.

    As in git, a file counts as unchanged if its size, times and inode are the same. They include ctime, which
    cannot be set back.
    """

    digest: bytes
    settled: bool


def shown_folders(submissions: Path) -> tuple[str, ...]:
    """Return the sorted slugs of all submissions, withdrawn ones included."""
    return tuple(sorted({*find_submissions(submissions), *find_withdrawn(submissions)}))


def folder_states(submissions: Path) -> dict[str, FolderState]:
    """Return the state of the folder of every submission, withdrawn ones included, by slug and in order."""
    slugs = shown_folders(submissions)
    paired = is_paired(len(slugs))
    return {slug: folder_state(submissions / slug, paired) for slug in slugs}


def folder_state(folder: Path, paired: bool) -> FolderState:
    """Return the state of a submission's folder; `paired` is part of its digest."""
    now = time.time_ns()
    files: list[tuple[str, int, int, int, int, int]] = []
    newest = 0
    for path in (str(folder), f"{folder}/results"):
        try:
            entries = list(os.scandir(path))
        except OSError:
            continue
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
            changes = (
                (0, 0, 0)
                if stat.S_ISDIR(status.st_mode)
                else (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            )
            files.append((entry.path, status.st_mode, status.st_ino, *changes))
    digest = hashlib.sha256(repr((paired, sorted(files))).encode("utf-8", "surrogateescape")).digest()
    return FolderState(digest, newest <= now - _SETTLED)


def folder_key(folder: Path, paired: bool) -> bytes:
    """Return a digest of the content of all files that are read from a submission's folder."""
    digest = hashlib.sha256(repr((folder.name, paired)).encode())
    for subfolder in (folder, folder / "results"):
        for path in sorted(subfolder.iterdir()) if subfolder.is_dir() else ():
            if path.suffix in _READ or path.is_symlink():
                content = (
                    hashlib.sha256(path.read_bytes()).digest()
                    if path.is_file() and not path.is_symlink()
                    else b"no file"
                )
                digest.update(
                    f"{path.parent.name == 'results'}/{path.name}\0".encode("utf-8", "surrogateescape")
                    + content
                )
    return digest.digest()
