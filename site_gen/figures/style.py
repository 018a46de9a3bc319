"""The look of curves, for both the interactive chart and the static drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.catalog.tasks import TASK_BY_NAME
from harness.records import Pooling, Regime


@dataclass(frozen=True)
class CurveMark:
    """Colour, dash and symbol of a curve, so that colour alone never distinguishes curves."""

    colour: str
    dash: str  # lengths in pixels separated by spaces, for Plotly and SVG; empty is solid
    symbol: str  # Plotly's name


# The colours of Okabe and Ito (2008) with a contrast of 3:1 against the page in light and dark mode; their
# reddish purple, #CC79A7, is a shade darker for that, and grey replaces their black, invisible in dark mode.
_GREEN, _VERMILION, _BLUE, _PURPLE, _GREY = "#009E73", "#D55E00", "#0072B2", "#C46F9F", "#7D7D7D"

# On the whole site a colour, with its dash, is a regime, and a symbol is a recipe.
REGIME_MARKS = {
    Regime.NONE: CurveMark(_GREEN, "2 5", "circle"),
    Regime.ENGLISH: CurveMark(_VERMILION, "9 5", "circle"),
    Regime.MULTILINGUAL: CurveMark(_BLUE, "", "circle"),
}
# No training has the circle; tasks have these.
_TASK_SYMBOLS = ("diamond", "square", "triangle-up", "triangle-down", "cross", "x", "pentagon")
# Differences between regimes have the colour of neither.
DIFFERENCE_COLOUR = _GREY
_TASK_NUMBERS = {name: number for number, name in enumerate(TASK_BY_NAME)}
_DASHES = ("", "9 5", "2 5", "12 4 2 4", "5 3", "16 5", "2 3 6 3", "9 3 2 3 2 3", "4 8")


def recipe_symbol(tasks: Sequence[str]) -> str:
    """Return the symbol of what a recipe trains on, by its first task; without tasks it is the circle."""
    if not tasks:
        return "circle"
    number = _TASK_NUMBERS.get(tasks[0], len(tasks[0]))
    return _TASK_SYMBOLS[number % len(_TASK_SYMBOLS)]


def difference_mark(number: int, symbol: str) -> CurveMark:
    """Return the mark of a curve of differences: its number decides the dash, its recipe the symbol."""
    return CurveMark(DIFFERENCE_COLOUR, _DASHES[number % len(_DASHES)], symbol)


POOLING_MARKS = {
    Pooling.MEAN: CurveMark(_BLUE, "", "circle"),
    Pooling.CLS: CurveMark(_VERMILION, "9 5", "diamond"),
}
POOLING_NAMES = {Pooling.MEAN: "mean pooling", Pooling.CLS: "first token"}

# For curves without a fixed mark, such as languages: all dashes and symbols differ; colours repeat.
SERIES_MARKS = (
    CurveMark(_BLUE, "", "circle"),
    CurveMark(_VERMILION, "9 5", "diamond"),
    CurveMark(_GREEN, "2 5", "square"),
    CurveMark(_PURPLE, "12 4 2 4", "triangle-up"),
    CurveMark(_GREY, "5 3", "triangle-down"),
    CurveMark(_BLUE, "16 5", "cross"),
    CurveMark(_VERMILION, "2 3 6 3", "x"),
    CurveMark(_GREEN, "9 3 2 3 2 3", "pentagon"),
    CurveMark(_PURPLE, "4 8", "star"),
)

# Numbers that were not measured here: the same grey line for all, only symbols differ.
UNMEASURED = CurveMark(_GREY, "4 4", "circle")


def symbol_path(name: str, x: float, y: float, radius: float) -> str:
    """Return the SVG path of a symbol around (x, y); its area is about that of a circle of this radius."""
    if name == "circle":
        arc, width = f"a{radius} {radius} 0 1 0", 2 * radius
        return f"M{x - radius:.1f} {y:.1f}{arc} {width} 0{arc} {-width} 0Z"
    if name == "square":
        half = round(radius * 0.9, 2)
        return f"M{x - half:.1f} {y - half:.1f}h{2 * half:g}v{2 * half:g}h{-2 * half:g}Z"
    if name == "diamond":
        half = round(radius * 1.25, 2)
        return f"M{x:.1f} {y - half:.1f}l{half:g} {half:g}l{-half:g} {half:g}l{-half:g} {-half:g}Z"
    corners = (
        (radius * size * math.sin(turn * math.tau), -radius * size * math.cos(turn * math.tau))
        for turn, size in _CORNERS[name]
    )
    return "M" + "L".join(f"{x + x_offset:.1f} {y + y_offset:.1f}" for x_offset, y_offset in corners) + "Z"


def _cross(turn: float) -> tuple[tuple[float, float], ...]:
    """Return the twelve corners of a cross as (turns, distance), rotated by `turn`."""
    arm = math.atan2(0.42, 1.15) / math.tau
    tips = [((quarter / 4 + side * arm + turn), 1.22) for quarter in range(4) for side in (-1, 1)]
    hollows = [(quarter / 4 + 1 / 8 + turn, 0.6) for quarter in range(4)]
    return tuple(sorted([*tips, *hollows]))


# Corners as (turns clockwise from the top, distance in radii).
_CORNERS = {
    "triangle-up": tuple((third / 3, 1.35) for third in range(3)),
    "triangle-down": tuple((third / 3 + 1 / 2, 1.35) for third in range(3)),
    "pentagon": tuple((fifth / 5, 1.12) for fifth in range(5)),
    "star": tuple((tenth / 10, 1.5 if tenth % 2 == 0 else 0.65) for tenth in range(10)),
    "cross": _cross(0.0),
    "x": _cross(1 / 8),
}
