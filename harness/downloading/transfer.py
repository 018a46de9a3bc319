"""Download one file: from where an earlier try or command ended, and checked against the Hub's digest."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.characters import visible
from harness.downloading.hub_requests import Tries, answer, refuse_web_page
from harness.downloading.transfer_progress import TransferProgress, report_download
from harness.errors import BadInput

_CHUNK = 2**20
SHA256_DIGITS = 64


class WrongBytes(BadInput):
    """Bytes that are not those of which the Hub lists the digest."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository: its size in bytes, and the digest that the Hub lists, its name in the cache.

    The digest is the sha256 of a file that Git LFS holds, and the sha1 of git's blob of any other.
    """

    name: str
    size: int
    digest: str
    url: str


def blob_digest(path: Path, listed: str) -> str:
    """Return the digest of a file in the form of the one that is listed."""
    with path.open("rb") as file:
        if len(listed) == SHA256_DIGITS:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()


def transfer(file: RemoteFile, partial: Path) -> None:
    """Complete `partial` until it is the listed file.

    Bytes that are there are kept and only the rest is requested, where the server allows that. A file that is
    whole but wrong is fetched once more from its beginning. Raises WrongBytes if it is wrong again, and the
    client's exceptions after several tries that brought nothing.
    """
    for _ in range(2):
        progress = TransferProgress(file.name, file.size, _size(partial))
        with suppress(WrongBytes):
            _complete(file, partial, progress)
            if (digest := blob_digest(partial, file.digest)) == file.digest:
                progress.finish()
                return
            report_download(f"{file.name}: its digest is {digest}, the Hub lists {file.digest}")
        partial.unlink(missing_ok=True)
    raise WrongBytes(
        f"{visible(file.name)} came twice with other bytes than those of which the Hub lists size and digest",
        cure="check the network's proxy, or the mirror in HF_ENDPOINT: one changes files; none was kept",
    )


def _complete(file: RemoteFile, partial: Path, progress: TransferProgress) -> None:
    """Append to `partial` until it has the listed size; raises WrongBytes for a server that sends another."""
    tries = Tries(file.name)
    partial.touch()
    while (start := _size(partial)) != file.size:
        try:
            _append(file, partial, start, progress)
        except WrongBytes:
            raise
        except Exception as reason:  # noqa: BLE001 - `pause` raises it again unless another try may help
            if _size(partial) > start:
                tries.succeeded()
            tries.pause(reason)


def _append(file: RemoteFile, partial: Path, start: int, progress: TransferProgress) -> None:
    """Request the bytes from `start` on, and append them; a server that cannot continue begins again."""
    headers = {"Range": f"bytes={start}-"} if 0 < start < file.size else {}
    with answer(file.url, headers) as response:
        if not headers or not _continues(response, start):
            start = 0
            progress.restart()
        with partial.open("r+b") as out:
            out.truncate(start)
            if response.status_code == 416:  # the next try requests the whole file
                return
            out.seek(start)
            for chunk in response.iter_bytes():
                if start == 0:
                    refuse_web_page(chunk[:64], response.headers.get("content-type", ""), file.url)
                start += len(chunk)
                if start > file.size:
                    raise WrongBytes(f"{file.name} is longer than the {file.size:,} bytes that the Hub lists")
                out.write(chunk)
                progress.add(len(chunk))
    if start < file.size:  # the answer is whole
        raise WrongBytes(f"{file.name} has {start:,} bytes, the Hub lists {file.size:,}")


def _continues(response: Any, start: int) -> bool:
    match = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    return response.status_code == 206 and match is not None and int(match[1]) == start


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
