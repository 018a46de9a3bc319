"""Download the files of a repository at a commit into the Hub's own cache, as its client lays it out.

blobs/DIGEST holds the bytes, and snapshots/COMMIT/NAME is a link to them, so that every tool that knows the
Hub's cache finds the files. A blob appears there whole and with the digest that it is named for, or not at
all: until then its bytes are in DIGEST.incomplete, from where the next command goes on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import Timeout

from harness.cache import cache_folder
from harness.downloading.hub_faults import NotTheHub, hub_error
from harness.downloading.hub_requests import current_commit, json_pages
from harness.downloading.transfer import SHA256_DIGITS, RemoteFile, WrongBytes, blob_digest, transfer
from harness.downloading.transfer_progress import report_download
from harness.errors import StiltboardError, Unreachable, Unwritable
from harness.locks import lock_of

_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
__all__ = ["WrongBytes", "branch_commit", "damaged_files", "download_snapshot", "forget"]


def download_snapshot(
    repository: str,
    commit: str,
    wanted: Callable[[str], bool],
    *,
    kind: str = "models",
    check: Callable[[Mapping[str, int]], None] = lambda sizes: None,
) -> Path:
    """Return the folder with the wanted files of a repository at a commit; download those that are missing.

    `kind` is models or datasets; `check` gets the sizes in bytes of all files at the commit, by name, before
    a download begins. The files of a commit are listed once; where all are there, nothing is requested.
    Raises BadInput for what the Hub refuses, Unreachable for faults of network or server, WrongBytes, and
    Unwritable.
    """
    root = _root(repository, kind)
    folder = root / "snapshots" / commit
    try:
        files = _listing(repository, commit, kind)
        missing = [file for file in files if wanted(file.name) and not (folder / file.name).exists()]
        if missing:
            check({file.name: file.size for file in files})
            _refuse_full_disk(root, missing)
        for file in missing:
            _bring(file, root, folder)
    except StiltboardError:
        raise
    except Exception as reason:
        if (error := hub_error(reason, repository, f"@{commit}", kind)) is None:
            raise
        raise error from reason
    return folder


def branch_commit(repository: str, revision: str = "") -> str:
    """Return the commit of a model's branch, tag or part of a hash; without one, of the branch main.

    It is kept in the Hub's cache, as by the Hub's client, and found there without a network. Raises BadInput
    for what the Hub refuses, Unreachable for faults of network or server.
    """
    name = revision or "main"
    reference = _root(repository, "models") / "refs" / name
    known = _DIGEST.fullmatch(reference.read_text().strip()) if reference.is_file() else None
    try:
        commit = current_commit(repository, "models", name, once=known is not None)
    except Exception as reason:
        error = hub_error(reason, repository, f"@{revision}" if revision else "")
        if known and isinstance(error, Unreachable):
            report_download(f"{repository}: the Hub does not answer; {name} is taken for what it was before")
            return known[0]
        if error is None:
            raise
        raise error from reason
    with suppress(OSError):
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit)
    return commit


def damaged_files(folder: Path, names: Iterable[str], sha256: Mapping[str, str] | None = None) -> list[str]:
    """Return those of a snapshot's files whose bytes do not have the digest that their blob is named for.

    `sha256` maps names to digests that are known, which are not computed again.
    """
    damaged = []
    for name in names:
        digest = _blob_of(folder / name).name
        if _DIGEST.fullmatch(digest) and (folder / name).is_file():
            known = (sha256 or {}).get(name) if len(digest) == SHA256_DIGITS else None
            if (known or blob_digest(folder / name, digest)) != digest:
                damaged.append(name)
    return damaged


def forget(folder: Path, names: Iterable[str]) -> None:
    """Remove files of a snapshot and their blobs from the Hub's cache, so that they are downloaded again."""
    for name in names:
        blob = _blob_of(folder / name)
        (folder / name).unlink(missing_ok=True)
        if _DIGEST.fullmatch(blob.name):
            blob.unlink(missing_ok=True)


