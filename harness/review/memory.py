"""Bound the memory that reading strangers' files may take: a small file may stand for any amount."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = 4 * 2**30


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Let this process take MEMORY bytes more than it has, beyond which MemoryError is raised; nothing where that cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(
        resource.RLIMIT_AS, (min([wanted, *(limit for limit in before if limit >= 0)]), before[1])
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
