"""Figures → Plotly's JSON, and plotly.js for files of one figure; the only importer of plotly."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from site_gen.figures.axes import Axis
from site_gen.figures.figure import Curve, Figure, Point
from site_gen.figures.svg import band_outline

# No logo, no upload, no external link; panning and zooming only by buttons, so that touch scrolls the page.
CONFIG = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "showSendToCloud": False,
    "showEditInChartStudio": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d", "autoScale2d"],
    "responsive": True,
}
# Readable on white and on black.
_INK, _RULE = "#767676", "#8A8A8A"
_FONT = "system-ui, sans-serif"


def figure_json(figure: Figure) -> str:
    """Return {data, layout, config} for Plotly.newPlot as JSON; equal figures give equal text."""
    plot = json.loads(go.Figure(data=_data(figure), layout=_layout(figure)).to_json())
    return json.dumps({**plot, "config": CONFIG}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _data(figure: Figure) -> list[go.Scatter]:
    return [trace for curve in figure.curves for trace in _traces(curve)]


@cache
def plotly_js() -> bytes:
    """Return plotly.min.js of the installed package."""
    return str(get_plotlyjs()).encode()


def _traces(curve: Curve) -> list[go.Scatter]:
    mark = curve.mark
    line = {"color": mark.colour, "width": 2, "dash": _dash(mark.dash)}
    look = {
        "color": mark.colour,
        "size": 11,
        "symbol": curve.symbol,
        "line": {"width": 1.5, "color": mark.colour},
    }
    modes = [name for name, shown in (("lines", curve.joined), ("markers", curve.symbols)) if shown]
    marker_options = {"marker": look, **_whiskers(curve)} if curve.symbols else {}
    means = _scatter(curve.label, curve.points, mode="+".join(modes), line=line, **marker_options)
    seed_points = [
        Point(point.x, score, (point.hover_text[0], f"seed {seed}: {score:.2f}"))
        for point in curve.points
        if len(point.seeds) > 1
        for seed, score in point.seeds
    ]
    dot = {"color": mark.colour, "size": 5, "symbol": "circle", "opacity": 0.75}
    seeds = (
        [_scatter(f"{curve.label}: seeds", seed_points, mode="markers", marker=dot)] if seed_points else []
    )
    # Each marked point is drawn twice: as a symbol and as a ring around it.
    ringed = {
        **look,
        "opacity": 1,
        "symbol": [look["symbol"], "circle-open"] * len(curve.marked),
        "size": [11, 21] * len(curve.marked),
    }
    doubled = [point for point in curve.marked for _ in range(2)]
    marked = (
        [_scatter(f"{curve.label}: marked", doubled, mode="markers", marker=ringed, cliponaxis=False)]
        if doubled
        else []
    )
    return [*_fitted(curve), *seeds, means, *marked]


def _whiskers(curve: Curve) -> dict[str, object]:
    """Return the intervals of a curve as Plotly's error bars; either all its points have one or none."""
    bounds = [(point.y, *point.interval) for point in curve.points if point.interval is not None]
    if not bounds:
        return {}
    lengths = {
        "array": [round(high - y, 4) for y, _, high in bounds],
        "arrayminus": [round(y - low, 4) for y, low, _ in bounds],
    }
    return {
        "error_y": {
            "type": "data",
            "symmetric": False,
            **lengths,
            "color": curve.mark.colour,
            "thickness": 1.6,
            "width": 4,
        }
    }


def _fitted(curve: Curve) -> list[go.Scatter]:
    """Return the line of a trend and the band of a fit, without hover text, which is for measured points."""
    if not curve.trend:
        return []
    silent = {"hoverinfo": "skip", "mode": "lines"}
    line = go.Scatter(
        name=_text(f"{curve.label}: {'fit' if curve.band else 'means'}"),
        x=[round(x, 4) for x, _ in curve.trend],
        y=[round(y, 4) for _, y in curve.trend],
        line={"color": curve.mark.colour, "width": 2, "dash": _dash(curve.mark.dash)},
        **silent,
    )
    if not curve.band:
        return [line]
    outline = band_outline(curve)
    red, green, blue = (int(curve.mark.colour[start : start + 2], 16) for start in (1, 3, 5))
    band = go.Scatter(
        name=_text(f"{curve.label}: band"),
        x=[round(x, 4) for x, _ in outline],
        y=[round(y, 4) for _, y in outline],
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.16)",
        line={"width": 0},
        **silent,
    )
    return [band, line]


def _dash(pixels: str) -> str:
    return f"{pixels.replace(' ', 'px,')}px" if pixels else "solid"


def _scatter(name: str, points: Sequence[Point], **look: Any) -> go.Scatter:
    # A position without coordinates interrupts the line.
    positions = [
        position for point in points for position in ((None, point) if point.after_gap else (point,))
    ]
    return go.Scatter(
        name=_text(name),
        x=[round(point.x, 4) if point else None for point in positions],
        y=[round(point.y, 4) if point else None for point in positions],
        # Bold type would need a style attribute, which the pages' security policy forbids.
        text=["<br>".join(map(_text, point.hover_text)) if point else None for point in positions],
        hovertemplate="%{text}<extra></extra>",
        **look,
    )


def _layout(figure: Figure) -> go.Layout:
    return go.Layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 13, "color": _INK},
        margin={"l": 56, "r": 12, "t": 28, "b": 56},
        showlegend=False,
        hovermode="closest",
        hoverlabel={"align": "left", "font": {"size": 13, "family": _FONT}},
        dragmode=False,
        xaxis=_axis(figure.x),
        yaxis=_axis(figure.y),
    )


def _axis(axis: Axis) -> dict[str, object]:
    return {
        "type": axis.scale,
        "title": {"text": axis.title, "standoff": 12},
        "range": [round(end, 6) for end in axis.ends],
        "tickvals": [value for value, _ in axis.ticks],
        "ticktext": [label for _, label in axis.ticks],
        "gridcolor": _RULE,
        "gridwidth": 1,
        "zeroline": False,
        "ticks": "",
    }


def _text(text: str) -> str:
    """Shorten and escape a label: Plotly renders some HTML, and labels come from submissions."""
    short = text if len(text) <= 60 else f"{text[:59]}…"
    return html.escape(short, quote=False)
