"""A file by the SHA-256 of its content, from the cache or from its place, checked each time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from harness.cache import cache_folder
from harness.errors import BadInput
from harness.object_store.file_cache import FileCache
from harness.object_store.remote import Remote
from harness.records.outcome_settings import kept_name

_CACHE_KIND = "outcomes"
_GIGABYTE = 10**9


class OtherContent(BadInput):
    """A file that is missing from its place, or that has other content than its name says."""


class DigestStore:
    """Files by digest in one place, of which this machine keeps at most `cache_gb` 10⁹ bytes."""

    def __init__(self, where: str, cache_gb: float, *, anonymous: bool = False) -> None:
        """Take the place as `Remote` does; nothing is opened before a file is asked for."""
        self.where = where
        self._remote = Remote(where, anonymous)
        self._cache_bytes = round(cache_gb * _GIGABYTE)

    @property
    def _cache(self) -> FileCache:
        place = hashlib.sha256(self.where.encode()).hexdigest()[:12]
        folder = cache_folder() / _CACHE_KIND / place
        return _file_cache(folder, self._cache_bytes, f"outcomes of {self.where}")

    def read(self, digest: str, limit: int, cure: str) -> bytes:
        """Return the content that has this digest.

        Raises OtherContent, with `cure`, where the place has no such file or one of other content, and
        Unreachable where it cannot be asked.
        """
        name = kept_name(digest)
        kept = self._cache.read(name)
        if kept is not None:
            if _digest(kept) == digest:
                return kept
            self._cache.forget(name)
        data = self.fetched(digest, limit, cure)
        self._cache.keep(name, data)
        return data

    def fetched(self, digest: str, limit: int, cure: str) -> bytes:
        """Return the same from the place itself, whatever the cache has."""
        name = kept_name(digest)
        data = self._remote.read(name, limit)
        if data is not None and len(data) <= limit and _digest(data) != digest:
            data = self._remote.read(name, limit)  # a transfer that was cut short passes for a shorter file
        if data is None:
            message = f"the outcomes with sha256 {digest} are not in {self.where}: nothing can be verified"
            raise OtherContent(message, cure=cure)
        if len(data) > limit or _digest(data) != digest:
            found = f"more than {limit:,} bytes" if len(data) > limit else f"sha256 {_digest(data)}"
            message = (
                f"{self.where}/{name} has other content: the result names sha256 {digest}, found {found}"
            )
            raise OtherContent(message, cure=cure)
        return data

    def path(self, digest: str, limit: int, cure: str) -> Path:
        """Return the file of the cache with this content; another process may delete it later."""
        data = self.read(digest, limit, cure)
        name = kept_name(digest)
        path = self._cache.folder / name
        return path if path.exists() else self._cache.keep(name, data)

    def size(self, digest: str, limit: int, cure: str) -> int:
        """Return the size of a file in bytes; what the cache has is not read for it."""
        try:
            return (self._cache.folder / kept_name(digest)).stat().st_size
        except OSError:
            return len(self.read(digest, limit, cure))

    def holds(self, digest: str) -> bool:
        """Tell whether the cache has a file of this digest."""
        return (self._cache.folder / kept_name(digest)).is_file()

    def write(self, digest: str, data: bytes) -> None:
        """Write a file into its place; `data` must have the digest."""
        assert _digest(data) == digest
        self._remote.write(kept_name(digest), data)

    def sizes(self, *, writing: bool = False) -> Mapping[str, int]:
        """Return the size of every file in the place, by its digest; other names are left out.

        With `writing`, credentials are used as for writing.
        """
        sizes = {
            name.rpartition("/")[2].partition(".")[0]: (name, size)
            for name, size in self._remote.sizes(writing=writing).items()
        }
        return {digest: size for digest, (name, size) in sizes.items() if name == kept_name(digest)}


@cache
def _file_cache(folder: Path, limit: int, about: str) -> FileCache:
    """Return the one that this process writes through, so that it counts what it has written."""
    return FileCache(folder, limit, about)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
