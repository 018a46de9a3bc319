"""The ranked rows of a folder of submissions with their columns, and as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import WrongUsage
from site_gen.board.board import Board, Row
from site_gen.board.ranking import make_board
from site_gen.pages.board_columns import BoardColumn, benchmark_rows, board_columns, target_columns
from site_gen.pages.table_text import has_bounds
from site_gen.reading.board_content import with_content
from site_gen.reading.entries import gather


def ranked_table(submissions: Path, target: str = "") -> tuple[Sequence[BoardColumn], Sequence[Row]]:
    """Return columns and rows as the front page has them, or those of one target.

    Raises BadInput where a submission is malformed, KeyError for an unknown target.
    """
    board: Board = with_content(make_board(gather(submissions)), submissions)
    if not target:
        return board_columns(board), benchmark_rows(board)
    standing = {standing.target.name: standing for standing in board.standings}[target]
    return target_columns(standing), standing.rows


def frame(submissions: Path | str = "submissions", target: str = "", library: str = "pandas") -> Any:
    """Return the ranking as a data frame of pandas or polars, one row for each submission.

    Numbers are numbers, missing ones are missing; a score has two more columns with its 95 % interval, and
    `slug` names the submission.

    >>> from site_gen.reading.ranked_table import frame
    >>> frame(target="tatoeba").sort_values("Size")  # doctest: +SKIP

    Raises WrongUsage for another library, or where it is not installed.
    """
    if library not in ("pandas", "polars"):
        raise WrongUsage(f"no data frame of {library!r}", cure='library="pandas" or library="polars"')
    columns, rows = ranked_table(Path(submissions), target)
    data: dict[str, list[Any]] = {"slug": [row.slug for row in rows]}
    for column in (column for column in columns if column.kind != "links"):
        cells = [column.cell(row) for row in rows]
        data[column.title] = [cell.value if column.is_number else cell.text for cell in cells]
        if has_bounds(column):
            data[f"{column.title} low"] = [cell.bar[0] if cell.bar else None for cell in cells]
            data[f"{column.title} high"] = [cell.bar[2] if cell.bar else None for cell in cells]
    try:
        made = __import__(library)
    except ImportError:
        raise WrongUsage(f"{library} is not installed", cure=f"pip install {library}") from None
    return made.DataFrame(data)
