"""A file of the site before it is written: how its bytes are made, and what they hang on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from site_gen.leaderboard import Row
from site_gen.once import once


@dataclass(frozen=True)
class Output:
    """One file. `key` stands for all that its bytes hang on beside the generator; it is empty where they are made each time."""

    make: Callable[[], bytes]
    key: bytes = b""


def key_of(*inputs: object) -> bytes:
    """Return the digest of inputs that are written in full by `repr`: text, numbers, bytes, and tuples of them."""
    return hashlib.blake2b(repr(inputs).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@once
def declared(row: Row) -> bytes:
    """Return the digest of what a submission declares."""
    return key_of(row.submission.model_dump_json())


def placing(row: Row) -> tuple[object, ...]:
    """Return what only the whole board decides of a row."""
    return tuple((name, cell.rank, cell.ranks, cell.group, cell.reason, cell.measured, cell.of) for name, cell in row.cells.items())


def kept(row: Row, make: Callable[[], bytes], *inputs: object) -> Output:
    """Return a file that hangs on one submission and these inputs."""
    return Output(make, key_of(row.stamp, *inputs) if row.stamp else b"")
