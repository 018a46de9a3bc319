"""Rows → scaling curves; pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.records import Regime, Submission
from site_gen.axes import compact, log_axis, points_axis
from site_gen.chart import Column, Curve, Figure, Line, Point, Table
from site_gen.leaderboard import Cell, Row, Standing
from site_gen.marks import REGIME_MARKS, REGIME_NAMES
from site_gen.wording import capital, count, metric_name, points

# Two points fit every line exactly: below this many sizes a curve shows its points and nothing through them.
SIZES_FOR_A_LINE = 3


def scaling_figure(standing: Standing) -> Figure | None:
    """Return a target's scaling curves, or None where no ranked row has a size.

    Only ranked rows enter: an incomplete mean, or one on other data, does not belong on the same axis. A curve joins
    one family under one regime *and* recipe, because sizes trained on different tasks are no scaling curve.
    """
    groups = _groups(standing)
    if not groups:
        return None
    curves = _curves(groups)
    shown = [point for curve in curves for point in curve.points]
    scores = [point.y for point in shown] + [score for point in shown for _, score in point.seeds]
    caption = ["Large symbols are submissions, small dots their seeds where there are several."]
    if any(curve.joined for curve in curves):
        caption.append("A line joins the means of one family under one regime and recipe; it is no fit.")
    if not all(curve.joined for curve in curves):
        caption.append("With fewer than three sizes a curve shows its points only.")
    return Figure(
        name=f"scaling-{standing.target.name}",
        title=f"{standing.target.title}: score by model size",
        x=log_axis("Parameters outside the embeddings (log scale)", [point.x for point in shown]),
        y=points_axis(f"{capital(metric_name(standing.target.metric))} (points)", scores),
        curves=curves,
        caption=tuple(caption),
        table=_table(groups, curves),
    )


def recipe(submission: Submission) -> str:
    """Name what the intermediate training consisted of, apart from its languages."""
    intermediate = submission.intermediate
    marks = [" + ".join(intermediate.tasks)] if intermediate.tasks else []
    marks += ["translated"] if intermediate.translated else []
    marks += ["continued MLM"] if intermediate.continued_mlm else []
    return ", ".join(marks)


# A curve's family, regime and recipe, and the ranked rows that it joins, by size.
_Groups = dict[tuple[str, Regime, str], list[tuple[Row, Cell]]]


def _groups(standing: Standing) -> _Groups:
    found: _Groups = {}
    for row in standing.ranked:
        if _size(cell := standing.cell(row)):
            found.setdefault((row.submission.family, row.regime, recipe(row.submission)), []).append((row, cell))
    order = list(Regime)
    keys = sorted(found, key=lambda key: (key[0], order.index(key[1]), key[2]))
    return {key: sorted(found[key], key=lambda placed: (_size(placed[1]), placed[0].slug)) for key in keys}


def _curves(groups: _Groups) -> tuple[Curve, ...]:
    families = sorted({family for family, _, _ in groups})
    return tuple(
        Curve(
            label=f"{family}, {REGIME_NAMES[regime]}{f' ({name})' if name else ''}",
            mark=REGIME_MARKS[regime],
            points=tuple(_point(row, cell) for row, cell in placed),
            joined=len({_size(cell) for _, cell in placed}) >= SIZES_FOR_A_LINE,
            open=families.index(family) % 2 == 1,
        )
        for (family, regime, name), placed in groups.items()
    )


def _point(row: Row, cell: Cell) -> Point:
    assert cell.score is not None
    says = (row.submission.title, f"{compact(_size(cell))} parameters", f"{points(cell.score)} points")
    means = (f"mean of {len(cell.seeds)} seeds",) if len(cell.seeds) > 1 else ()
    return Point(_size(cell), cell.score, (*says, *means), cell.seeds)


def _table(groups: _Groups, curves: Iterable[Curve]) -> Table:
    columns = (
        Column("Curve"), Column("Submission", head=True), Column("Parameters", number=True), Column("Score", number=True), Column("Seeds"),
    )  # fmt: skip
    lines = (
        Line(
            (curve.label, row.submission.title, count(_size(cell)), points(point.y), ", ".join(points(seed) for _, seed in point.seeds)),
            f"submissions/{row.slug}.html",
        )
        for curve, placed in zip(curves, groups.values(), strict=True)
        for point, (row, cell) in zip(curve.points, placed, strict=True)
    )
    return Table(columns, tuple(lines))


def _size(cell: Cell) -> int:
    """Return the parameters outside the embeddings; 0 where there is nothing to place on the axis."""
    return cell.parameters.body if cell.parameters is not None else 0
