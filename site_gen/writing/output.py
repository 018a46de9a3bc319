"""A file of the site before it is written: how its bytes are made, and what they depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from site_gen.board.board import Row, Standing
from site_gen.board.reported import ReportedRow
from site_gen.once import once


@dataclass(frozen=True)
class Output:
    """One file. `key` is the digest of all that its bytes depend on beside the generator; it is empty where they are made each time."""

    make: Callable[[], bytes]
    key: bytes = b""


def key_of(*inputs: object) -> bytes:
    """Return the digest of inputs that are written in full by `repr`: text, numbers, bytes, and tuples of them."""
    return hashlib.blake2b(repr(inputs).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@once
def declared(row: Row) -> bytes:
    """Return the digest of what a submission declares."""
    return key_of(row.submission.model_dump_json())


@once
def placing(row: Row) -> bytes:
    """Return the digest of what only the whole board decides of a row."""
    cells = row.cells.items()
    return key_of(
        *(
            (name, cell.rank, cell.ranks, cell.group, cell.reason, cell.measured, cell.of)
            for name, cell in cells
        )
    )


def kept(row: Row, make: Callable[[], bytes], *inputs: object) -> Output:
    """Return a file that depends on one submission and these inputs."""
    return Output(make, _key(row, *inputs))


@once
def _key(row: Row, *inputs: object) -> bytes:
    return key_of(row.stamp, *inputs)


@once
def standing_inputs(standing: Standing) -> tuple[object, ...]:
    """Return all that a standing holds."""
    rows = tuple(_cell_inputs(row, standing.target.name) for row in standing.rows)
    return (repr(standing.target), key_of(rows), reported_inputs(standing.reported))


@once
def _cell_inputs(row: Row, target: str) -> bytes:
    """Return the digest of a result, what it is held for and what its submission declares; other results of it do not enter."""
    cell = row.cells[target]
    design = cell.entrant.design if cell.entrant else None
    held = (
        cell.rank,
        cell.ranks,
        cell.group,
        cell.reason,
        cell.measured,
        cell.trust.said,
        cell.trust.mark.value,
        repr(cell.trust.seen),
    )
    return key_of(row.slug, declared(row), cell.result.stamp, design, repr(row.parameters), *held)


def reported_inputs(rows: Sequence[ReportedRow]) -> tuple[object, ...]:
    """Return all that rows of published numbers hold."""
    return tuple((row.slug, row.submission.model_dump_json()) for row in rows)
