"""Limit the memory for reading untrusted files: a small file may decompress to any size."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = 4 * 2**30


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Raise MemoryError once this process takes MEMORY bytes more than now; no limit without /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + MEMORY
    lowest = min([limit, *(existing for existing in before if existing >= 0)])
    resource.setrlimit(resource.RLIMIT_AS, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
