"""The record of one figure, which the drawing and the interactive chart are both made from; pure."""

from __future__ import annotations

from dataclasses import dataclass

from site_gen.figures.axes import Axis
from site_gen.figures.style import CurveMark


@dataclass(frozen=True)
class Point:
    """A place in the units of the axes and what it says, its name first; `seeds` are (seed, y) where several were averaged.

    No line leads to a point `after_gap` from the one before it. `interval` is drawn as a whisker through the
    symbol.
    """

    x: float
    y: float
    says: tuple[str, ...]
    seeds: tuple[tuple[int, float], ...] = ()
    after_gap: bool = False
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """Points in order under one mark: a line through them where `joined`, a symbol on each where `symbols`.

    Symbols are filled, `open`, or open with a dot in them where `dotted`. `marked` points stand out by a
    symbol within a ring. A line beside the points is given by `trend`, (x, y), and where it is fitted by its
    `band` too, (x, low, high).
    """

    label: str
    mark: CurveMark
    points: tuple[Point, ...]
    joined: bool = True
    symbols: bool = True
    open: bool = False
    dotted: bool = False
    marked: tuple[Point, ...] = ()
    trend: tuple[tuple[float, float], ...] = ()
    band: tuple[tuple[float, float, float], ...] = ()

    @property
    def symbol(self) -> str:
        """Return Plotly's name of the symbol."""
        return self.mark.symbol + ("-open-dot" if self.dotted else "-open" if self.open else "")


@dataclass(frozen=True)
class Column:
    """The head of a column of numbers or of text; the rows' own name stands in the one that is their `head`."""

    title: str
    number: bool = False
    head: bool = False


@dataclass(frozen=True)
class Line:
    """One row of a table; its name leads to `link`, a path within the site, where there is one."""

    cells: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure, for whoever cannot see it or wants them exactly."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Figure:
    """One chart: drawn from this record by Plotly in the browser and as SVG at build time.

    `caption` holds whole sentences. `source`, a path within the site, leads to all of its numbers where the
    table is a part.
    """

    name: str
    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    caption: tuple[str, ...]
    table: Table
    source: str = ""
