"""Rows → scaling curves; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.records import Regime, Submission
from site_gen.axes import Axis, log_axis, points_axis
from site_gen.leaderboard import Cell, Row, Standing
from site_gen.marks import REGIME_NAMES

# Two points fit every line exactly: below this many sizes a curve shows its points and nothing through them.
SIZES_FOR_A_LINE = 3


@dataclass(frozen=True)
class Point:
    """One submission: its size, its score in points, and the score of each seed."""

    slug: str
    title: str
    parameters: int
    score: float
    seeds: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Curve:
    """One family under one regime and recipe, by size."""

    family: str
    regime: Regime
    recipe: str
    variant: int  # the family's number in the figure, from 0
    points: tuple[Point, ...]

    @property
    def label(self) -> str:
        """Name the curve in the legend."""
        recipe = f" ({self.recipe})" if self.recipe else ""
        return f"{self.family}, {REGIME_NAMES[self.regime]}{recipe}"

    @property
    def joined(self) -> bool:
        """Tell whether there are enough sizes to draw a line through the means."""
        return len({point.parameters for point in self.points}) >= SIZES_FOR_A_LINE


@dataclass(frozen=True)
class Figure:
    """One chart: drawn from this record by Plotly in the browser and as SVG at build time."""

    name: str
    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]


def scaling_figure(standing: Standing) -> Figure | None:
    """Return a target's scaling curves, or None where no ranked row has a size.

    Only ranked rows enter: an incomplete mean, or one on other data, does not belong on the same axis. A curve joins
    one family under one regime *and* recipe, because sizes trained on different tasks are no scaling curve.
    """
    placed = [(row, standing.cell(row)) for row in standing.ranked]
    placed = [(row, cell) for row, cell in placed if cell.parameters is not None and cell.parameters.body > 0]
    curves = _curves(placed)
    if not curves:
        return None
    points = [point for curve in curves for point in curve.points]
    scores = [point.score for point in points] + [score for point in points for _, score in point.seeds]
    return Figure(
        name=f"scaling-{standing.target.name}",
        title=f"{standing.target.title}: score by model size",
        x=log_axis("Parameters outside the embeddings (log scale)", [point.parameters for point in points]),
        y=points_axis(f"{standing.target.metric.capitalize()} (points)", scores),
        curves=curves,
    )


def recipe(submission: Submission) -> str:
    """Name what the intermediate training consisted of, apart from its languages."""
    intermediate = submission.intermediate
    marks = [" + ".join(intermediate.tasks)] if intermediate.tasks else []
    marks += ["translated"] if intermediate.translated else []
    marks += ["continued MLM"] if intermediate.continued_mlm else []
    return ", ".join(marks)


def _curves(placed: Iterable[tuple[Row, Cell]]) -> tuple[Curve, ...]:
    groups: dict[tuple[str, str, str], list[Point]] = {}
    for row, cell in placed:
        assert cell.parameters is not None
        assert cell.score is not None
        key = (row.submission.family, row.regime.value, recipe(row.submission))
        point = Point(row.slug, row.submission.title, cell.parameters.body, cell.score, cell.seeds)
        groups.setdefault(key, []).append(point)
    families = sorted({family for family, _, _ in groups})
    order = list(Regime)
    keys = sorted(groups, key=lambda key: (key[0], order.index(Regime(key[1])), key[2]))
    return tuple(
        Curve(family, Regime(regime), name, families.index(family), tuple(sorted(groups[family, regime, name], key=_by_size)))
        for family, regime, name in keys
    )


def _by_size(point: Point) -> tuple[int, str]:
    return point.parameters, point.slug
