"""The record of a figure, from which both the drawing and the interactive chart are made; pure."""

from __future__ import annotations

from dataclasses import dataclass

from site_gen.figures.axes import Axis
from site_gen.figures.style import CurveMark

# The line of a caption where `Figure.side_by_side` moves points of several curves apart.
SIDE_BY_SIDE = "Points of one size are drawn next to each other."


@dataclass(frozen=True)
class Point:
    """A point in units of the axes, with the lines of its hover text; `seeds` are (seed, y) of an average.

    No line joins a point with `after_gap` to the one before it. `interval` is drawn as a whisker through the
    symbol. `link` is the path within the site of the page that a click opens.
    """

    x: float
    y: float
    hover_text: tuple[str, ...]
    seeds: tuple[tuple[int, float], ...] = ()
    after_gap: bool = False
    interval: tuple[float, float] | None = None
    link: str = ""


@dataclass(frozen=True)
class Curve:
    """Points in order with one mark: a line through them if `joined`, a symbol on each if `symbols`.

    Symbols are filled or `open`. `marked` points get an additional ring. A
    line that does not pass through the points is given by `trend`, (x, y), and a fit also has a `band`, (x,
    low, high).
    """

    label: str
    mark: CurveMark
    points: tuple[Point, ...]
    joined: bool = True
    symbols: bool = True
    open: bool = False
    marked: tuple[Point, ...] = ()
    trend: tuple[tuple[float, float], ...] = ()
    band: tuple[tuple[float, float, float], ...] = ()

    @property
    def symbol(self) -> str:
        """Return Plotly's name of the symbol."""
        return self.mark.symbol + ("-open" if self.open else "")


@dataclass(frozen=True)
class Column:
    """A column of a table; `head` marks the column that names the rows."""

    title: str
    number: bool = False
    head: bool = False


@dataclass(frozen=True)
class Line:
    """One row of a table; its name is linked to `link`, a path within the site, if not empty."""

    cells: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure, for readers who cannot see it or need exact values."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Figure:
    """One figure: drawn by Plotly in the browser and as SVG at build time.

    `caption` holds complete sentences. `source` is the path within the site of all numbers, if the table has
    only a part. With `side_by_side`, points of several curves at one x are drawn next to each other. `sides`
    says what lies above and below zero.
    """

    name: str
    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    caption: tuple[str, ...]
    table: Table
    source: str = ""
    side_by_side: bool = False
    sides: tuple[str, str] | None = None
