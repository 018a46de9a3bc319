"""What changed on which day, by the records: results, replacements, notices, withdrawals; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from site_gen.board.board import Board, Row
from site_gen.board.run_info import run_dates
from site_gen.formatting import points

# The page of changes lists at most so many lines, the newest.
LISTED_DATES = 200


@dataclass(frozen=True)
class DatedChange:
    """A change of one submission: the day (YYYY-MM-DD), its slug and title, the test or nothing, and what."""

    day: str
    slug: str
    title: str
    test: str
    what: str


def dated_changes(board: Board) -> tuple[tuple[str, tuple[DatedChange, ...]], ...]:
    """Return the newest changes by day, the newest day first; those of a day by submission and test."""
    changes = [change for row in board.rows for change in _of_row(row)]
    changes += [
        DatedChange(tombstone.date[:10], tombstone.submission, tombstone.submission, "", "withdrawn")
        for tombstone in board.withdrawn
    ]
    changes += [
        DatedChange(notice.date[:10], row.slug, row.submission.title, "", _noticed(notice.kind.value))
        for row in board.reported
        for notice in row.notices
    ]
    changes.sort(key=lambda change: (change.title, change.test))
    changes.sort(key=lambda change: change.day, reverse=True)
    newest = changes[:LISTED_DATES]
    return tuple((day, tuple(lines)) for day, lines in groupby(newest, key=lambda change: change.day))


def _of_row(row: Row) -> Iterator[DatedChange]:
    title = row.submission.title
    replaced = {earlier.entry.target for earlier in row.history if not earlier.pending}
    for target, date in run_dates(row).items():
        cell = row.cells[target]
        score = (
            f"{cell.measured} of {cell.of} languages"
            if cell.score is None
            else f"{points(cell.score)} points"
        )
        what = f"{'measured again' if target in replaced else 'new'}: {score}"
        yield DatedChange(date.date().isoformat(), row.slug, title, cell.target.title, what)
    for earlier in row.history:
        entry = earlier.entry
        if entry.date is not None:
            cells = [cell for name, cell in row.cells.items() if name == entry.target]
            test = cells[0].target.title if cells else entry.target
            scores = [points(score) for score in (entry.score, earlier.after) if score is not None]
            what = f"{earlier.what}{': ' if scores else ''}{' → '.join(scores)} ({entry.reason.rstrip('.')})"
            yield DatedChange(entry.date[:10], row.slug, title, test, what)
    for notice in row.notices:
        yield DatedChange(notice.date[:10], row.slug, title, "", _noticed(notice.kind.value))
        if notice.lifted:
            yield DatedChange(
                notice.lifted[:10], row.slug, title, "", f"no longer {notice.kind.value.replace('-', ' ')}"
            )


def _noticed(kind: str) -> str:
    return f"marked as {kind.replace('-', ' ')}"