def _blob_of(link: Path) -> Path:
    """Return the blob that a snapshot's link leads to; a blob may itself be a link to one that is shared."""
    return link.parent / link.readlink() if link.is_symlink() else link


def _root(repository: str, kind: str) -> Path:
    """Return the folder of a repository in the Hub's cache."""
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    return Path(constants.HF_HUB_CACHE) / f"{kind}--{repository.replace('/', '--')}"


def _listing(repository: str, commit: str, kind: str) -> list[RemoteFile]:
    """Return the files at a commit, which never change: from this machine if they were listed before."""
    from huggingface_hub import constants, hf_hub_url  # noqa: PLC0415 - heavy

    kept = cache_folder() / "listings" / kind / repository / f"{commit}.json"
    entries: dict[str, list[Any]] = {}
    with suppress(OSError, ValueError):
        entries = json.loads(kept.read_bytes())
    if not entries:
        address = f"{constants.ENDPOINT}/api/{kind}/{repository}/tree/{commit}?recursive=true"
        for entries_of_page in json_pages(address, repository):
            entries |= _entries(entries_of_page, address)
        with suppress(OSError):  # it is listed again next time
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(f".{os.getpid()}")
            partial.write_text(json.dumps(entries))
            partial.replace(kept)
    repo_type = kind.removesuffix("s")
    return [
        RemoteFile(name, size, digest, hf_hub_url(repository, name, repo_type=repo_type, revision=commit))
        for name, (size, digest) in sorted(entries.items())
    ]


def _entries(page: Any, address: str) -> dict[str, list[Any]]:
    """Return name → size and digest of the files on a page of a listing; raises NotTheHub for others."""
    entries: dict[str, list[Any]] = {}
    try:
        for entry in page:
            if entry["type"] == "file":
                held = entry.get("lfs") or {}
                name, size, digest = (
                    entry["path"],
                    held.get("size", entry["size"]),
                    held.get("oid", entry["oid"]),
                )
                parts = PurePosixPath(name).parts
                if (
                    type(size) is not int
                    or not _DIGEST.fullmatch(digest)
                    or {"..", "/"} & set(parts)
                    or "\\" in name
                ):
                    raise NotTheHub(f"{address} lists {str(name)[:80]!r} in another form than the Hub's")
                entries[name] = [size, digest]
    except (KeyError, TypeError, AttributeError) as reason:
        raise NotTheHub(f"{address} is not an answer of the Hub") from reason
    return entries


def _refuse_full_disk(root: Path, files: Sequence[RemoteFile]) -> None:
    blobs = root / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    present = sum(part.stat().st_size for file in files if (part := _partial(blobs, file)).exists())
    needed, free = sum(file.size for file in files) - present, shutil.disk_usage(blobs).free
    if needed > free:
        raise Unwritable(
            f"{needed:,} bytes have to be downloaded to {root.parent}, where {free:,} are free",
            cure="free space, or point HF_HOME to a larger disk; the same command goes on from what is there",
        )


def _bring(file: RemoteFile, root: Path, folder: Path) -> None:
    """Download a file's blob, unless another process or snapshot has it, and link it into the snapshot."""
    blobs = root / "blobs"
    locks = root.parent / ".locks" / root.name  # the client's own
    locks.mkdir(parents=True, exist_ok=True)
    lock = lock_of(locks / f"{file.digest}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        report_download(f"{file.name}: another process downloads it; waiting")
        lock.acquire()
    try:
        blob = blobs / file.digest
        if not blob.exists():
            transfer(file, _partial(blobs, file))
            _partial(blobs, file).replace(blob)
        link = folder / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        _link(blob, link)
    finally:
        lock.release()


def _link(blob: Path, link: Path) -> None:
    try:
        link.symlink_to(os.path.relpath(blob, link.parent))
    except FileExistsError:
        pass
    except OSError:  # a file system without links: the file itself, as the Hub's client does
        blob.replace(link)


def _partial(blobs: Path, file: RemoteFile) -> Path:
    return blobs / f"{file.digest}.incomplete"
