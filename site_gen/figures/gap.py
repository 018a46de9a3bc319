"""The panel below the scaling curves: the gap multilingual − English-only by size; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.records import Target
from site_gen import paths
from site_gen.board.board import Standing
from site_gen.board.gap import Gap, SizeGap, gaps
from site_gen.board.recipe import recipe_title
from site_gen.figures.axes import Axis, difference_axis
from site_gen.figures.figure import SIDE_BY_SIDE, Column, Curve, Figure, Line, Point, Table
from site_gen.figures.scaling import Size, scaling_figure
from site_gen.figures.style import difference_mark, recipe_symbol
from site_gen.formatting import compact, count, signed

# With more, curves could not be told apart.
MOST_DRAWN = 8


def standing_gap_figure(standing: Standing, size: Size = "body") -> Figure | None:
    """Return the figure of a target's gaps on the size axis of its scaling curves, or None without a gap."""
    curves = scaling_figure(standing, size=size)
    totals = {
        row.slug: cell.parameters.total for row in standing.ranked if (cell := standing.cell(row)).parameters
    }
    return (
        gap_figure(standing.target, gaps(standing), curves.x, totals if size == "total" else {})
        if curves
        else None
    )


def gap_figure(
    target: Target, gaps: Sequence[Gap], size_axis: Axis, totals: Mapping[str, int] | None = None
) -> Figure | None:
    """Return the figure of a target's gaps on the size axis of its scaling curves, or None without a gap.

    `totals` are all parameters of a row by its slug, where they are shown in place of those outside the
    embeddings.

    Only as many series are drawn as there are distinguishable marks; the table has all.
    """
    if not gaps:
        return None
    drawn = gaps[:MOST_DRAWN]
    bounds = [bound for gap in drawn for size in gap.sizes for bound in size.interval]
    caption = [
        "Above zero, multilingual intermediate training is better; "
        "whiskers are intervals at 95\u00a0%, over seeds and examples."
    ]
    if len(drawn) > 1:
        caption.append(SIDE_BY_SIDE)
    if any(gap.real for gap in drawn):
        caption.append("A ring marks a size that is beyond chance when all sizes are tested together.")
    if any(size.matched for gap in gaps for size in gap.sizes):
        caption.append(
            "Where both sides differ only in the training languages, their seeds are compared in pairs."
        )
    if len(drawn) < len(gaps):
        caption.append(f"{len(drawn)} of {len(gaps)} series are drawn; the table lists all.")
    return Figure(
        name=f"gap-{target.name}",
        title=f"{target.title}: multilingual minus English-only by model size",
        x=size_axis,
        y=difference_axis("Multilingual − English-only (points)", bounds),
        curves=tuple(_curve(number, gap, totals or {}) for number, gap in enumerate(drawn)),
        caption=tuple(caption),
        table=_table(gaps),
        side_by_side=True,
        sides=("multilingual better ↑", "English-only better ↓"),
    )


def _curve(number: int, gap: Gap, totals: Mapping[str, int]) -> Curve:
    tasks = gap.sizes[-1].multilingual.submission.intermediate.tasks
    mark = difference_mark(number, recipe_symbol(tasks))
    points = tuple(_point(size, totals) for size in gap.sizes)
    decided = tuple(point for size, point in zip(gap.sizes, points, strict=True) if size in gap.real)
    label = f"{gap.family} ({_title(gap)})"
    return Curve(label=label, mark=mark, points=points, joined=len(points) > 2, marked=decided)


def _point(size: SizeGap, totals: Mapping[str, int]) -> Point:
    low, high = size.interval
    parameters = totals.get(size.multilingual.slug, size.parameters)
    seeds = [len(row.submission.checkpoints) for row in (size.english, size.multilingual)]
    hover_text = (
        f"{signed(size.points, 2)} points ({signed(low, 2)} to {signed(high, 2)})",
        f"{compact(parameters)} parameters, {min(seeds)} seeds, p {size.p:.4f}",
        size.multilingual.submission.title,
        f"minus {size.english.submission.title}",
    )
    link = paths.page(size.multilingual.slug)
    return Point(parameters, size.points, hover_text, interval=size.interval, link=link)


def _title(gap: Gap) -> str:
    return recipe_title(gap.sizes[-1].multilingual.submission)


def _table(gaps: Sequence[Gap]) -> Table:
    columns = (
        Column("Family and recipe", head=True), Column("Parameters", number=True),
        Column("English-only"), Column("Multilingual"),
        Column("Difference", number=True), Column("95\u00a0% interval"), Column("p", number=True),
        Column("p, all sizes together", number=True),
    )  # fmt: skip
    lines = (
        Line(
            (
                f"{gap.family} ({_title(gap)})",
                count(size.parameters),
                size.english.submission.title,
                size.multilingual.submission.title,
                signed(size.points, 2),
                f"[{signed(size.interval[0], 2)}, {signed(size.interval[1], 2)}]",
                f"{size.p:.4f}",
                f"{together:.4f}",
            )
        )
        for gap in gaps
        for size, together in zip(gap.sizes, gap.p_together, strict=True)
    )
    return Table(columns, tuple(lines))
