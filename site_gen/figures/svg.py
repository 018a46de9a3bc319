"""Figures → coordinates of the static drawing, shown without JavaScript, in print and before Plotly; pure."""

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
    """One tick: its position on the axis in pixels, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Symbol:
    """The path of a symbol, its centre, its text, and the path of its whisker, empty if it has none."""

    path: str
    x: float
    y: float
    text: str
    whisker: str


@dataclass(frozen=True)
class Stroke:
    """One curve in pixels: its path, band, symbols, dots of the seeds, and ringed symbols.

    The path passes through the points or along the trend.
    """

    label: str
    mark: CurveMark
    open: bool
    dotted: bool
    path: str  # empty where there is neither a line through the points nor a trend
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
    """Lay out a figure; coordinates are rounded to 0.1 pixels, so that all machines write equal bytes."""
    return Drawing(
        figure,
        tuple(Tick(_x_pixels(figure.x, value), label) for value, label in figure.x.ticks),
        tuple(Tick(_y_pixels(figure.y, value), label) for value, label in figure.y.ticks),
        tuple(_stroke(figure, curve) for curve in figure.curves),
    )


def _stroke(figure: Figure, curve: Curve) -> Stroke:
    def symbols(points: Iterable[Point]) -> tuple[Symbol, ...]:
        positions = ((_x_pixels(figure.x, point.x), _y_pixels(figure.y, point.y), point) for point in points)
        return tuple(
            Symbol(
                symbol_path(curve.mark.symbol, x, y, RADIUS),
                x,
                y,
                ", ".join(point.hover_text),
                _whisker(figure, x, point),
            )
            for x, y, point in positions
        )

    averaged = [point for point in curve.points if len(point.seeds) > 1]
    return Stroke(
        curve.label,
        curve.mark,
        curve.open or curve.dotted,
        curve.dotted,
        _path(figure, curve.points) if curve.joined else _outline(figure, curve.trend),
        _outline(figure, band_outline(curve), closed=True),
        symbols(curve.points) if curve.symbols else (),
        tuple(
            (_x_pixels(figure.x, point.x), _y_pixels(figure.y, score))
            for point in averaged
            for _, score in point.seeds
        ),
        symbols(curve.marked),
    )


def _whisker(figure: Figure, x: float, point: Point) -> str:
    if point.interval is None:
        return ""
    low, high = (_y_pixels(figure.y, bound) for bound in point.interval)
    return f"M{x - 4:.1f} {high:.1f}h8m-4 0V{low:.1f}m-4 0h8"


def _path(figure: Figure, points: Iterable[Point]) -> str:
    path = ""
    for number, point in enumerate(points):
        command = "M" if number == 0 or point.after_gap else "L"
        path += f"{command}{_x_pixels(figure.x, point.x):.1f} {_y_pixels(figure.y, point.y):.1f}"
    return path


def band_outline(curve: Curve) -> tuple[tuple[float, float], ...]:
    """Return the outline of a curve's band: along the upper edge and back along the lower one."""
    return (*((x, high) for x, _, high in curve.band), *((x, low) for x, low, _ in reversed(curve.band)))


def _outline(figure: Figure, coordinates: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    path = "L".join(f"{_x_pixels(figure.x, x):.1f} {_y_pixels(figure.y, y):.1f}" for x, y in coordinates)
    return f"M{path}{'Z' if closed else ''}" if path else ""


def _x_pixels(axis: Axis, value: float) -> float:
    return round(LEFT + axis.fraction(value) * (WIDTH - LEFT - RIGHT), 1)


def _y_pixels(axis: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - axis.fraction(value) * (HEIGHT - TOP - BOTTOM), 1)
