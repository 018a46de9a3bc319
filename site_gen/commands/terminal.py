"""The leaderboard on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.reported import ReportedRow
from site_gen.board.target_labels import target_label
from site_gen.formatting import compact, count, metric_name, points, rank_range

_HEADINGS = ("rank", "submission", "regime", "tasks", "parameters", "seeds")
_NUMBERS = frozenset({"rank", "parameters", "seeds"})
# The terminal lists at most this many submissions of a target; the site has all.
_MOST = 25


def print_board(board: Board) -> None:
    """Print the best rows of each target: a framed table on a terminal, aligned plain text elsewhere."""
    console = Console()
    for standing in board.standings:
        if standing.rows:
            tag = target_label(standing.target).tag
            title = standing.target.title + (f" ({tag}, outside the benchmark)" if tag else "")
            headings = (*_HEADINGS, metric_name(standing.target.metric))
            lines = [_line(standing, row) for row in standing.rows[:_MOST]]
            unlisted = len(standing.rows) - len(lines)
            rest = f"and {count(unlisted)} more on the target's page\n" if unlisted else ""
            if console.is_terminal:
                console.print(_framed(title, headings, lines))
                click.echo(rest, nl=False)
            else:
                click.echo(f"{title}\n{_plain([headings, *lines])}\n{rest}")
    if board.waiting:
        click.echo(f"not evaluated yet: {_named(board.waiting)}")
    if board.reported:
        click.echo(f"reported by others, never ranked: {_named(board.reported)}")
    if not board.rows and not board.reported:
        click.echo("no submission yet; `stiltboard new SLUG` scaffolds one")


def _named(rows: Sequence[Row | ReportedRow]) -> str:
    unlisted = len(rows) - _MOST
    return ", ".join(
        [row.slug for row in rows[:_MOST]] + ([f"and {count(unlisted)} more"] if unlisted > 0 else [])
    )


def _line(standing: Standing, row: Row) -> tuple[str, ...]:
    cell = standing.cell(row)
    return (
        rank_range(*cell.ranks) if cell.ranks else "–",
        row.submission.title,
        row.regime.value,
        ", ".join(row.submission.intermediate.tasks) or "–",
        compact(row.parameters.body) if row.parameters else "–",
        str(len(row.submission.checkpoints)),
        _score(cell),
    )


def _score(cell: Cell) -> str:
    if cell.score is None:
        return "failed" if cell.failed else f"{cell.measured} of {cell.of} languages"
    return points(cell.score)


def _framed(title: str, headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> Table:
    table = Table(title=Text(title), title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right" if _right(heading, headings) else "left")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _plain(lines: list[tuple[str, ...]]) -> str:
    """Align columns by display width: a Chinese character is two cells wide on a terminal."""
    columns = [_aligned(column, right=_right(column[0], lines[0])) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _right(heading: str, headings: tuple[str, ...]) -> bool:
    return heading in _NUMBERS or heading == headings[-1]


def _aligned(column: tuple[str, ...], *, right: bool) -> list[str]:
    width = max(map(cell_len, column))
    gaps = [" " * (width - cell_len(text)) for text in column]
    return [gap + text if right else text + gap for gap, text in zip(gaps, column, strict=True)]
