"""Published numbers → figures by model size, apart from the measured ones; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from site_gen.board.board import Standing
from site_gen.board.reported import ReportedRow
from site_gen.figures.axes import log_axis, points_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import SERIES_MARKS, UNMEASURED
from site_gen.formatting import capital, compact, count, metric_name, points

# Symbols that are told apart; more families share them.
_SYMBOLS = tuple(mark.symbol for mark in SERIES_MARKS)
# Rows of one family that one source publishes for one measure, by size: what a line may join.
_Groups = Mapping[tuple[str, str], tuple[tuple[ReportedRow, int, float], ...]]


def published_figures(standing: Standing) -> tuple[Figure, ...]:
    """Return a figure for each measure that some source publishes for two sizes of a family.

    A line joins the sizes of one family from one source; all lines are grey. Sizes are as published, in
    total. Only measures in points are drawn, and only as published, not what follows from them.
    """
    by_measure: dict[str, list[tuple[ReportedRow, int, float]]] = {}
    for row in standing.reported:
        parameters, cell = row.submission.reported.parameters, row.cells.get(standing.target.name)
        if parameters is None or cell is None:
            continue
        for value in cell.values:
            if not value.quantity and not value.source:
                by_measure.setdefault(value.name, []).append((row, parameters, value.value))
    figures = (_figure(standing, name, _grouped(rows)) for name, rows in by_measure.items())
    return tuple(figure for figure in figures if figure is not None)


def _grouped(rows: list[tuple[ReportedRow, int, float]]) -> _Groups:
    groups: dict[tuple[str, str], list[tuple[ReportedRow, int, float]]] = {}
    for row, size, value in rows:
        key = row.submission.family, row.submission.reported.source
        groups.setdefault(key, []).append((row, size, value))
    return {key: tuple(sorted(groups[key], key=lambda one: (one[1], one[0].slug))) for key in sorted(groups)}


def _figure(standing: Standing, measure: str, groups: _Groups) -> Figure | None:
    lines = {key: rows for key, rows in groups.items() if len({size for _, size, _ in rows}) > 1}
    if not lines:
        return None
    shown = [(size, value) for rows in lines.values() for _, size, value in rows]
    name = metric_name(measure)
    return Figure(
        name=f"published-{standing.target.name}-{measure.replace('_', '-')}",
        title=f"{standing.target.title}: {name}, published, by size",
        x=log_axis("Parameters in total, as published (log scale)", [size for size, _ in shown]),
        y=points_axis(f"{capital(name)} (points)", [value for _, value in shown]),
        curves=tuple(_curves(lines)),
        caption=(
            "Numbers that others published, none of them measured here: never ranked, never fitted, and not "
            "on an axis with measured ones. A line joins the sizes of one family from one source; families "
            "differ in more than size.",
            "Each name in the table leads to its source.",
        ),
        table=_table(lines),
    )


def _curves(lines: _Groups) -> Iterator[Curve]:
    for number, ((family, _), rows) in enumerate(lines.items()):
        mark = replace(UNMEASURED, symbol=_SYMBOLS[number % len(_SYMBOLS)])
        yield Curve(
            label=f"{family} ({rows[0][0].submission.reported.citation.split('. ')[0]})",
            mark=mark,
            points=tuple(
                Point(
                    size,
                    value,
                    (row.submission.title, f"{compact(size)} parameters", f"{points(value)} points"),
                )
                for row, size, value in rows
            ),
            open=True,
        )


def _table(lines: _Groups) -> Table:
    columns = (
        Column("Family"),
        Column("Row", head=True),
        Column("Parameters", number=True),
        Column("Published", number=True),
        Column("Source"),
    )
    return Table(
        columns,
        tuple(
            Line(
                (family, row.submission.title, count(size), points(value), row.submission.reported.citation),
                f"submissions/{row.slug}.html",
            )
            for (family, _), rows in lines.items()
            for row, size, value in rows
        ),
    )
