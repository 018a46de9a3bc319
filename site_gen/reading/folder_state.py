"""Whether the folder of a submission is as it was: by what the disk says of its files, or by their content."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from harness.store import find_submissions

# What changed within so many nanoseconds before it was looked at may change again without a trace.
_SETTLED = 2 * 10**9
_READ = (".yaml", ".parquet")
# With more, every pair's examples would take longer than the site is worth: ranks are then made from
# intervals alone.
PAIRED_SUBMISSIONS = 300


def is_paired(count: int) -> bool:
    """Tell whether so many submissions are paired by their examples."""
    return count <= PAIRED_SUBMISSIONS


class FolderState(NamedTuple):
    """A digest of the names, sizes, times and numbers of all files that a submission has; settled where they are not of just now.

    As git does, a file counts as unchanged whose size, times of change and number on the disk are the same.
    The time of its last change of any kind is among them, which nobody can set back.
    """

    digest: bytes
    settled: bool


def folder_states(submissions: Path) -> dict[str, FolderState]:
    """Return the state of every submission's folder by its slug, in order."""
    slugs = find_submissions(submissions)
    paired = is_paired(len(slugs))
    return {slug: folder_state(submissions / slug, paired) for slug in slugs}


def folder_state(folder: Path, paired: bool) -> FolderState:
    """Return the state of a submission's folder."""
    now = time.time_ns()
    found: list[tuple[str, int, int, int, int, int]] = []
    newest = 0
    for place in (str(folder), f"{folder}/results"):
        try:
            entries = list(os.scandir(place))
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
            found.append((entry.path, status.st_mode, status.st_ino, *changes))
    digest = hashlib.sha256(repr((paired, sorted(found))).encode("utf-8", "surrogateescape")).digest()
    return FolderState(digest, newest <= now - _SETTLED)


def folder_key(folder: Path, paired: bool) -> bytes:
    """Return a digest of the content of all files that are read of a submission."""
    digest = hashlib.sha256(repr((folder.name, paired)).encode())
    for place in (folder, folder / "results"):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
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
