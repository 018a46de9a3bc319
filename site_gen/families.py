"""Families of encoders: the submissions that a curve may join; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.records import Regime
from site_gen.leaderboard import Board, Row, Standing
from site_gen.once import once
from site_gen.reported import ReportedRow


@dataclass(frozen=True)
class Family:
    """One family: its submissions by size and regime, and the standings of the targets that they have, with these rows only.

    Ranks stay those among all submissions.
    """

    name: str
    rows: tuple[Row, ...]
    reported: tuple[ReportedRow, ...]
    standings: tuple[Standing, ...]

    @property
    def path(self) -> str:
        """Return where its page stands within the site; the schema allows lower case only, so that no two share a file."""
        return family_path(self.name)


def family_path(name: str) -> str:
    """Return where a family's page stands within the site."""
    return f"families/{name}.html"


@once
def families(board: Board) -> tuple[Family, ...]:
    """Return every family that has a submission or a row of published numbers, by name."""
    names = sorted({row.submission.family for row in board.rows} | {row.submission.family for row in board.reported})
    return tuple(_family(board, name) for name in names)


def _family(board: Board, name: str) -> Family:
    rows = tuple(sorted((row for row in board.rows if row.submission.family == name), key=_by_size))
    reported = tuple(row for row in board.reported if row.submission.family == name)
    return Family(name, rows, reported, tuple(_standings(board, name)))


def _by_size(row: Row) -> tuple[int, int, str]:
    size = row.parameters.body if row.parameters else 0
    return size, list(Regime).index(row.regime), row.slug


def _standings(board: Board, name: str) -> Iterator[Standing]:
    for standing in board.standings:
        if rows := tuple(row for row in standing.rows if row.submission.family == name):
            yield Standing(standing.target, rows)
