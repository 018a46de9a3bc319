"""The parts of a long leaderboard, for readers without JavaScript; pure."""

from __future__ import annotations

from typing import NamedTuple

# Rows on a page; the script loads the rest on request, and without it they are on further pages.
PAGE_ROWS = 40
# Up to this many parts, each links all others.
_FEW_PARTS = 16


class BoardPart(NamedTuple):
    """A part of the leaderboard: its number and those of its first and last row, all from 1."""

    number: int
    first: int
    last: int


def linked_parts(part: int, rows: int) -> tuple[BoardPart, ...]:
    """Return the parts that part number `part` of a board with `rows` rows links, itself included.

    Of many parts these are the first, the last and those 1, 2, 4, … before and after it: few links, and few
    steps to any part. Empty if there is only one part.
    """
    parts = -(-rows // PAGE_ROWS)
    if parts <= 1:
        return ()
    strides = [2**power for power in range(parts.bit_length())]
    near = {1, part, parts} | {part + sign * stride for stride in strides for sign in (-1, 1)}
    numbers = range(1, parts + 1) if parts <= _FEW_PARTS else sorted(near & set(range(1, parts + 1)))
    return tuple(
        BoardPart(number, (number - 1) * PAGE_ROWS + 1, min(number * PAGE_ROWS, rows)) for number in numbers
    )
