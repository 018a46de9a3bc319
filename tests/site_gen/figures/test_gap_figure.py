"""The panel of gaps below the scaling curves."""

from __future__ import annotations

import json

import pytest

from site_gen.board.gap import gaps
from site_gen.build import site_files
from site_gen.figures.axes import difference_axis
from site_gen.figures.gap import gap_figure, standing_gap_figure
from site_gen.figures.plotly_json import figure_json
from site_gen.figures.scaling import scaling_figure
from site_gen.figures.svg import draw
from tests.support.boards import MILLION, PAIR, make_board, sizes, standing


def test_the_panel_shows_every_gap_with_its_interval_over_the_sizes_of_the_curves() -> None:
    found = standing(*sizes(8.0, 6.0, 4.0, 2.0))
    curves = scaling_figure(found)
    assert curves is not None
    figure = gap_figure(PAIR, gaps(found), curves.x)
    assert figure is not None
    assert figure.x == curves.x
    (curve,) = figure.curves
    assert [(point.x, round(point.y, 4)) for point in curve.points] == [
        (10.0 * MILLION * 2**i, 8.0 - 2 * i) for i in range(4)
    ]
    assert all(point.interval and point.interval[0] < point.y < point.interval[1] for point in curve.points)
    assert [line.cells[4] for line in figure.table.lines] == ["+8.00", "+6.00", "+4.00", "+2.00"]
    (drawn,) = draw(figure).lines
    assert all(symbol.whisker.startswith("M") for symbol in drawn.symbols)
    assert draw(figure).zero is not None and figure.sides is not None
    totals = standing_gap_figure(found, "total")
    assert totals is not None
    assert [point.x for point in totals.curves[0].points] == [3 * point.x for point in curve.points]
    assert curve.marked == curve.points  # all are beyond chance
    trace, _rings = json.loads(figure_json(figure))["data"]
    tops = [y + above for y, above in zip(trace["y"], trace["error_y"]["array"], strict=True)]
    assert tops == pytest.approx([point.interval[1] for point in curve.points if point.interval], abs=1e-3)


def test_without_a_gap_there_is_no_panel() -> None:
    empty = standing(*sizes(8.0)[:1])
    curves = scaling_figure(empty)
    assert curves is not None
    assert gap_figure(PAIR, gaps(empty), curves.x) is None
    pages = site_files(make_board(sizes(8.0), (PAIR,)))
    assert 'id="gap-pair"' in pages["index.html"].decode()
    assert 'id="gap-pair"' in pages["targets/pair.html"].decode()
    assert 'id="gap-pair"' not in site_files(make_board(sizes(8.0)[:1], (PAIR,)))["index.html"].decode()


@pytest.mark.parametrize(
    ("values", "low", "high", "labels"),
    [
        ([0.5], -1.0, 1.5, ("−1", "−0.5", "0", "+0.5", "+1", "+1.5")),
        ([-12.0, 31.0], -20.0, 40.0, ("−20", "−10", "0", "+10", "+20", "+30", "+40")),
    ],
)
def test_an_axis_of_differences_holds_zero_and_says_signs(
    values: list[float], low: float, high: float, labels: tuple[str, ...]
) -> None:
    axis = difference_axis("gap", values)
    assert (axis.low, axis.high) == (low, high)
    assert tuple(label for _, label in axis.ticks) == labels
