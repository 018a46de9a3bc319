"""What changed between two boards; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.records.origin import Origin
from site_gen.board.board import Board, Cell, Row
from site_gen.board.edition import BoardChanges, CellChange, Named, Placement, Renamed, TargetChanges
from site_gen.board.reported import ReportedRow

# Compares targets of a submission, by its earlier and its present slug: the paired difference by target.
Comparer = Callable[[str, str, Sequence[str]], Mapping[str, str]]


def changes_between(
    before: Board, after: Board, name: str, origin: Origin, compare: Comparer, *, is_snapshot: bool
) -> BoardChanges:
    """Return what changed since the board `before`, called `name`, which is that of the commit `origin`."""
    old, new = _rows(before), _rows(after)
    present = {slug: slug if slug in new else after.former_slugs.get(slug, slug) for slug in old}
    renamed = [
        Renamed(slug, Named(now, new[now].submission.title))
        for slug, now in present.items()
        if now != slug and now in new
    ]
    kept = [(slug, now) for slug, now in present.items() if now in new]
    old_rows, new_rows = ({row.slug: row for row in board.rows} for board in (before, after))
    pairs = [(old_rows[slug], new_rows[now]) for slug, now in kept if slug in old_rows and now in new_rows]
    return BoardChanges(
        name,
        is_snapshot,
        origin,
        added=_named(new, new.keys() - {now for _, now in kept}),
        removed=_named(old, {slug for slug, now in present.items() if now not in new}),
        renamed=tuple(renamed),
        targets=tuple(_target_changes(after, pairs, compare)),
        unchanged=frozenset(new.slug for old, new in pairs if _is_unchanged(old, new)),
    )


def _rows(board: Board) -> dict[str, Row | ReportedRow]:
    rows: dict[str, Row | ReportedRow] = {row.slug: row for row in board.rows}
    return rows | {row.slug: row for row in board.reported}


def _named(rows: Mapping[str, Row | ReportedRow], slugs: set[str]) -> tuple[Named, ...]:
    return tuple(Named(slug, rows[slug].submission.title) for slug in sorted(slugs))


def _target_changes(
    after: Board, pairs: Sequence[tuple[Row, Row]], compare: Comparer
) -> Iterator[TargetChanges]:
    results: dict[str, list[CellChange]] = {}
    places: dict[str, list[CellChange]] = {}
    titles = {standing.target.name: standing.target.title for standing in after.standings}
    for old, new in pairs:
        measured_again = [
            name
            for name in old.cells.keys() & new.cells.keys()
            if not _is_same_result(old.cells[name], new.cells[name])
        ]
        comparisons = compare(old.slug, new.slug, sorted(measured_again)) if measured_again else {}
        for name in {**old.cells, **new.cells}:
            cells = old.cells.get(name), new.cells.get(name)
            titles.setdefault(name, next(cell.target.title for cell in cells if cell))
            states = [_placement(cell) if cell else None for cell in cells]
            change = CellChange(
                Named(new.slug, new.submission.title), states[0], states[1], comparisons.get(name, "")
            )
            if name in measured_again or None in states:
                results.setdefault(name, []).append(change)
            elif states[0] != states[1]:
                places.setdefault(name, []).append(change)
    for name, title in titles.items():
        if name in results or name in places:
            yield TargetChanges(name, title, _ordered(results.get(name)), _ordered(places.get(name)))


def _is_unchanged(old: Row, new: Row) -> bool:
    return (
        (old.slug, old.submission) == (new.slug, new.submission)
        and old.cells.keys() == new.cells.keys()
        and all(_is_same_result(old.cells[name], cell) for name, cell in new.cells.items())
    )


def _is_same_result(old: Cell, new: Cell) -> bool:
    """Tell whether two results are the same measurement; their slugs and their records of runs may differ."""
    left, right = old.result, new.result
    return (
        (left.signature, left.score, left.interval, left.seeds, left.failed, left.data, left.texts)
        == (right.signature, right.score, right.interval, right.seeds, right.failed, right.data, right.texts)
        and left.languages == right.languages
        and left.table.tobytes() == right.table.tobytes()
    )


def _placement(cell: Cell) -> Placement:
    return Placement(cell.score, cell.ranks, cell.reason)


def _ordered(changes: Sequence[CellChange] | None) -> tuple[CellChange, ...]:
    """Order by present rank, those without one last."""

    def order(change: CellChange) -> tuple[float, str]:
        ranks = change.after.ranks if change.after else None
        return (ranks[0] if ranks else float("inf"), change.row.slug)

    return tuple(sorted(changes or (), key=order))
