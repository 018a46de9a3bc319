"""The leaderboard's rows as columns, for the script that sorts and filters them; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from site_gen.board.averages import XTREME_GROUPS
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.recipe import recipe
from site_gen.figures.style import REGIME_MARKS, regime_word
from site_gen.formatting import share
from site_gen.once import once

_Words = TypeVar("_Words", str, tuple[str, str])


@once
def benchmark_rows(board: Board) -> tuple[Row, ...]:
    """Return the leaderboard's rows in the order of the main target, then rows without a result on it."""
    if not board.main.target.in_xtreme:
        return ()
    rows = {row.slug: row for row in board.rows}
    first = [rows.pop(row.slug) for row in board.main.rows]
    return (*first, *(row for row in rows.values() if row.evaluated))


def shown_targets(board: Board) -> tuple[Standing, ...]:
    """Return the standings that have a column."""
    return tuple(standing for standing in board.benchmark if standing.rows or standing.reported)


def shown_groups(columns: Iterable[Standing]) -> tuple[str, ...]:
    """Return the groups of the targets that have a column, in the order of the benchmark."""
    column_groups = {standing.target.group for standing in columns}
    return tuple(group for group in XTREME_GROUPS if group in column_groups)


def rows_js(board: Board) -> bytes:
    """Return a script with all rows, by column.

    It is a script because a page opened from disk may load nothing else.
    """
    rows, columns = benchmark_rows(board), shown_targets(board)
    families = _numbered(row.submission.family for row in rows)
    row_values = [_row_values(row) for row in rows]
    recipes = _numbered(values.recipe for values in row_values)
    regimes = {regime: number for number, regime in enumerate(REGIME_MARKS)}
    cells = [row.cells.get(board.main.target.name) for row in rows]
    sizes = [row.parameters for row in rows]
    names = [standing.target.name for standing in columns]
    averages = ["xtreme", *shown_groups(columns)]
    document = {
        "targets": [
            [standing.target.name, standing.target.title, standing.target.group] for standing in columns
        ],
        "families": list(families),
        "recipes": list(recipes),
        "regimes": [[regime_word(regime), regime.value] for regime in regimes],
        "slug": [row.slug for row in rows],
        "title": [row.submission.title for row in rows],
        "family": [families[row.submission.family] for row in rows],
        "recipe": [recipes[values.recipe] for values in row_values],
        "regime": [regimes[row.regime] for row in rows],
        "batches": _sparse(
            batches.value if (batches := row.submission.intermediate.batches) else None for row in rows
        ),
        "seeds": [len(row.submission.checkpoints) for row in rows],
        "body": [size.body if size else None for size in sizes],
        "total": [size.total if size else None for size in sizes],
        "best": [cell.ranks[0] if cell and cell.ranks else None for cell in cells],
        "worst": [cell.ranks[1] if cell and cell.ranks else None for cell in cells],
        "mark": [values.mark for values in row_values],
        "score": {name: [values.scores.get(name) for values in row_values] for name in names},
        "part": {name: _sparse(values.parts.get(name) for values in row_values) for name in names},
        "seen": {name: _sparse(values.seen.get(name) for values in row_values) for name in names},
        "flag": {name: _sparse(values.flags.get(name) for values in row_values) for name in names},
        "mean": {name: [values.means[name] for values in row_values] for name in averages},
        "covered": {name: [values.covered[name] for values in row_values] for name in averages},
        "of": {name: XTREME_GROUPS.total() if name == "xtreme" else XTREME_GROUPS[name] for name in averages},
    }
    return f"stiltboardRows({json.dumps(document, ensure_ascii=False, separators=(',', ':'))});\n".encode()


def _numbered(words: Iterable[str]) -> Mapping[str, int]:
    """Map each distinct word to its index in sorted order, from 0."""
    return {word: number for number, word in enumerate(sorted(set(words)))}


def _sparse(words: Iterable[_Words | None]) -> dict[int, _Words]:
    """Return the non-empty words by their row's number."""
    return {number: word for number, word in enumerate(words) if word}


class _RowValues(NamedTuple):
    """A row's values by target and its means; `flags` are the notices that take a rank, in short and in full.

    `parts` is the text for a missing score, `seen` the warning about test data.
    """

    recipe: str
    mark: str
    scores: Mapping[str, float]
    parts: Mapping[str, str]
    seen: Mapping[str, str]
    flags: Mapping[str, tuple[str, str]]
    means: Mapping[str, float | None]
    covered: Mapping[str, int]


@once
def _row_values(row: Row) -> _RowValues:
    cells = row.cells
    averages = {"xtreme": row.average, **row.groups}
    return _RowValues(
        recipe(row.submission),
        row.mark,
        {name: round(cell.score, 4) for name, cell in cells.items() if cell.score is not None},
        {name: _missing_score(cell) for name, cell in cells.items() if cell.score is None},
        {name: cell.trust.seen.said for name, cell in cells.items() if cell.trust.seen.said},
        {name: (cell.trust.flag, cell.trust.objection) for name, cell in cells.items() if cell.trust.notices},
        {
            name: None if average.mean is None else round(average.mean, 4)
            for name, average in averages.items()
        },
        {name: average.covered for name, average in averages.items()},
    )


def _missing_score(cell: Cell) -> str:
    return "failed" if cell.failed else share(cell.measured, cell.of, "languages")
