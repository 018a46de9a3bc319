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
    """One file of the site.

    `key` is the digest of all inputs of its bytes except the generator; it is empty for a file that is made
    in every build.
    """

    make: Callable[[], bytes]
    key: bytes = b""


def key_of(*inputs: object) -> bytes:
    """Return the digest of inputs that `repr` writes in full: text, numbers, bytes, and tuples of them."""
    return hashlib.blake2b(repr(inputs).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@once
def declaration_key(row: Row) -> bytes:
    """Return the digest of a submission's declarations."""
    return key_of(row.submission.model_dump_json())


@once
def placement_key(row: Row) -> bytes:
    """Return the digest of a row's ranks and counts, which depend on the whole board."""
    cells = row.cells.items()
    return key_of(
        *((name, cell.rank, cell.ranks, cell.reason, cell.measured, cell.of) for name, cell in cells)
    )


def submission_output(row: Row, make: Callable[[], bytes], *inputs: object) -> Output:
    """Return a file whose bytes depend on one submission and these inputs."""
    return Output(make, _key(row, *inputs))


@once
def _key(row: Row, *inputs: object) -> bytes:
    return key_of(row.stamp, *inputs)


@once
def standing_inputs(standing: Standing) -> tuple[object, ...]:
    """Return the inputs of a page or file about a whole standing."""
    rows = tuple(_cell_inputs(row, standing.target.name) for row in standing.rows)
    return (
        repr(standing.target),
        key_of(rows),
        reported_inputs(standing.reported),
        repr(sorted(standing.priors.items())),
    )


@once
def _cell_inputs(row: Row, target: str) -> bytes:
    """Return the digest of one result, its rank and trust, and its submission's declarations."""
    cell = row.cells[target]
    design = cell.entrant.design if cell.entrant else None
    judgement = (
        cell.rank,
        cell.ranks,
        cell.reason,
        cell.measured,
        cell.trust.sentence,
        cell.trust.mark.value,
        repr(cell.trust.seen),
        repr(cell.trust.notices),
        repr(cell.result.mixed),
    )
    return key_of(row.slug, declaration_key(row), cell.result.stamp, design, repr(row.parameters), *judgement)


def reported_inputs(rows: Sequence[ReportedRow]) -> tuple[object, ...]:
    """Return the inputs of rows of published numbers."""
    return tuple((row.slug, row.submission.model_dump_json(), repr(row.notices)) for row in rows)
