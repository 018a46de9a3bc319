"""The scaling curves of all families, loaded when a reader changes the choices of a figure; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from site_gen.board.board import Standing
from site_gen.figures.plotly_json import figure_traces
from site_gen.figures.scaling import FAMILIES, SIZES, Size, curve_families, scaling_figure


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
    """Return a script with every family's curves by both kinds of size.

    It is a script because a page opened from disk may load nothing else.
    """
    by_family = {
        family: {size: _curves(standing, family, size) for size in SIZES}
        for family in curve_families(standing)
    }
    document = json.dumps(by_family, ensure_ascii=False, separators=(",", ":"))
    return f"stiltboardCurves({json.dumps(standing.target.name)},{document});\n".encode()


def _curves(standing: Standing, family: str, size: Size) -> dict[str, object]:
    """Return one family's curves: Plotly's traces, the axis ranges, and the entries of legend and table."""
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
