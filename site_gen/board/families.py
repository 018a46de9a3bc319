"""Families of encoders: the submissions that one scaling curve may join; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.records import Regime
from site_gen.board.board import Board, Row, Standing
from site_gen.board.reported import ReportedRow
from site_gen.once import once

_AnyRow = TypeVar("_AnyRow", Row, ReportedRow)


@dataclass(frozen=True)
class Family:
    """One family: its submissions by size and regime, and the standings on their targets, only of these rows.

    Ranks are still those among all submissions.
    """

    name: str
    rows: tuple[Row, ...]
    reported: tuple[ReportedRow, ...]
    standings: tuple[Standing, ...]

    @property
    def path(self) -> str:
        """Return the path of its page; names are lower case by schema, so no two families share a file."""
        return family_path(self.name)


def family_path(name: str) -> str:
    """Return the path of a family's page within the site."""
    return f"families/{name}.html"


@once
def families(board: Board) -> tuple[Family, ...]:
    """Return every family that has a submission or a row of published numbers, by name."""
    rows, reported = _grouped(board.rows), _grouped(board.reported)
    return tuple(
        Family(
            name,
            tuple(sorted(rows.get(name, ()), key=_by_size)),
            tuple(reported.get(name, ())),
            tuple(_standings(board, name)),
        )
        for name in sorted({*rows, *reported})
    )


def _grouped(rows: Iterable[_AnyRow]) -> Mapping[str, Sequence[_AnyRow]]:
    groups: dict[str, list[_AnyRow]] = {}
    for row in rows:
        groups.setdefault(row.submission.family, []).append(row)
    return groups


def _by_size(row: Row) -> tuple[int, int, str]:
    size = row.parameters.body if row.parameters else 0
    return size, list(Regime).index(row.regime), row.slug


def _standings(board: Board, name: str) -> Iterator[Standing]:
    return (parts[name] for standing in board.standings if name in (parts := _parts(standing)))


@once
def _parts(standing: Standing) -> Mapping[str, Standing]:
    """Return the standing of each family, with that family's rows only."""
    return {name: Standing(standing.target, tuple(rows)) for name, rows in _grouped(standing.rows).items()}
