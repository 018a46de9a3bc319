"""Write a site's folder, completely or not at all."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from harness.errors import BadInput, Fault, Where
from site_gen.writing.output import Output
from site_gen.writing.swap import merge, swap

# Lists the files of the site, one a line: a folder with any other file is never replaced.
MARKER = ".stiltboard-site"
# The same list, of old and new files together, while files are being moved.
_EITHER = f"{MARKER}-either"
# What file managers leave in a folder that somebody looks at; it goes with the old site.
_OF_THE_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_SHOWN = 20
# If less than this fraction of the files is new, they are moved into the old site; otherwise the whole folder
# is replaced.
_FEW = 0.1


class Stat(NamedTuple):
    """A file on the disk: its size in bytes, modification time in ns, and inode number."""

    size: int
    changed: int
    inode: int


class Written(NamedTuple):
    """A file as a build wrote it, and the key of its inputs."""

    key: bytes
    size: int
    changed: int
    inode: int


def refuse_foreign(out: Path) -> dict[str, Stat]:
    """Return the files of the earlier build by path in the site; raise BadInput for any other file."""
    where = Where(str(out))
    cure = "name a folder that does not exist yet, or one that an earlier build wrote, with --out"
    if out.is_symlink():
        raise BadInput("the output is a symbolic link", where=where, cure=cure)
    if not out.exists():
        return {}
    if not out.is_dir():
        raise BadInput("the output is not a folder", where=where, cure=cure)
    existing = _files(out)
    if not existing:
        return {}
    if MARKER not in existing:
        raise BadInput("the output folder holds files, and no earlier build wrote it", where=where, cure=cure)
    ours = {MARKER, *(out / MARKER).read_text(encoding="utf-8").splitlines()}
    if foreign := sorted(name for name in existing.keys() - ours if not _is_unfilled(out / name, name, ours)):
        raise BadInput(_foreign_faults(foreign, ours, out))
    return existing


def _foreign_faults(foreign: Sequence[str], ours: Collection[str], out: Path) -> list[Fault]:
    """Return a fault for each foreign file, or folder of nothing but such files."""
    folders = {str(parent) for name in ours for parent in PurePosixPath(name).parents}
    counts: Counter[str] = Counter()
    for name in foreign:
        above = [str(parent) for parent in PurePosixPath(name).parents][-2::-1]
        counts[next((folder for folder in above if folder not in folders), name)] += 1
    faults = []
    for name, count in counts.most_common(_SHOWN):
        what = "this file" if count == 1 else f"these {count:,} files"
        message, cure = f"no build wrote {what}, and replacing the site would delete it", "move it away"
        if PurePosixPath(name).name == ".git":
            message = "this is a git repository, and replacing the site would delete it"
            cure = "build into another folder with --out; `stiltboard publish` commits a site to a branch"
        faults.append(Fault(message, Where(str(out / name)), cure))
    if len(counts) > _SHOWN:
        faults.append(
            Fault(f"{len(counts) - _SHOWN:,} more are no build's", Where(str(out)), "move them away")
        )
    return faults


def site_paths(site: Path) -> list[str]:
    """Return the paths of all files of a built site, sorted; raises BadInput as `refuse_foreign`."""
    return sorted(name for name in refuse_foreign(site) if (site / name).is_file())


def _is_unfilled(folder: Path, name: str, ours: Collection[str]) -> bool:
    """Tell whether an empty folder is left from a build that was killed before it filled it."""
    return folder.is_dir() and not folder.is_symlink() and any(path.startswith(f"{name}/") for path in ours)


def write_site(
    files: Mapping[str, bytes | Output],
    out: Path,
    before: Mapping[str, Written] | None = None,
    old: Mapping[str, Stat] | None = None,
) -> dict[str, Written]:
    """Write files (by relative path) next to the old site, then replace it; on any error the old site stays.

    A file whose key is the one in `before`, and which is unchanged on the disk, is neither made nor written.
    Returns the state of the files that have a key. `old` is an earlier answer of `refuse_foreign`; files
    added to the folder since then are refused as well, before anything is deleted.
    """
    old = refuse_foreign(out) if old is None else old
    outputs = {
        name: Output(partial(bytes, file)) if isinstance(file, bytes) else file
        for name, file in files.items()
    }
    written = dict(_unchanged(outputs, old, before or {}))
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.new")
    try:
        fresh.mkdir()
        gone = old.keys() - outputs.keys() - {MARKER}
        is_whole = len(outputs) - len(written) + len(gone) > _FEW * len(old)
        if is_whole:
            written = {name: last for name, last in written.items() if _is_linked(out / name, fresh / name)}
        new = [name for name in outputs if name not in written]
        for name in new:
            stat = _write(fresh / name, outputs[name].make())
            if outputs[name].key:
                written[name] = Written(outputs[name].key, *stat)
        _write(fresh / MARKER, _listing(outputs))
        if is_whole:
            refuse_foreign(out)
            swap(fresh, out)
        else:
            # If a build is killed between two moves, the next one recognises every file as written by a
            # build.
            _write(fresh / _EITHER, _listing({*outputs, *gone}))
            merge(
                fresh,
                out,
                [
                    (_EITHER, MARKER),
                    *((name, name) for name in new),
                    *((None, name) for name in sorted(gone)),
                    (MARKER, MARKER),
                ],
            )
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return written


def _unchanged(
    outputs: Mapping[str, Output], old: Mapping[str, Stat], before: Mapping[str, Written]
) -> Iterator[tuple[str, Written]]:
    """Yield the files that stay: same inputs, and unchanged on the disk."""
    for name, output in outputs.items():
        last = before.get(name)
        if last and last.key == output.key and old.get(name) == last[1:]:
            yield name, last


def _is_linked(path: Path, fresh: Path) -> bool:
    """Link the old file into the new site; return False where the file system cannot."""
    try:
        fresh.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, fresh, follow_symlinks=False)
    except OSError:
        return False
    return True


def _write(path: Path, data: bytes) -> Stat:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return _stat(path.lstat())


def _stat(status: os.stat_result) -> Stat:
    return Stat(status.st_size, status.st_mtime_ns, status.st_ino)


def _files(folder: Path) -> dict[str, Stat]:
    """Return all files below a folder, and all folders that are empty or links, by relative path."""
    files: dict[str, Stat] = {}
    waiting = [(str(folder), "")]
    while waiting:
        current, prefix = waiting.pop()
        with os.scandir(current) as entries:
            children = list(entries)
        if prefix and not children:
            files[prefix[:-1]] = _stat(os.lstat(current))
        for entry in children:
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{prefix}{entry.name}/"))
            elif entry.name not in _OF_THE_SYSTEM:
                files[f"{prefix}{entry.name}"] = _stat(entry.stat(follow_symlinks=False))
    return files


def _listing(files: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(files)).encode()
