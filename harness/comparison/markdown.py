"""Write GitHub's markdown from untrusted text, which can neither mention, link, load nor format."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from harness.characters import visible

# GitHub refuses a comment of more than 65,536 characters.
LIMIT = 60_000
# Characters that are shown of an untrusted text.
_CUT = 300


def code(text: str) -> str:
    """Return untrusted text as a code span, fenced by more backticks than it contains."""
    line = _line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def code_element(text: str) -> str:
    """Return untrusted text as an HTML element, for places where markdown is not read."""
    return f"<code>{html.escape(_line(text))}</code>"


def escaped(text: str) -> str:
    """Return trusted text in which nothing breaks out of a table or becomes a tag."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of trusted text; the first column is left-aligned, the others are right-aligned."""
    return "\n".join(
        [_row(head), "|" + "|".join([" :-- ", *[" --: "] * (len(head) - 1)]) + "|", *map(_row, rows)]
    )


def within_limit(blocks: Sequence[str], command: str = "stiltboard diff") -> str:
    """Join as many blocks as fit into a comment, in their order, with the number of omitted ones at the end.

    A block that does not fit is skipped, and shorter ones after it may still fit. The last line names the
    `command` that prints everything.
    """
    room = LIMIT - 200  # for the closing line
    fitting: list[str] = []
    for block in blocks:
        size = len(block.encode()) + 2
        if size <= room:
            fitting.append(block)
            room -= size
    if omitted := len(blocks) - len(fitting):
        parts = "part" if omitted == 1 else "parts"
        fitting.append(
            f"{omitted} more {parts} left out: a comment holds no more; `{command}` prints everything."
        )
    return "\n\n".join(fitting) + "\n"


def _line(text: str) -> str:
    """Return text in one line, cut to _CUT characters, with invisible characters escaped."""
    line = visible(" ".join(text.split())) or "nothing"
    return line if len(line) <= _CUT else f"{line[: _CUT - 1]}…"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"
