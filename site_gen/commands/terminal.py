"""The leaderboard on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import click

from harness.text_table import print_table
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.reported import ReportedRow
from site_gen.board.target_labels import target_label
from site_gen.formatting import compact, count, metric_name, points, rank_range

_HEADINGS = ("rank", "submission", "regime", "tasks", "parameters", "seeds")
_NUMBERS = frozenset({"rank", "parameters", "seeds"})
# The terminal lists at most this many submissions of a target; the site has all.
_MOST = 25


def print_board(board: Board) -> None:
    """Print the best rows of each target, and what waits for a measurement."""
    for standing in board.standings:
        if standing.rows:
            tag = target_label(standing.target).tag
            outside = "" if any(one is standing for one in board.benchmark) else ", outside the benchmark"
            title = standing.target.title + (f" ({tag}{outside})" if tag else "")
            headings = (*_HEADINGS, metric_name(standing.target.metric))
            lines = [_line(standing, row) for row in standing.rows[:_MOST]]
            unlisted = len(standing.rows) - len(lines)
            rest = f"and {count(unlisted)} more on the target's page\n" if unlisted else ""
            print_table(headings, lines, right={*_NUMBERS, headings[-1]}, title=title)
            click.echo(rest)
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
