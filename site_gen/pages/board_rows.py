"""The leaderboard's rows by column, for the script that sorts and filters them; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from site_gen.board.averages import XTREME_GROUPS
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.recipe import recipe
from site_gen.figures.style import REGIME_MARKS, regime_word
from site_gen.formatting import share
from site_gen.once import once


@once
def benchmark_rows(board: Board) -> tuple[Row, ...]:
    """Return the rows of the leaderboard in the order of the main target, then those that only have another."""
    if not board.main.target.in_xtreme:
        return ()
    rows = {row.slug: row for row in board.rows}
    first = [rows.pop(row.slug) for row in board.main.rows]
    return (*first, *(row for row in rows.values() if row.evaluated))


def shown_targets(board: Board) -> tuple[Standing, ...]:
    """Return the standings that have a column."""
    return tuple(standing for standing in board.benchmark if standing.rows or standing.reported)


def shown_groups(columns: Iterable[Standing]) -> tuple[str, ...]:
    """Return the groups of XTREME's targets that have a column, in the order of the benchmark."""
    there = {standing.target.group for standing in columns}
    return tuple(group for group in XTREME_GROUPS if group in there)


def rows_js(board: Board) -> bytes:
    """Return a script that hands over all rows, by column: a page opened from disk may load a script, and nothing else."""
    rows, columns = benchmark_rows(board), shown_targets(board)
    families = _places(row.submission.family for row in rows)
    told = [_told(row) for row in rows]
    recipes = _places(each.recipe for each in told)
    regimes = {regime: place for place, regime in enumerate(REGIME_MARKS)}
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
        "recipe": [recipes[each.recipe] for each in told],
        "regime": [regimes[row.regime] for row in rows],
        "seeds": [len(row.submission.checkpoints) for row in rows],
        "body": [size.body if size else None for size in sizes],
        "total": [size.total if size else None for size in sizes],
        "best": [cell.ranks[0] if cell and cell.ranks else None for cell in cells],
        "worst": [cell.ranks[1] if cell and cell.ranks else None for cell in cells],
        "mark": [each.mark for each in told],
        "score": {name: [each.scores.get(name) for each in told] for name in names},
        "part": {name: _some(each.parts.get(name) for each in told) for name in names},
        "seen": {name: _some(each.seen.get(name) for each in told) for name in names},
        "mean": {name: [each.means[name] for each in told] for name in averages},
        "covered": {name: [each.covered[name] for each in told] for name in averages},
        "of": {name: XTREME_GROUPS.total() if name == "xtreme" else XTREME_GROUPS[name] for name in averages},
    }
    return f"stiltboardRows({json.dumps(document, ensure_ascii=False, separators=(',', ':'))});\n".encode()


def _places(words: Iterable[str]) -> Mapping[str, int]:
    """Return the place of each word among all that differ, in their order."""
    return {word: place for place, word in enumerate(sorted(set(words)))}


def _some(words: Iterable[str | None]) -> dict[int, str]:
    """Return what few rows have, by the row's number."""
    return {i: word for i, word in enumerate(words) if word}


class _RowColumns(NamedTuple):
    """What a row says in the columns of the targets: scores, what stands instead of one, what was seen in training, and the means."""

    recipe: str
    mark: str
    scores: Mapping[str, float]
    parts: Mapping[str, str]
    seen: Mapping[str, str]
    means: Mapping[str, float | None]
    covered: Mapping[str, int]


@once
def _told(row: Row) -> _RowColumns:
    cells = row.cells
    averages = {"xtreme": row.average, **row.groups}
    return _RowColumns(
        recipe(row.submission),
        row.mark,
        {name: round(cell.score, 4) for name, cell in cells.items() if cell.score is not None},
        {name: _instead(cell) for name, cell in cells.items() if cell.score is None},
        {name: cell.trust.seen.said for name, cell in cells.items() if cell.trust.seen.said},
        {name: None if one.mean is None else round(one.mean, 4) for name, one in averages.items()},
        {name: one.covered for name, one in averages.items()},
    )


def _instead(cell: Cell) -> str:
    return "failed" if cell.failed else share(cell.measured, cell.of, "languages")
