"""Figures → coordinates of the drawing, wide for a page and narrow for a phone; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from site_gen.figures.figure import Curve, Figure, Point
from site_gen.figures.style import CurveMark, symbol_path

LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 58
RADIUS = 5.5
# Pixels between symbols of one size, and the most that a symbol is moved.
_STEP, _MOST_MOVED = 9.0, 18.0


@dataclass(frozen=True)
class Canvas:
    """The size of a drawing in pixels."""

    width: int
    height: int


WIDE, NARROW = Canvas(720, 400), Canvas(352, 320)


@dataclass(frozen=True)
class Tick:
    """One tick: its position on the axis in pixels, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Symbol:
    """The path of a symbol, its centre, its text, and the path of its whisker, empty if it has none.

    `link` is the page that a click opens, empty if none.
    """

    path: str
    x: float
    y: float
    text: str
    whisker: str
    link: str = ""


@dataclass(frozen=True)
class Stroke:
    """One curve in pixels: its path, band, symbols, dots of the seeds, and ringed symbols.

    The path passes through the points or along the trend.
    """

    label: str
    mark: CurveMark
    open: bool
    path: str  # empty where there is neither a line through the points nor a trend
    band: str  # empty without a fit
    symbols: tuple[Symbol, ...]
    seeds: tuple[tuple[float, float], ...]
    marked: tuple[Symbol, ...]


@dataclass(frozen=True)
class Drawing:
    """A figure on a canvas; `zero` is the position of the zero line of differences, None without one."""

    figure: Figure
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Stroke, ...]
    canvas: Canvas = WIDE
    zero: float | None = None

    left = LEFT
    top = TOP

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return self.canvas.width

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return self.canvas.height

    @property
    def right(self) -> int:
        """Return the right edge of the axes."""
        return self.canvas.width - RIGHT

    @property
    def bottom(self) -> int:
        """Return the lower edge of the axes."""
        return self.canvas.height - BOTTOM


def draw(figure: Figure, canvas: Canvas = WIDE) -> Drawing:
    """Lay out a figure; coordinates are rounded to 0.1 pixels, so that all machines write equal bytes."""
    layout = _Grid(figure, canvas)
    x_ticks = [Tick(layout.x(value), label) for value, label in figure.x.ticks]
    return Drawing(
        figure,
        tuple(x_ticks if canvas is WIDE else _apart(x_ticks)),
        tuple(Tick(layout.y(value), label) for value, label in figure.y.ticks),
        tuple(_stroke(layout, number, curve) for number, curve in enumerate(figure.curves)),
        canvas,
        layout.y(0.0) if figure.sides is not None and figure.y.low < 0 < figure.y.high else None,
    )


def _apart(ticks: Sequence[Tick]) -> Iterator[Tick]:
    """Yield the ticks whose labels do not touch on a narrow canvas."""
    last = -math.inf
    for tick in ticks:
        if tick.at - last >= 40:
            last = tick.at
            yield tick


@dataclass(frozen=True)
class _Grid:
    """Positions of a figure's values on a canvas, in pixels."""

    figure: Figure
    canvas: Canvas

    def x(self, value: float) -> float:
        return round(LEFT + self.figure.x.fraction(value) * (self.canvas.width - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        height = self.canvas.height
        return round(height - BOTTOM - self.figure.y.fraction(value) * (height - TOP - BOTTOM), 1)

    @cached_property
    def _neighbours(self) -> Mapping[float, Sequence[int]]:
        """Return for each x of a figure that sets points side by side the curves with a symbol there."""
        curves: dict[float, list[int]] = {}
        for number, curve in enumerate(self.figure.curves if self.figure.side_by_side else ()):
            for x in sorted({self.x(point.x) for point in curve.points} if curve.symbols else ()):
                curves.setdefault(x, []).append(number)
        return curves

    def moved(self, number: int, value: float) -> float:
        """Return the position of a curve's symbol: moved aside where other curves have one at the same x."""
        x = self.x(value)
        beside = self._neighbours.get(x, [number])
        step = min(_STEP, 2 * _MOST_MOVED / max(1, len(beside) - 1))
        return round(x + (beside.index(number) - (len(beside) - 1) / 2) * step, 1)


def _stroke(layout: _Grid, number: int, curve: Curve) -> Stroke:
    def symbols(points: Iterable[Point]) -> tuple[Symbol, ...]:
        positions = ((layout.moved(number, point.x), layout.y(point.y), point) for point in points)
        return tuple(
            Symbol(
                symbol_path(curve.mark.symbol, x, y, RADIUS),
                x,
                y,
                "\n".join(point.hover_text),
                _whisker(layout, x, point),
                point.link,
            )
            for x, y, point in positions
        )

    averaged = [point for point in curve.points if len(point.seeds) > 1]
    return Stroke(
        curve.label,
        curve.mark,
        curve.open,
        _path(layout, number, curve.points) if curve.joined else _outline(layout, curve.trend),
        _outline(layout, band_outline(curve), closed=True),
        symbols(curve.points) if curve.symbols else (),
        tuple(
            (layout.moved(number, point.x), layout.y(score)) for point in averaged for _, score in point.seeds
        ),
        symbols(curve.marked),
    )


def _whisker(layout: _Grid, x: float, point: Point) -> str:
    if point.interval is None:
        return ""
    low, high = (layout.y(bound) for bound in point.interval)
    return f"M{x - 4:.1f} {high:.1f}h8m-4 0V{low:.1f}m-4 0h8"


def _path(layout: _Grid, number: int, points: Iterable[Point]) -> str:
    path = ""
    for place, point in enumerate(points):
        command = "M" if place == 0 or point.after_gap else "L"
        path += f"{command}{layout.moved(number, point.x):.1f} {layout.y(point.y):.1f}"
    return path


def band_outline(curve: Curve) -> tuple[tuple[float, float], ...]:
    """Return the outline of a curve's band: along the upper edge and back along the lower one."""
    return (*((x, high) for x, _, high in curve.band), *((x, low) for x, low, _ in reversed(curve.band)))


def _outline(layout: _Grid, coordinates: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    path = "L".join(f"{layout.x(x):.1f} {layout.y(y):.1f}" for x, y in coordinates)
    return f"M{path}{'Z' if closed else ''}" if path else ""
