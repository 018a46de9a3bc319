"""The leaderboard's rows by column, for the script that sorts and filters them; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from site_gen.averages import XTREME_GROUPS
from site_gen.curves import recipe
from site_gen.leaderboard import Board, Row, Standing
from site_gen.marks import REGIME_MARKS, regime_word
from site_gen.once import once
from site_gen.wording import share

# What a page lists; the rest is loaded when it is asked for, and stands on parts of their own without the script.
PAGE_ROWS = 50


@once
def benchmark_rows(board: Board) -> tuple[Row, ...]:
    """Return the rows of the leaderboard in the order of the main target, then those that only have another."""
    if not board.main.target.in_xtreme:
        return ()
    first = board.main.rows
    placed = {row.slug for row in first}
    return (*first, *(row for row in board.rows if row.evaluated and row.slug not in placed))


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
    families = _distinct(row.submission.family for row in rows)
    recipes = _distinct(recipe(row.submission) for row in rows)
    regimes = list(REGIME_MARKS)
    cells = [row.cells.get(board.main.target.name) for row in rows]
    sizes = [row.parameters for row in rows]
    document = {
        "targets": [[standing.target.name, standing.target.title, standing.target.group] for standing in columns],
        "families": families,
        "recipes": recipes,
        "regimes": [[regime_word(regime), regime.value] for regime in regimes],
        "slug": [row.slug for row in rows],
        "title": [row.submission.title for row in rows],
        "family": [families.index(row.submission.family) for row in rows],
        "recipe": [recipes.index(recipe(row.submission)) for row in rows],
        "regime": [regimes.index(row.regime) for row in rows],
        "seeds": [len(row.submission.checkpoints) for row in rows],
        "body": [size.body if size else None for size in sizes],
        "total": [size.total if size else None for size in sizes],
        "best": [cell.ranks[0] if cell and cell.ranks else None for cell in cells],
        "worst": [cell.ranks[1] if cell and cell.ranks else None for cell in cells],
        "mark": [row.mark for row in rows],
        "score": {standing.target.name: _scores(rows, standing) for standing in columns},
        "part": {standing.target.name: _parts(rows, standing) for standing in columns},
        "seen": {standing.target.name: _seen(rows, standing) for standing in columns},
        **_means(rows, columns),
    }
    return f"stiltboardRows({json.dumps(document, ensure_ascii=False, separators=(',', ':'))});\n".encode()


def _distinct(words: Iterable[str]) -> list[str]:
    return sorted(set(words))


def _scores(rows: Sequence[Row], standing: Standing) -> list[float | None]:
    found = [row.cells.get(standing.target.name) for row in rows]
    return [round(cell.score, 4) if cell is not None and cell.score is not None else None for cell in found]


def _parts(rows: Sequence[Row], standing: Standing) -> dict[int, str]:
    """Return what stands instead of a score, by the row's number."""
    found = ((i, row.cells.get(standing.target.name)) for i, row in enumerate(rows))
    lacking = ((i, cell) for i, cell in found if cell is not None and cell.score is None)
    return {i: "failed" if cell.failed else share(cell.measured, cell.of, "languages") for i, cell in lacking}


def _seen(rows: Sequence[Row], standing: Standing) -> dict[int, str]:
    """Return what of the target was seen in training, by the row's number."""
    found = ((i, row.cells.get(standing.target.name)) for i, row in enumerate(rows))
    return {i: cell.trust.seen.said for i, cell in found if cell is not None and cell.trust.seen.said}


def _means(rows: Sequence[Row], columns: Iterable[Standing]) -> dict[str, object]:
    averages = {group: [row.groups[group] for row in rows] for group in shown_groups(columns)}
    averages["xtreme"] = [row.average for row in rows]
    return {
        "mean": {name: [None if one.mean is None else round(one.mean, 4) for one in every] for name, every in averages.items()},
        "covered": {name: [one.covered for one in every] for name, every in averages.items()},
        "of": {**{group: XTREME_GROUPS[group] for group in averages if group != "xtreme"}, "xtreme": XTREME_GROUPS.total()},
    }
