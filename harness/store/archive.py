"""Pack files into an archive whose bytes depend on their names and contents only."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harness.errors import BadInput, Where

SUMS = "SHA256SUMS"


def write_archive(path: Path, top: str, files: Mapping[str, bytes | Path], time: int) -> None:
    """Write a .tar.gz of files by their path below the folder `top`, and their SHA256SUMS.

    `time` is the modification time of all, in Unix seconds. The tar is the same on every machine; its
    compression is that of the machine's zlib. Raises FileExistsError where `path` exists, and OSError where
    it cannot be written; a part of an archive is never left.
    """
    if path.exists() or path.is_symlink():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    sums = sums_of({name: _digest(content) for name, content in files.items()})
    members: dict[str, bytes | Path] = {**files, SUMS: sums}
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with (
            partial.open("xb") as file,
            gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name in sorted(members):
                _add(archive, f"{top}/{name}", members[name], time)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def sums_of(digests: Mapping[str, str]) -> bytes:
    """Return digests by name as `sha256sum --check` reads them."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def file_digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of files in a folder, in hexadecimal, by their names."""
    return {name: _digest(folder / name) for name in names}


def _digest(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path, time: int) -> None:
    member = tarfile.TarInfo(name)
    member.mtime = time
    if isinstance(content, bytes):
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
        return
    with content.open("rb") as file:
        member.size = content.stat().st_size
        archive.addfile(member, file)


def write_folder(folder: Path, files: Mapping[str, bytes], fill: Callable[[Path], None]) -> None:
    """Write files and what `fill` writes into a new folder, with their SHA256SUMS, completely or not at all.

    Raises BadInput where the folder exists or cannot be written.
    """
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        if folder.exists() or folder.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        fill(fresh)
        (fresh / SUMS).write_bytes(sums_of(file_digests(fresh, [path.name for path in fresh.iterdir()])))
        fresh.rename(folder)
    except OSError as reason:
        cure = "name a folder that does not exist yet with --out, on a disk with space"
        raise BadInput(f"cannot be written: {reason.strerror}", where=Where(str(folder)), cure=cure) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
