"""Every family's scaling curves, for the choices of a figure: loaded when a reader makes one; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from site_gen.board.board import Standing
from site_gen.figures.plotly_json import figure_traces
from site_gen.figures.scaling import FAMILIES, SIZES, Size, curve_families, scaling_figure


@dataclass(frozen=True)
class ScalingChoices:
    """What a scaling figure can be asked to show: families, of which those in `drawn` are there already, and sizes.

    `source` is where the curves of the `target` stand within the site.
    """

    target: str
    families: tuple[str, ...]
    drawn: tuple[str, ...]
    source: str
    sizes = SIZES


def choices_path(standing: Standing) -> str:
    """Return where the curves of all families on a target stand within the site."""
    return f"data/curves/{standing.target.name}.js"


def choices(standing: Standing, drawn: tuple[str, ...] | None = None) -> ScalingChoices | None:
    """Return what there is to choose on a target, or None where nothing is drawn; `drawn` differ on a family's own page."""
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
    """Return a script that hands over every family's curves by either size: a page opened from disk may load nothing else."""
    every = {
        family: {size: _curves(standing, family, size) for size in SIZES}
        for family in curve_families(standing)
    }
    document = json.dumps(every, ensure_ascii=False, separators=(",", ":"))
    return f"stiltboardCurves({json.dumps(standing.target.name)},{document});\n".encode()


def _curves(standing: Standing, family: str, size: Size) -> dict[str, object]:
    """Return one family's curves: Plotly's traces, the ends of the axes, and what the legend and the table say."""
    figure = scaling_figure(standing, [family], size)
    assert figure is not None  # the family has a row with a size
    return {
        "data": figure_traces(figure),
        "x": [figure.x.low, figure.x.high],
        "y": [figure.y.low, figure.y.high],
        "title": figure.x.title,
        "legend": [[curve.label, curve.symbol, curve.joined or bool(curve.trend)] for curve in figure.curves],
        "lines": [[*line.cells, line.link] for line in figure.table.lines],
    }
