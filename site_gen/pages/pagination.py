"""The parts that a long leaderboard is cut into, for readers without the script; pure."""

from __future__ import annotations

from typing import NamedTuple

# What a page lists; the rest is loaded when it is asked for, and stands on parts of their own without the
# script.
PAGE_ROWS = 25
# Up to so many parts each links every other.
_FEW_PARTS = 16


class BoardPart(NamedTuple):
    """A part of the leaderboard: its number, and the places of its first and last row, all from 1."""

    number: int
    first: int
    last: int


def linked_parts(part: int, rows: int) -> tuple[BoardPart, ...]:
    """Return the parts that a part, numbered from 1, of so many rows links, itself among them; none if there is one only.

    Of many these are the first, the last and those 1, 2, 4, … before and after it: few links, and few steps
    to any part.
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
