"""Files in a place that fsspec reaches: read, written and listed, with every failure named.

Timeouts and further tries are those of the libraries, with growing pauses. s3fs makes `TRIES` of a request,
and as many of a read that was cut; botocore's own tries, which would multiply them, are off.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.errors import MissingExtra, Unreachable, naming_failures

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Seconds until a server is given up that does not accept a connection, or sends no byte of an answer.
CONNECT_SECONDS, READ_SECONDS = 10, 15
TRIES = 2
# Seconds for one file, however many bytes have come.
FILE_SECONDS = 600
_GOES_ON = "the same command goes on from what the cache has"


@dataclass(frozen=True)
class Remote:
    """A place for files: a folder, or an address as fsspec writes it.

    A bucket that is `anonymous` is read without credentials; they are still needed to write.
    """

    where: str
    anonymous: bool = False

    def read(self, name: str, limit: int) -> bytes | None:
        """Return a file's content, at most one byte more than `limit`; None where there is no such file.

        Raises Unreachable where the place is gone, refuses or does not answer, and MissingExtra where a
        package is missing.
        """
        with self._failures(f"{self.where}/{name} cannot be read"):
            system, root = self._opened()
            try:
                content = system.cat_file(f"{root}/{name}", start=0, end=limit + 1, **_bounded(system))
                return cast("bytes", content)
            except FileNotFoundError:
                self._refuse_gone(system, root)
                return None
            except OSError as reason:  # of an empty object no part can be asked for
                if reason.errno == errno.EINVAL and system.size(f"{root}/{name}") == 0:
                    return b""
                raise

    def write(self, name: str, data: bytes) -> None:
        """Write a file completely or not at all; a file of that name is replaced."""
        with self._failures(f"{self.where}/{name} cannot be written"):
            system, root = self._opened(writing=True)
            if isinstance(system.protocol, tuple) and "file" in system.protocol:
                system.makedirs(str(Path(root, name).parent), exist_ok=True)
                partial = f"{root}/{Path(name).parent}/.{os.urandom(8).hex()}.partial"
                try:
                    system.pipe_file(partial, data)
                    system.mv(partial, f"{root}/{name}")
                finally:
                    with suppress(FileNotFoundError):
                        system.rm_file(partial)
            else:  # a store of objects shows an object when all of it is there
                system.pipe_file(f"{root}/{name}", data, **_bounded(system))

    def sizes(self, *, writing: bool = False) -> Mapping[str, int]:
        """Return the size in bytes of every file, by its name; with credentials if `writing` follows."""
        with self._failures(f"{self.where} cannot be listed"):
            system, root = self._opened(writing=writing)
            system.invalidate_cache()
            found = system.find(root, detail=True)
            if not found:
                self._refuse_gone(system, root)
            prefix = f"{root.rstrip('/')}/"
            return {path.removeprefix(prefix): int(about["size"]) for path, about in found.items()}

    def _opened(self, *, writing: bool = False) -> tuple[AbstractFileSystem, str]:
        """Return the file system and the place's path in it; fsspec keeps one for each process."""
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415  # only with a place

            system, root = url_to_fs(self.where, **self._options(writing=writing))
            if self._is_bucket:
                system.retries = TRIES
        except ImportError as missing:  # fsspec raises one of its own for the package of a file system
            module = missing.name or getattr(missing.__cause__, "name", None)
            raise MissingExtra(self.where, "outcomes", str(module), is_command=False) from missing
        return system, str(root)

    def _options(self, *, writing: bool) -> Mapping[str, Any]:
        if not self._is_bucket:
            return {}
        waits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        return {
            "anon": self.anonymous and not writing,
            "config_kwargs": {**waits, "retries": {"total_max_attempts": 1}},
        }

    def _refuse_gone(self, system: AbstractFileSystem, root: str) -> None:
        """Raise Unreachable where not a file but the whole place is missing.

        A bucket or a repository exists without files; whether it does may be a secret.
        """
        top = root if not self.is_address else "/".join(root.split("/")[: 3 if "hf://" in self.where else 1])
        try:
            system.invalidate_cache()
            exists = system.exists(top)
        except PermissionError:
            exists = True
        if not exists:
            kind = "there is nothing of that name" if self.is_address else "there is no such folder"
            raise Unreachable(
                f"{self.where}: {kind}",
                cure="correct where: under outcomes: in stiltboard.yaml, or bring it back",
            )

    @property
    def _is_bucket(self) -> bool:
        return self.where.startswith("s3://")

    @property
    def is_address(self) -> bool:
        """Tell whether the place is elsewhere than in a folder."""
        return "://" in self.where

    @contextmanager
    def _failures(self, subject: str) -> Iterator[None]:
        """Raise Unreachable for whatever a library raises about the place."""
        cure = (
            f"check the network, the credentials and the address of the place; {_GOES_ON}"
            if self.is_address
            else "correct where: under outcomes: in stiltboard.yaml, or the folder's rights"
        )
        with naming_failures(subject, Unreachable, cure=cure):
            try:
                yield
            except TimeoutError as reason:  # some of them have no words
                what = f"no answer within {READ_SECONDS} seconds, at every try"
                raise Unreachable(f"{subject}: {what}", cure=cure) from reason


def _bounded(system: AbstractFileSystem) -> Mapping[str, float]:
    """Return the option that ends a transfer after some time, where a file system has it."""
    return {"timeout": FILE_SECONDS} if system.async_impl else {}
