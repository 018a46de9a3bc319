"""A table on a terminal or in a text file, of which nothing is ever cut off."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Text may be folded to this many characters a line.
_FOLDED = 10


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = (), title: str = ""
) -> None:
    """Print a table to standard output: framed on a terminal that is wide enough, aligned text elsewhere.

    `right` names the columns that are aligned to the right.
    """
    console = Console()
    frames = console.is_terminal and not console.is_dumb_terminal
    if frames and _least_width([headings, *rows], right) <= console.width:
        console.print(_framed(headings, rows, right, title))
        return
    text = aligned([headings, *rows], right)
    click.echo(f"{title}\n{text}" if title else text)


def aligned(lines: Sequence[Sequence[str]], right: Collection[str] = ()) -> str:
    """Return lines of aligned columns; the first line holds the headings.

    Widths are those on a terminal, where a Chinese character takes two cells.
    """
    columns = [_padded(column, right=column[0] in right) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _least_width(lines: Sequence[Sequence[str]], right: Collection[str]) -> int:
    """Return the width below which a framed table would cut numbers, or fold words into shreds."""
    columns = list(zip(*lines, strict=True))
    widths = [
        max(map(cell_len, column)) if column[0] in right else min(_FOLDED, max(map(cell_len, column)))
        for column in columns
    ]
    return sum(widths) + 3 * len(columns) + 1


def _framed(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str], title: str
) -> Table:
    table = Table(title=Text(title) if title else None, title_justify="left")
    for heading in headings:
        number = heading in right
        table.add_column(Text(heading), justify="right" if number else "left", no_wrap=number)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _padded(column: Sequence[str], *, right: bool) -> list[str]:
    width = max(map(cell_len, column))
    gaps = [" " * (width - cell_len(text)) for text in column]
    return [gap + text if right else text + gap for gap, text in zip(gaps, column, strict=True)]
