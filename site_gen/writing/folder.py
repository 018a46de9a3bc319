"""A site's folder, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness.errors import BadInput, Fault, Where
from site_gen.writing.output import Output
from site_gen.writing.swap import merge, swap

# Lists the files of the site, one a line: a folder that holds anything else is not ours to replace.
MARKER = ".stiltboard-site"
# The same, of the old files and the new ones: for as long as they are moved.
_EITHER = f"{MARKER}-either"
# Where less than this part of a site's files is new, they are moved into the old site; else the whole site is
# a new folder.
_FEW = 0.1


class Stat(NamedTuple):
    """A file as it lies on the disk: its size, its time of change in ns, its number."""

    size: int
    changed: int
    inode: int


class Written(NamedTuple):
    """A file as a build wrote it, and the key of what it was made of."""

    key: bytes
    size: int
    changed: int
    inode: int


def refuse_foreign(out: Path) -> dict[str, Stat]:
    """Refuse to replace what an earlier build did not write; return what it wrote, by the path within the site."""
    where = Where(str(out))
    cure = "name a folder that does not exist yet, or one that an earlier build wrote, with --out"
    if out.is_symlink():
        raise BadInput("the output is a symbolic link", where=where, cure=cure)
    if not out.exists():
        return {}
    if not out.is_dir():
        raise BadInput("the output is not a folder", where=where, cure=cure)
    found = _files(out)
    if not found:
        return {}
    if MARKER not in found:
        raise BadInput("the output folder holds files, and no earlier build wrote it", where=where, cure=cure)
    ours = {MARKER, *(out / MARKER).read_text(encoding="utf-8").splitlines()}
    message = "no build wrote this file, and replacing the site would delete it"
    if foreign := sorted(name for name in found.keys() - ours if not _is_unfilled(out / name, name, ours)):
        raise BadInput([Fault(message, Where(str(out / name)), "move it away") for name in foreign])
    return found


def _is_unfilled(folder: Path, name: str, ours: Collection[str]) -> bool:
    """Tell whether an empty folder is one that a build was killed before it filled."""
    return folder.is_dir() and not folder.is_symlink() and any(each.startswith(f"{name}/") for each in ours)


def write_site(
    files: Mapping[str, bytes | Output],
    out: Path,
    before: Mapping[str, Written] | None = None,
    old: Mapping[str, Stat] | None = None,
) -> dict[str, Written]:
    """Write files (by relative path) beside the old site, then put them in its place; on any error the old site stays.

    A file whose key is that of `before`, and that nobody has touched since, is neither made nor written: it
    stays the same file of the disk. Returns what is known of the files that have a key. `old` is what
    `refuse_foreign` found lately; what stands in the folder since is refused, too, before anything is
    deleted.
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
            # A build that is killed between two moves leaves nothing that the next one does not know for its
            # own.
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
    """Yield the files that stay: made of the same, and on the disk as they were written."""
    for name, output in outputs.items():
        last = before.get(name)
        if last and last.key == output.key and old.get(name) == last[1:]:
            yield name, last


def _is_linked(path: Path, fresh: Path) -> bool:
    """Give the new site the old one's file; not every disk can."""
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
    """Return every file under a folder, and every folder that is empty or a link, by its path relative to it."""
    found: dict[str, Stat] = {}
    waiting = [(str(folder), "")]
    while waiting:
        place, inside = waiting.pop()
        with os.scandir(place) as entries:
            here = list(entries)
        if inside and not here:
            found[inside[:-1]] = _stat(os.lstat(place))
        for entry in here:
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{inside}{entry.name}/"))
            else:
                found[f"{inside}{entry.name}"] = _stat(entry.stat(follow_symlinks=False))
    return found


def _listing(files: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(files)).encode()
