"""Locks between processes, also where the file system has none."""

from __future__ import annotations

import errno
import fcntl
import tempfile
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def lock_of(path: Path, timeout: float = -1.0, *, is_singleton: bool = False) -> BaseFileLock:
    """Return the lock of a file, not acquired yet; `timeout` in seconds, negative to wait for ever.

    On a file system without locks, as some network disks are, the lock is the file's existence. It is taken
    over from a process of this machine that ended without giving it back.
    """
    kind = FileLock if _has_locks(path.parent) else SoftFileLock
    return kind(path, timeout=timeout, is_singleton=is_singleton)


def _has_locks(folder: Path) -> bool:
    """Try a lock on a nameless file; a folder that cannot be written fails when the lock is acquired."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as reason:
        return reason.errno not in _NO_LOCKS
    return True
