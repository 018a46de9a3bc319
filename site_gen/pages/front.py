"""The front page's context: the answer, its charts, and the table of all models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.catalog import is_own
from harness.records import Batches
from site_gen.board.answer_lines import answer_lines
from site_gen.board.board import Board, Row, Standing
from site_gen.board.by_language import language_boards, language_paths
from site_gen.board.evidence import evidence
from site_gen.board.gap_by_language import language_gaps
from site_gen.board.reported import ReportedRow
from site_gen.figures.registry import charts_of
from site_gen.pages.board_columns import benchmark_rows, board_columns
from site_gen.pages.common import Context, common
from site_gen.pages.pagination import PAGE_ROWS, linked_parts


def front(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    """Yield the front page with its context."""
    path = "index.html"
    main, rows = board.main, benchmark_rows(board)
    outside = [standing for standing in board.others if standing.rows or standing.reported]
    reported_rows = [row for row in board.reported if board.counts(row)]
    asks = board.settings.asks_regimes
    extra = {
        "findings": answer_lines(main) if asks and board.has_main else None,
        "evidence": evidence(main),
        "charts": [*(charts_of(main, "gap") if asks else ()), *charts_of(main, "scaling")],
        "language_paths": language_paths(language_boards(board)),
        "language_gaps": language_gaps(main) if asks and board.has_main else (),
        "benchmark_rows": rows,
        "families": sorted({row.submission.family for row in rows}),
        "batches": _batches(rows),
        "page_rows": PAGE_ROWS,
        "parts": linked_parts(1, len(rows)),
        "columns": board_columns(board),
        "reported_rows": reported_rows,
        "reported_targets": _reported_targets(board, reported_rows),
        "apart": [standing for standing in outside if not is_own(standing.target.name)],
        "own": [standing for standing in outside if is_own(standing.target.name)],
        "updated": newest_result(board),
    }
    yield path, {**common(board, base_url, path, "front"), **extra}


def newest_result(board: Board) -> str:
    """Return the day of the newest result, as YYYY-MM-DD; empty without a dated one."""
    measured = [cell.result.measured_at for row in board.rows for cell in row.cells.values()]
    days = [moment.date().isoformat() for moment in measured if moment is not None]
    return max(days, default="")


def _batches(rows: Sequence[Row]) -> list[str]:
    """Return the kinds of batches of the rows on the front page."""
    kinds = {row.submission.intermediate.batches for row in rows}
    return [kind.value for kind in Batches if kind in kinds]


def _reported_targets(board: Board, rows: Sequence[ReportedRow]) -> list[Standing]:
    """Return the benchmark's targets for which some row has a published score."""
    return [
        standing
        for standing in board.benchmark
        if any((cell := row.cells.get(standing.target.name)) and cell.score is not None for row in rows)
    ]
