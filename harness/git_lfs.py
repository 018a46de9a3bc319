"""Recognise files of which Git LFS has left only the pointer."""

from __future__ import annotations

import shlex
from pathlib import Path

from harness.errors import BadInput, Where

POINTER = b"version https://git-lfs.github.com/spec/"  # how every pointer begins


def unfetched(path: Path) -> BadInput:
    """Return the error for a file of which only the pointer is there."""
    return BadInput(
        "is the pointer of a file that Git LFS has not fetched",
        where=Where(str(path)),
        cure=f"fetch it: git -C {shlex.quote(str(path.parent))} lfs pull",
    )
