"""Write GitHub's markdown out of text that strangers chose: nothing in it mentions, links, loads or formats."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from harness.characters import visible

# GitHub refuses a comment of more than 65,536 characters.
LIMIT = 60_000
# Of what a stranger wrote, so much says enough.
_CUT = 300


def code(text: str) -> str:
    """Return foreign text as a code span, in which GitHub reads nothing; longer backticks hold those within."""
    line = _line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def code_element(text: str) -> str:
    """Return foreign text as an element, for where markdown is not read but HTML is."""
    return f"<code>{html.escape(_line(text))}</code>"


def escaped(text: str) -> str:
    """Return text of our own in which nothing breaks out of a table or becomes a tag."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of our own text, whose first column is words and whose others are numbers."""
    return "\n".join(
        [_row(head), "|" + "|".join([" :-- ", *[" --: "] * (len(head) - 1)]) + "|", *map(_row, rows)]
    )


def within_limit(blocks: Sequence[str], command: str = "stiltboard diff") -> str:
    """Join as many blocks as a comment takes, the first ones first, and say how many are left out and which command prints them.

    A block that does not fit makes room for the shorter ones behind it.
    """
    room = LIMIT - 200  # for the closing line
    kept: list[str] = []
    for block in blocks:
        size = len(block.encode()) + 2
        if size <= room:
            kept.append(block)
            room -= size
    if left := len(blocks) - len(kept):
        parts = "part" if left == 1 else "parts"
        kept.append(f"{left} more {parts} left out: a comment holds no more; `{command}` prints everything.")
    return "\n\n".join(kept) + "\n"


def _line(text: str) -> str:
    """Return text in one line, cut, with what cannot be seen made visible."""
    line = visible(" ".join(text.split())) or "nothing"
    return line if len(line) <= _CUT else f"{line[: _CUT - 1]}…"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"
