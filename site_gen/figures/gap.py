"""The panel below the scaling curves: the gap multilingual − English-only by size; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Target
from site_gen.board.gap import Gap, SizeGap
from site_gen.figures.axes import Axis, difference_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import SERIES_MARKS
from site_gen.formatting import compact, count


def gap_figure(target: Target, gaps: Sequence[Gap], size_axis: Axis) -> Figure | None:
    """Return the figure of a target's gaps on the size axis of its scaling curves, or None without a gap.

    Only as many series are drawn as there are distinguishable marks; the table has all.
    """
    if not gaps:
        return None
    drawn = gaps[: len(SERIES_MARKS)]
    bounds = [bound for gap in drawn for size in gap.sizes for bound in size.interval]
    caption = [
        "Above zero, multilingual intermediate training is better; "
        "whiskers are intervals at 95\u00a0%, over seeds and examples."
    ]
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
        curves=tuple(_curve(number, gap) for number, gap in enumerate(drawn)),
        caption=tuple(caption),
        table=_table(gaps),
    )


def _curve(number: int, gap: Gap) -> Curve:
    points = tuple(_point(size) for size in gap.sizes)
    return Curve(
        label=f"{gap.family} ({gap.recipe})", mark=SERIES_MARKS[number], points=points, joined=len(points) > 2
    )


def _point(size: SizeGap) -> Point:
    low, high = size.interval
    hover_text = (
        f"{size.points:+.2f} points [{low:+.2f}, {high:+.2f}]",
        f"{compact(size.parameters)} parameters",
        f"p {size.p:.4f}",
    )
    return Point(size.parameters, size.points, hover_text, interval=size.interval)


def _table(gaps: Sequence[Gap]) -> Table:
    columns = (
        Column("Family and recipe", head=True), Column("Parameters", number=True),
        Column("English-only"), Column("Multilingual"),
        Column("Difference", number=True), Column("95\u00a0% interval"), Column("p", number=True),
    )  # fmt: skip
    lines = (
        Line(
            (
                f"{gap.family} ({gap.recipe})",
                count(size.parameters),
                size.english.submission.title,
                size.multilingual.submission.title,
                f"{size.points:+.2f}",
                f"[{size.interval[0]:+.2f}, {size.interval[1]:+.2f}]",
                f"{size.p:.4f}",
            )
        )
        for gap in gaps
        for size in gap.sizes
    )
    return Table(columns, tuple(lines))
