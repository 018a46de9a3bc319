"""A site's folder, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.errors import BadInput, Fault, Where

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


def write_site(files: Mapping[str, bytes], out: Path) -> None:
    """Write files (relative path → bytes) beside the old site, then swap the two; on any error the old site stays."""
    refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = (out.with_name(f".{out.name}.{os.getpid()}.{word}") for word in ("new", "old"))
    try:
        fresh.mkdir()
        for name, data in {**files, MARKER: _listing(files)}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        _swap(fresh, old, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


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
        at = Path(parent)
        linked = [name for name in folders if (at / name).is_symlink()]
        found |= {(at / name).relative_to(folder).as_posix() for name in (*names, *linked)}
        if not names and not folders and at != folder:
            found.add(at.relative_to(folder).as_posix())
    return found


def _listing(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(files)).encode()
