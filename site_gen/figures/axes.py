"""Axes: ranges and ticks; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from site_gen.formatting import compact, signed


@dataclass(frozen=True)
class Axis:
    """A range and its labelled ticks, in the unit of the data (not its logarithm)."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    scale: Literal["linear", "log"] = "linear"

    @property
    def ends(self) -> tuple[float, float]:
        """Return both ends in units of the scale: powers of ten on a logarithmic axis."""
        return self.scaled(self.low), self.scaled(self.high)

    def scaled(self, value: float) -> float:
        """Return a value in units of the scale: its power of ten on a logarithmic axis."""
        return math.log10(value) if self.scale == "log" else value

    def fraction(self, value: float) -> float:
        """Return the position of a value on the axis, from 0 at the low end to 1 at the high end."""
        low, high = self.ends
        return (self.scaled(value) - low) / (high - low)


def log_axis(title: str, values: Sequence[float]) -> Axis:
    """Span positive values with an 8 % margin on a logarithmic axis, at least a factor of four.

    Ticks are at 1 and 3 × 10ⁿ, which are about evenly spaced, or at 1, 2 and 5 × 10ⁿ where that gives fewer
    than three.
    """
    low, high = math.log10(min(values)), math.log10(max(values))
    margin = max(0.08 * (high - low), (math.log10(4) - (high - low)) / 2)
    low, high = low - margin, high + margin
    ticks = _log_ticks(low, high, (1, 3))
    if len(ticks) < 3:
        ticks = _log_ticks(low, high, (1, 2, 5))
    return Axis(title, 10**low, 10**high, tuple((tick, compact(tick)) for tick in ticks), "log")


def _log_ticks(low: float, high: float, steps: Sequence[int]) -> list[float]:
    powers = range(math.floor(low), math.ceil(high) + 1)
    return [
        tick for power in powers for step in steps if low <= math.log10(tick := step * 10.0**power) <= high
    ]


def points_axis(title: str, values: Sequence[float]) -> Axis:
    """Span scores in points (0–100) with round ticks, at least five points wide."""
    low, high = min(values), max(values)
    margin = max(0.08 * (high - low), (5 - (high - low)) / 2)
    step = next(width for width in (1, 2, 5, 10, 20) if (high - low + 2 * margin) / width <= 7)
    low = max(0.0, math.floor((low - margin) / step) * step)
    high = min(100.0, math.ceil((high + margin) / step) * step)
    ticks = range(math.ceil(low / step), math.floor(high / step) + 1)
    return Axis(title, low, high, tuple((float(tick * step), str(tick * step)) for tick in ticks))


def difference_axis(title: str, values: Sequence[float]) -> Axis:
    """Span differences in points and zero with round, signed ticks, at least two points wide."""
    low, high = min(0.0, *values), max(0.0, *values)
    margin = max(0.08 * (high - low), (2 - (high - low)) / 2)
    step = next((width for width in (0.5, 1, 2, 5, 10, 20) if (high - low + 2 * margin) / width <= 8), 50)
    first, last = math.floor((low - margin) / step), math.ceil((high + margin) / step)
    positions = [tick * step for tick in range(first, last + 1)]
    ticks = tuple((value, signed(value, 0 if float(value).is_integer() else 1)) for value in positions)
    return Axis(title, first * step, last * step, ticks)


def whole_points_axis(title: str) -> Axis:
    """Span all points from 0 to 100, with a small margin for symbols at the ends."""
    return Axis(title, -2.0, 102.0, tuple((float(tick), str(tick)) for tick in range(0, 101, 20)))


def round_axis(title: str, values: Sequence[float]) -> Axis:
    """Span values of any unit with a small margin and at most nine ticks at round numbers."""
    low, high = min(values), max(values)
    width = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(width))
    step = next(size * power for size in (0.1, 0.2, 0.5, 1, 2) if width / (size * power) <= 8)
    ticks = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return Axis(
        title,
        low - 0.02 * width,
        high + 0.04 * width,
        tuple((tick * step, f"{tick * step:g}") for tick in ticks),
    )


def layers_axis(title: str, last: int) -> Axis:
    """Span the layers 0 to `last`, with at most 13 ticks at whole numbers."""
    steps = (digit * 10**power for power in range(len(str(last))) for digit in (1, 2, 5))
    step = next((step for step in steps if last / step <= 12), 1)
    return Axis(title, -0.5, last + 0.5, tuple((float(tick), str(tick)) for tick in range(0, last + 1, step)))
