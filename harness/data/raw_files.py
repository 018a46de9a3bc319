"""Find and open files; a name that is missing, unreadable or no file of its format raises an error.

The only module of `data` that opens files.
"""

from __future__ import annotations

import gzip
import os
import shlex
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from harness.errors import BadInput, Where
from harness.git_lfs import POINTER, unfetched

DOWNLOAD_AGAIN = "download it again"
# What reading a damaged archive raises.
UNPACKING_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)

_GZIP = b"\x1f\x8b"
# The first bytes of files that are often found where text is expected → what they are, and the cure.
_OTHER_FORMATS = {
    b"PK\x03\x04": ("a zip archive", "unpack it: unzip {}"),
    b"BZh": ("an archive of bzip2", "unpack it: bzip2 -dc {0} > {0}.new && mv {0}.new {0}"),
    b"\xfd7zXZ\x00": ("an archive of xz", "unpack it: xz -dc {0} > {0}.new && mv {0}.new {0}"),
    b"\x28\xb5\x2f\xfd": ("an archive of zstd", "unpack it: zstd -dc {0} > {0}.new && mv {0}.new {0}"),
    b"7z\xbc\xaf\x27\x1c": ("an archive of 7-Zip", "unpack it: 7z x {}"),
    b"PAR1": ("a Parquet file", "give the text file, or leave out --data to read the Hub's Parquet"),
    b"<!DOCTYPE html": ("a web page", "download the file itself: the page about it was saved in its place"),
    b"<!doctype html": ("a web page", "download the file itself: the page about it was saved in its place"),
    b"<html": ("a web page", "download the file itself: the page about it was saved in its place"),
}
_HEAD = max(len(POINTER), *map(len, _OTHER_FORMATS))


def find(path: Path) -> Path | None:
    """Return the file at a path, or the one compressed as path.gz; None if there is neither.

    Raises BadInput for anything but a readable file, before its content is needed.
    """
    for candidate in (path, path.with_name(f"{path.name}.gz")):
        try:
            mode = candidate.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            if candidate.is_symlink():
                message = f"is a link to {candidate.readlink()}, which is not there"
                raise BadInput(message, where=Where(str(candidate)), cure="repair the link") from None
        except OSError as reason:
            raise unreadable(candidate, reason) from reason
        else:
            if not stat.S_ISREG(mode):
                what = "is a folder, not a file" if stat.S_ISDIR(mode) else "is not a file"
                cure = "move it away, and put the file there"
                raise BadInput(what, where=Where(str(candidate)), cure=cure)
            if not os.access(candidate, os.R_OK):
                raise unreadable(candidate, PermissionError(13, "Permission denied"))
            return candidate
    return None


def require(path: Path, cure: str) -> Path:
    """Return the file at a path, plain or as path.gz; raises BadInput with the cure if there is neither."""
    found = find(path)
    if found is None:
        raise BadInput(f"{path.name} is not in {path.parent}", cure=cure)
    return found


def entries(folder: Path) -> list[Path]:
    """Return what a folder holds, sorted; nothing if it does not exist, BadInput if it cannot be listed."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as reason:
        raise unreadable(folder, reason) from reason


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; raises BadInput if a folder above it may not be entered."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as reason:
        raise unreadable(path, reason) from reason


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed if it is gzipped, whatever its name.

    Raises BadInput for a file that may not be read, a Git LFS pointer, and archives of other formats. A
    damaged archive raises one of UNPACKING_ERRORS while it is read.
    """
    try:
        stream = path.open("rb")
    except OSError as reason:
        raise unreadable(path, reason) from reason
    with stream:
        head = stream.peek(_HEAD)[:_HEAD]
        _refuse_other_formats(path, head)
        if not (head.startswith(_GZIP) or path.suffix == ".gz"):
            yield stream
            return
        with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
            yield cast("IO[bytes]", unpacked)


def is_compressed(path: Path) -> bool:
    """Tell whether a file is gzipped, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(len(_GZIP)) == _GZIP


def unreadable(path: Path, reason: OSError) -> BadInput:
    """Return the error for a file or a folder that the system does not let us read."""
    if not isinstance(reason, PermissionError):
        message = f"cannot be read: {reason.strerror or reason}"
        return BadInput(message, where=Where(str(path)), cure="repair or replace it")
    blocked = next((parent for parent in reversed(path.parents) if _is_closed(parent)), path)
    needed = "u+rx" if blocked != path or blocked.is_dir() else "u+r"
    return BadInput(
        "cannot be read: this user has no permission",
        where=Where(str(blocked)),
        cure=f"as its owner: chmod {needed} {shlex.quote(str(blocked))}",
    )


def _is_closed(folder: Path) -> bool:
    try:
        return folder.is_dir() and not os.access(folder, os.X_OK)
    except PermissionError:
        return False  # a folder above it is closed


def _refuse_other_formats(path: Path, head: bytes) -> None:
    if head.startswith(POINTER):
        raise unfetched(path)
    for magic, (what, cure) in _OTHER_FORMATS.items():
        if head.startswith(magic):
            quoted = shlex.quote(str(path))
            raise BadInput(f"is {what}, not text", where=Where(str(path)), cure=cure.format(quoted))
