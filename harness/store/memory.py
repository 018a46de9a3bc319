"""Limit the memory for reading untrusted files: a small file may decompress to any size."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def bounded_memory(limit: int) -> Iterator[None]:
    """Raise MemoryError once this process has `limit` bytes more than now; no limit without /proc.

    Addresses are counted, whether they are used or not. A limit that applies already is not raised.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + limit
    lowest = min([most, *(existing for existing in before if existing >= 0)])
    resource.setrlimit(resource.RLIMIT_AS, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
