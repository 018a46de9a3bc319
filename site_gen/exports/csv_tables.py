"""The leaderboard as CSV: RFC 4180, UTF-8, and no cell that a spreadsheet would take for a formula; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from harness.records import Target
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.reported import ReportedRow
from site_gen.board.unpublished import weights_links
from site_gen.once import once

Value = str | int | float | None

# A spreadsheet takes text with such a beginning for a formula, quoted or not; the last four are the
# full-width forms of the first four.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_DECIMALS = 4


def leaderboard_csv(board: Board) -> bytes:
    """Return the whole board, one line per submission, measured ones first, with scores and ranks.

    A score without a rank is not comparable with the others; the target's file gives the reason.
    """
    shown = [standing.target for standing in board.standings if standing.rows or standing.reported]
    header = [
        *_ABOUT,
        "xtreme_average",
        "source",
        "mark",
        "seen_in_training",
        *(f"{target.name}{part}" for target in shown for part in _OF_A_TARGET),
    ]
    names = tuple(target.name for target in shown)
    reported = (
        [
            *_about_reported(row),
            row.average.mean,
            row.submission.reported.source,
            "reported",
            "",
            *_reported_scores(row, shown),
        ]
        for row in board.reported
    )
    return csv_lines((header,)) + b"".join(_line(row, names) for row in board.rows) + csv_lines(reported)


@once
def _line(row: Row, targets: tuple[str, ...]) -> bytes:
    """Return a submission's line in the CSV of the whole board."""
    scores = (value for target in targets for value in _score_and_ranks(row.cells.get(target)))
    return csv_lines([[*_about(row), row.average.mean, "", row.mark, _seen(row), *scores]])


def target_csv(standing: Standing) -> bytes:
    """Return a target's ranking, one line per submission; reported rows come last, without a rank."""
    header = [
        *_ABOUT, "rank", "rank_best", "rank_worst", "score", "interval_low", "interval_high",
        "languages_measured", "languages", "unranked_because", "mark", "seen_in_training",
    ]  # fmt: skip
    measured = b"".join(_target_line(row, standing.target.name) for row in standing.rows)
    reported = (
        [
            *_about_reported(row),
            None,
            None,
            None,
            cell.score,
            None,
            None,
            None,
            len(standing.target.languages),
            "reported",
            "reported",
            "",
        ]
        for row in standing.reported
        for cell in [row.cells[standing.target.name]]
    )
    return csv_lines((header,)) + measured + csv_lines(reported)


@once
def _target_line(row: Row, target: str) -> bytes:
    """Return a submission's line in a target's ranking."""
    return csv_lines([[*_about(row), *_ranked(row.cells[target])]])


def csv_lines(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as CSV lines; text that a spreadsheet would compute gets a leading apostrophe."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return round(value, _DECIMALS) if isinstance(value, float) else value


# Of a target: its score, its place by score, and the ranks that examples and seeds leave possible.
_OF_A_TARGET = ("", "_place", "_rank_best", "_rank_worst")
_ABOUT = (
    "kind", "submission", "title", "family", "regime", "batches", "tasks", "training_languages",
    "training_examples", "parameters", "parameters_total", "seeds", "licence", "weights",
)  # fmt: skip


@once
def _about(row: Row) -> tuple[Value, ...]:
    intermediate, size = row.submission.intermediate, row.parameters
    return (
        *("measured", row.slug, row.submission.title, row.submission.family, row.regime.value),
        intermediate.batches.value if intermediate.batches else None,
        *(" ".join(intermediate.tasks), " ".join(intermediate.languages), intermediate.examples),
        *(size.body if size else None, size.total if size else None, len(row.submission.checkpoints)),
        *(row.submission.license, " ".join(weights_links(row))),
    )


def _about_reported(row: ReportedRow) -> Iterator[Value]:
    intermediate = row.submission.intermediate
    yield from ("reported", row.slug, row.submission.title, row.submission.family, row.regime.value)
    yield intermediate.batches.value if intermediate.batches else None
    yield from (" ".join(intermediate.tasks), " ".join(intermediate.languages), intermediate.examples)
    yield from (None, row.submission.reported.parameters, None, row.submission.license, None)


def _score_and_ranks(cell: Cell | None) -> tuple[Value, ...]:
    if cell is None:
        return (None,) * len(_OF_A_TARGET)
    return (cell.score, cell.rank, *(cell.ranks or (None, None)))


def _seen(row: Row) -> str:
    """Return the targets whose dev or test set was seen in training, separated by spaces."""
    return " ".join(name for name, cell in row.cells.items() if cell.trust.seen.held_out)


def _reported_scores(row: ReportedRow, targets: Iterable[Target]) -> Iterator[Value]:
    for target in targets:
        yield row.cells[target.name].score if target.name in row.cells else None
        yield from (None,) * (len(_OF_A_TARGET) - 1)


def _ranked(cell: Cell) -> Iterator[Value]:
    best, worst = cell.ranks or (None, None)
    low, high = (cell.result.interval if cell.complete else None) or (None, None)
    yield from (
        cell.rank,
        best,
        worst,
        cell.score,
        low,
        high,
        cell.measured,
        cell.of,
        cell.reason,
    )
    yield from (cell.trust.mark.value, " ".join(cell.trust.seen.held_out))
