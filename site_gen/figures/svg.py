"""Figures → the coordinates of a drawing: shown without JavaScript, on paper and before the chart loads; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from site_gen.figures.axes import Axis
from site_gen.figures.figure import Curve, Figure, Point
from site_gen.figures.style import CurveMark, symbol_path

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 58
RADIUS = 5.5


@dataclass(frozen=True)
class Tick:
    """One tick: its place on the axis in pixels and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Symbol:
    """The path of a symbol, its centre, what it says, and the path of its whisker, empty where it has none."""

    path: str
    x: float
    y: float
    text: str
    whisker: str


@dataclass(frozen=True)
class Stroke:
    """One curve in pixels: its path, its symbols, the dots of its seeds, the symbols that stand out, and the outline of its band.

    The path leads through its points or along its fit.
    """

    label: str
    mark: CurveMark
    open: bool
    dotted: bool
    path: str  # empty where no line joins the points and none is fitted
    band: str  # empty without a fit
    symbols: tuple[Symbol, ...]
    seeds: tuple[tuple[float, float], ...]
    marked: tuple[Symbol, ...]


@dataclass(frozen=True)
class Drawing:
    """A figure on a canvas of WIDTH × HEIGHT."""

    figure: Figure
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Stroke, ...]

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
        tuple(_stroke(figure, curve) for curve in figure.curves),
    )


def _stroke(figure: Figure, curve: Curve) -> Stroke:
    def symbols(points: Iterable[Point]) -> tuple[Symbol, ...]:
        places = ((_across(figure.x, point.x), _up(figure.y, point.y), point) for point in points)
        return tuple(
            Symbol(
                symbol_path(curve.mark.symbol, x, y, RADIUS),
                x,
                y,
                ", ".join(point.says),
                _whisker(figure, x, point),
            )
            for x, y, point in places
        )

    several = [point for point in curve.points if len(point.seeds) > 1]
    return Stroke(
        curve.label,
        curve.mark,
        curve.open or curve.dotted,
        curve.dotted,
        _path(figure, curve.points) if curve.joined else _outline(figure, curve.trend),
        _outline(figure, band_outline(curve), closed=True),
        symbols(curve.points) if curve.symbols else (),
        tuple(
            (_across(figure.x, point.x), _up(figure.y, score))
            for point in several
            for _, score in point.seeds
        ),
        symbols(curve.marked),
    )


def _whisker(figure: Figure, x: float, point: Point) -> str:
    if point.interval is None:
        return ""
    low, high = (_up(figure.y, bound) for bound in point.interval)
    return f"M{x - 4:.1f} {high:.1f}h8m-4 0V{low:.1f}m-4 0h8"


def _path(figure: Figure, points: Iterable[Point]) -> str:
    return "".join(
        f"{'M' if number == 0 or point.after_gap else 'L'}{_across(figure.x, point.x):.1f} {_up(figure.y, point.y):.1f}"
        for number, point in enumerate(points)
    )


def band_outline(curve: Curve) -> tuple[tuple[float, float], ...]:
    """Return the outline of a curve's band: along its upper edge and back along the lower."""
    return (*((x, high) for x, _, high in curve.band), *((x, low) for x, low, _ in reversed(curve.band)))


def _outline(figure: Figure, places: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    path = "L".join(f"{_across(figure.x, x):.1f} {_up(figure.y, y):.1f}" for x, y in places)
    return f"M{path}{'Z' if closed else ''}" if path else ""


def _across(axis: Axis, value: float) -> float:
    return round(LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT), 1)


def _up(axis: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM), 1)
