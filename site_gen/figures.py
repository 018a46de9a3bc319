"""Figures → Plotly's JSON, and the copy of plotly.js that the site serves itself; the only importer of plotly."""

from __future__ import annotations

import html
import json
import math
import re
from functools import cache

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from site_gen.axes import Axis, compact
from site_gen.curves import Curve, Figure, Point
from site_gen.marks import REGIME_MARKS

# No logo, no upload, no link anywhere else; panning and zooming go through the buttons, so that a finger can scroll the page.
CONFIG = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "showSendToCloud": False,
    "showEditInChartStudio": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d", "autoScale2d"],
    "responsive": True,
}
# Readable on white and on black; the style sheet then sets the page's own colours.
_INK, _RULE = "#767676", "#8A8A8A"
_FONT = "system-ui, sans-serif"
_OPEN = "-open"


def figure_json(figure: Figure) -> str:
    """Return {data, layout, config} as Plotly.newPlot takes it; the same figure gives the same text."""
    traces = [trace for curve in figure.curves for trace in _traces(curve)]
    plot = json.loads(go.Figure(data=traces, layout=_layout(figure)).to_json())
    return json.dumps({**plot, "config": CONFIG}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@cache
def plotly_js() -> bytes:
    """Return plotly.min.js out of the installed package."""
    return str(get_plotlyjs()).encode()


@cache
def guarded_id() -> str:
    """Return the id under which plotly.js would add the style sheet of its maps; an element that has it stops that.

    The policy of the pages forbids inline styles, and no page has a map.
    """
    found = re.findall(r'getElementById\("([0-9a-f]{64})"\)', plotly_js().decode())
    return found[0] if len(found) == 1 else ""


def _traces(curve: Curve) -> list[go.Scatter]:
    mark = REGIME_MARKS[curve.regime]
    means = go.Scatter(
        name=_text(curve.label),
        x=[point.parameters for point in curve.points],
        y=[round(point.score, 4) for point in curve.points],
        text=[_hover(point) for point in curve.points],
        hovertemplate="%{text}<extra></extra>",
        mode="lines+markers" if curve.joined else "markers",
        line={"color": mark.colour, "width": 2, "dash": f"{mark.dash.replace(' ', 'px,')}px" if mark.dash else "solid"},
        marker={
            "color": mark.colour,
            "size": 11,
            "symbol": mark.symbol + (_OPEN if curve.variant % 2 else ""),
            "line": {"width": 1.5, "color": mark.colour},
        },
    )
    several = [(point, seed, score) for point in curve.points if len(point.seeds) > 1 for seed, score in point.seeds]
    if not several:
        return [means]
    seeds = go.Scatter(
        name=_text(f"{curve.label}: seeds"),
        x=[point.parameters for point, _, _ in several],
        y=[round(score, 4) for _, _, score in several],
        text=[f"{_text(point.title)}<br>seed {seed}: {score:.2f}" for point, seed, score in several],
        hovertemplate="%{text}<extra></extra>",
        mode="markers",
        marker={"color": mark.colour, "size": 5, "symbol": "circle", "opacity": 0.75},
    )
    return [seeds, means]


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
        xaxis=_axis(figure.x, "log"),
        yaxis=_axis(figure.y, "linear"),
    )


def _axis(axis: Axis, kind: str) -> dict[str, object]:
    ends = [math.log10(axis.low), math.log10(axis.high)] if kind == "log" else [axis.low, axis.high]
    return {
        "type": kind,
        "title": {"text": axis.title, "standoff": 12},
        "range": [round(end, 6) for end in ends],
        "tickvals": [value for value, _ in axis.ticks],
        "ticktext": [label for _, label in axis.ticks],
        "gridcolor": _RULE,
        "gridwidth": 1,
        "zeroline": False,
        "ticks": "",
    }


def _hover(point: Point) -> str:
    """Say what a point is. Bold type would need a style attribute, which the policy of the pages forbids."""
    seeds = f"<br>mean of {len(point.seeds)} seeds" if len(point.seeds) > 1 else ""
    return f"{_text(point.title)}<br>{compact(point.parameters)} parameters<br>{point.score:.2f} points{seeds}"


def _text(text: str) -> str:
    """Take the meaning from `<` and `&`: Plotly reads a little HTML in its labels, and these come from submissions."""
    short = text if len(text) <= 60 else f"{text[:59]}…"
    return html.escape(short, quote=False)
