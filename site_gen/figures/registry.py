"""The charts of a target, in the order of its page: the one list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from site_gen.board.board import Standing
from site_gen.figures.chart import Chart, make_chart
from site_gen.figures.gap import standing_gap_figure
from site_gen.figures.published import published_figures
from site_gen.figures.scaling import is_drawn, scaling_figure
from site_gen.figures.scaling_choices import choices
from site_gen.once import once


def _gap_charts(standing: Standing) -> Iterator[Chart | None]:
    yield make_chart(standing_gap_figure(standing))


def _scaling_charts(standing: Standing) -> Iterator[Chart | None]:
    if is_drawn(standing):
        yield make_chart(scaling_figure(standing), choices(standing))


def _published_charts(standing: Standing) -> Iterator[Chart | None]:
    return (make_chart(figure) for figure in published_figures(standing))


CHARTS: dict[str, Callable[[Standing], Iterable[Chart | None]]] = {
    "gap": _gap_charts,
    "scaling": _scaling_charts,
    "published": _published_charts,
}
"""What each kind of chart is made from, by the name of the section that shows it."""


@once
def charts_of(standing: Standing, kind: str) -> tuple[Chart, ...]:
    """Return a target's charts of one kind of `CHARTS`; empty where the target has nothing to draw."""
    return tuple(chart for chart in CHARTS[kind](standing) if chart is not None)
