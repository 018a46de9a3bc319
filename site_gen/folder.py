"""A site's folder, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness.errors import BadInput, Fault, Where
from site_gen.outputs import Output

# Lists the files of the site, one a line: a folder that holds anything else is not ours to replace.
MARKER = ".stiltboard-site"


def refuse_foreign(out: Path) -> None:
    """Refuse to replace what an earlier build did not write."""
    where = Where(str(out))
    cure = "name a folder that does not exist yet, or one that an earlier build wrote, with --out"
    if out.is_symlink():
        raise BadInput("the output is a symbolic link", where=where, cure=cure)
    if not out.exists():
        return
    if not out.is_dir():
        raise BadInput("the output is not a folder", where=where, cure=cure)
    found = _files(out)
    if not found:
        return
    if MARKER not in found:
        raise BadInput("the output folder holds files, and no earlier build wrote it", where=where, cure=cure)
    ours = {MARKER, *(out / MARKER).read_text(encoding="utf-8").splitlines()}
    message = "no build wrote this file, and replacing the site would delete it"
    if foreign := sorted(found - ours):
        raise BadInput([Fault(message, Where(str(out / name)), "move it away") for name in foreign])


class Written(NamedTuple):
    """A file as a build wrote it: the key of what it was made of, its size, its time of change in ns, its number on the disk."""

    key: bytes
    size: int
    changed: int
    inode: int


def write_site(files: Mapping[str, bytes | Output], out: Path, before: Mapping[str, Written] | None = None) -> dict[str, Written]:
    """Write files (by relative path) beside the old site, then swap the two; on any error the old site stays.

    A file whose key is that of `before`, and that nobody has touched since, is neither made nor written: the new site gets the
    same file of the disk. Returns what is known of the files that have a key.
    """
    refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = (out.with_name(f".{out.name}.{os.getpid()}.{word}") for word in ("new", "old"))
    written: dict[str, Written] = {}
    try:
        fresh.mkdir()
        made = {fresh}
        for name, file in {**files, MARKER: _listing(files)}.items():
            path = fresh / name
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            output = Output(partial(bytes, file)) if isinstance(file, bytes) else file
            last = (before or {}).get(name)
            if last and last.key == output.key and _linked(out / name, path, last):
                written[name] = last
                continue
            path.write_bytes(output.make())
            if output.key:
                written[name] = _written(path, output.key)
        _swap(fresh, old, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return written


def _linked(path: Path, fresh: Path, last: Written) -> bool:
    """Give the new site the old one's file, if it is still the one that was written."""
    try:
        if not _is(path, last):
            return False
        os.link(path, fresh, follow_symlinks=False)
    except OSError:
        return False
    return True


def _is(path: Path, last: Written) -> bool:
    return _written(path, last.key) == last


def _written(path: Path, key: bytes) -> Written:
    status = path.lstat()
    return Written(key, status.st_size, status.st_mtime_ns, status.st_ino)


def _swap(fresh: Path, old: Path, out: Path) -> None:
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def _files(folder: Path) -> set[str]:
    """Return every file under a folder, and every folder that is empty or a link, relative to it."""
    found: set[str] = set()
    for parent, folders, names in os.walk(folder):
        at = Path(parent).relative_to(folder).as_posix()
        inside = "" if at == "." else f"{at}/"
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        found.update(f"{inside}{name}" for name in (*names, *linked))
        if inside and not names and not folders:
            found.add(at)
    return found


def _listing(files: Mapping[str, bytes | Output]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(files)).encode()
