"""The scaling curves of all families, loaded when a reader changes the choices of a figure; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from site_gen.board.board import Standing
from site_gen.figures.figure import Curve, Figure
from site_gen.figures.gap import standing_gap_figure
from site_gen.figures.scaling import FAMILIES, SIZES, curve_families, scaling_figure
from site_gen.figures.style import symbol_path
from site_gen.figures.svg import RADIUS


@dataclass(frozen=True)
class ScalingChoices:
    """The families and kinds of size that a scaling figure can show; `drawn` are the families shown at first.

    `source` is the path of the script with all curves on the `target`.
    """

    target: str
    families: tuple[str, ...]
    drawn: tuple[str, ...]
    source: str
    sizes = SIZES


def choices_path(standing: Standing) -> str:
    """Return the path of the script with the curves of all families on a target."""
    return f"data/curves/{standing.target.name}.js"


def choices(standing: Standing, drawn: tuple[str, ...] | None = None) -> ScalingChoices | None:
    """Return the choices of a target's figure, or None without a figure; a family's page sets `drawn`."""
    families = curve_families(standing)
    if not families:
        return None
    return ScalingChoices(
        standing.target.name,
        tuple(sorted(families)),
        families[:FAMILIES] if drawn is None else drawn,
        choices_path(standing),
    )


def choices_js(standing: Standing) -> bytes:
    """Return a script with every family's curves, and the gaps, by both kinds of size.

    It is a script because a page opened from disk may load nothing else.
    """
    by_family = {
        family: {size: _document(scaling_figure(standing, [family], size)) for size in SIZES}
        for family in curve_families(standing)
    }
    gap = {size: _document(standing_gap_figure(standing, size)) for size in SIZES}
    document = {"families": by_family, "gap": gap}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return f"stiltboardCurves({json.dumps(standing.target.name)},{text});\n".encode()


def _document(figure: Figure | None) -> dict[str, object] | None:
    """Return what the script draws a figure from; None without one."""
    if figure is None:
        return None
    return {
        "x": [figure.x.low, figure.x.high],
        "y": [figure.y.low, figure.y.high],
        "titles": [figure.x.title, figure.y.title],
        "sides": figure.sides,
        "curves": [_curve(curve) for curve in figure.curves],
        "lines": [[*line.cells, line.link] for line in figure.table.lines],
    }


def _curve(curve: Curve) -> dict[str, object]:
    mark = curve.mark
    return {
        "label": curve.label,
        "colour": mark.colour,
        "dash": mark.dash,
        "symbol": symbol_path(mark.symbol, 0, 0, RADIUS),
        "open": curve.open,
        "joined": curve.joined,
        "points": [
            [point.x, round(point.y, 4), "\n".join(point.hover_text), point.link,
             [round(score, 4) for _, score in point.seeds] if len(point.seeds) > 1 else [], point.interval]
            for point in curve.points
        ],
        "trend": [[round(x), round(y, 4)] for x, y in curve.trend],
        "band": [[round(x), round(low, 4), round(high, 4)] for x, low, high in curve.band],
    }  # fmt: skip
