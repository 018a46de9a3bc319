"""Files of another place that this machine keeps: bounded, whole or not there, for several processes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import Unwritable
from harness.locks import lock_of

_PARTIAL = ".partial"
_ABOUT = "about.txt"  # what `stiltboard cache` says of the folder
# Files are deleted until so much of the limit is used, so that not each new file costs a listing.
_KEPT = 0.9
# A process lists the folder after it has written this part of the limit; others may write meanwhile.
_UNLISTED = 1 / 32


@dataclass
class FileCache:
    """A folder of files by name, with at most `limit` bytes: what was not read for longest is deleted first.

    Each process that writes counts for itself between two listings: together they exceed the limit by at most
    a 32nd of it, and one file, for each process.
    """

    folder: Path
    limit: int
    about: str = ""
    _unlisted: float = field(default=float("inf"), init=False)

    def read(self, name: str) -> bytes | None:
        """Return a file's content, None where it is not kept; it counts as used now."""
        path = self.folder / name
        try:
            data = path.read_bytes()
        except OSError:  # it is not there, or of another account, or damaged: it is fetched again
            return None
        with suppress(OSError):
            os.utime(path)  # many disks do not record when a file was read
        return data

    def keep(self, name: str, data: bytes) -> Path:
        """Write a file and return its path; then delete others if there is too much."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self.about and not (about := self.folder / _ABOUT).exists():
                about.write_text(f"{self.about}\n", encoding="utf-8")
            descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_PARTIAL)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                Path(partial).replace(path)
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
        except OSError as reason:
            raise Unwritable(
                f"{path} cannot be written: {reason.strerror}",
                cure="free space, or set STILTBOARD_CACHE to a folder on a larger disk",
            ) from reason
        self._unlisted += len(data)
        if self._unlisted > self.limit * _UNLISTED:
            self._shrink(path)
            self._unlisted = 0
        return path

    def forget(self, name: str) -> None:
        """Delete a file, if it is there."""
        with suppress(OSError):
            (self.folder / name).unlink()

    def _shrink(self, newest: Path) -> None:
        """Delete what was not used for longest until the rest is below the limit; never the newest file."""
        with lock_of(self.folder / ".lock"):
            files = sorted(self._states())
            total = sum(size for _, size, _ in files)
            if total <= self.limit:
                return
            for _, size, path in files:
                if total <= self.limit * _KEPT:
                    return
                if path != str(newest):
                    with suppress(OSError):
                        Path(path).unlink()
                        total -= size

    def _states(self) -> list[tuple[int, int, str]]:
        """Return when each file was last used, in ns, its size, and its path."""
        states = []
        for parent, _, names in os.walk(self.folder):
            for name in names:
                if name == _ABOUT or (name.startswith(".") and not name.endswith(_PARTIAL)):
                    continue
                path = f"{parent}/{name}"
                with suppress(OSError):  # another process deletes, too
                    state = Path(path).stat()
                    states.append((state.st_mtime_ns, state.st_size, path))
        return states
