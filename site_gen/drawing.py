"""Figures → the coordinates of a drawing: shown without JavaScript, on paper and before the chart loads; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from site_gen.axes import Axis
from site_gen.curves import Curve, Figure
from site_gen.marks import REGIME_MARKS, Mark

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 58
_RADIUS = 5.5


@dataclass(frozen=True)
class Tick:
    """One tick: its place on the axis in pixels and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One curve in pixels: the path through its means, its symbols, and the dots of its seeds."""

    label: str
    mark: Mark
    open: bool
    path: str  # empty where there are too few sizes for a line
    symbols: tuple[tuple[str, str], ...]  # (path, what it says)
    seeds: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Drawing:
    """A figure on a canvas of WIDTH × HEIGHT."""

    figure: Figure
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]

    width = WIDTH
    height = HEIGHT
    left = LEFT
    right = WIDTH - RIGHT
    top = TOP
    bottom = HEIGHT - BOTTOM


def draw(figure: Figure) -> Drawing:
    """Lay out a figure; coordinates are rounded to a tenth of a pixel, so that every machine writes the same bytes."""
    return Drawing(
        figure,
        tuple(Tick(_across(figure.x, value), label) for value, label in figure.x.ticks),
        tuple(Tick(_up(figure.y, value), label) for value, label in figure.y.ticks),
        tuple(_line(figure, curve) for curve in figure.curves),
    )


def symbol(name: str, x: float, y: float, radius: float = _RADIUS) -> str:
    """Return the path of a circle, square or diamond of about equal area around (x, y)."""
    if name == "circle":
        return f"M{x - radius:.1f} {y:.1f}a{radius} {radius} 0 1 0 {2 * radius} 0a{radius} {radius} 0 1 0 {-2 * radius} 0Z"
    if name == "square":
        half = round(radius * 0.9, 2)
        return f"M{x - half:.1f} {y - half:.1f}h{2 * half:g}v{2 * half:g}h{-2 * half:g}Z"
    assert name == "diamond", name
    half = round(radius * 1.25, 2)
    return f"M{x:.1f} {y - half:.1f}l{half:g} {half:g}l{-half:g} {half:g}l{-half:g} {-half:g}Z"


def _line(figure: Figure, curve: Curve) -> Line:
    mark = REGIME_MARKS[curve.regime]
    means = [(_across(figure.x, point.parameters), _up(figure.y, point.score)) for point in curve.points]
    several = [point for point in curve.points if len(point.seeds) > 1]
    seeds = ((_across(figure.x, point.parameters), _up(figure.y, score)) for point in several for _, score in point.seeds)
    says = (f"{point.title}: {point.score:.2f}" for point in curve.points)
    return Line(
        curve.label,
        mark,
        bool(curve.variant % 2),
        _path(means) if curve.joined else "",
        tuple((symbol(mark.symbol, x, y), text) for (x, y), text in zip(means, says, strict=True)),
        tuple(seeds),
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _across(axis: Axis, value: float) -> float:
    share = (math.log10(value) - math.log10(axis.low)) / (math.log10(axis.high) - math.log10(axis.low))
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _up(axis: Axis, value: float) -> float:
    share = (value - axis.low) / (axis.high - axis.low)
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
