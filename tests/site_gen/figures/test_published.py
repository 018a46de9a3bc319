from __future__ import annotations

from typing import Any

from site_gen.board.reported import ReportedEntry
from site_gen.figures.published import published_figures
from site_gen.figures.scaling import scaling_figure
from site_gen.figures.style import REGIME_MARKS, UNMEASURED
from tests.support.boards import PAIR, entry, make_board, reported

SOURCE = "https://example.org/paper"


def published(slug: str, score: str, parameters: str | None, source: str = SOURCE) -> ReportedEntry:
    more: dict[str, Any] = {"source": source, "parameters": parameters}
    return reported(slug, {"pair": {"means": {"accuracy": score}}}, **more)


ROWS = [
    published("big", "80", "2000000000"),
    published("small", "60", "200000000"),
    published("other-source", "99", "900000000", source="https://example.org/elsewhere"),
    published("no-size", "70", None),
]


def test_sizes_of_one_family_from_one_source_are_a_grey_line() -> None:
    (figure,) = published_figures(make_board(ROWS, (PAIR,)).standings[0])
    (curve,) = figure.curves
    assert [(point.x, point.y) for point in curve.points] == [(200_000_000, 60.0), (2_000_000_000, 80.0)]
    assert curve.mark.colour == UNMEASURED.colour
    assert curve.mark.colour not in {mark.colour for mark in REGIME_MARKS.values()}
    assert curve.joined and curve.open and curve.trend == () and curve.band == ()
    assert [line.link for line in figure.table.lines] == ["submissions/small.html", "submissions/big.html"]
    assert "never fitted" in figure.caption[0]


def test_they_are_on_no_axis_with_measured_rows() -> None:
    measured = entry("low", {"de": 10, "fi": 20})
    alone, together = (make_board(rows, (PAIR,)).standings[0] for rows in ([measured], [measured, *ROWS]))
    assert scaling_figure(together) == scaling_figure(alone)
    (figure,) = published_figures(together)
    assert {line.link for line in figure.table.lines} == {"submissions/small.html", "submissions/big.html"}


def test_one_size_is_no_line_and_what_follows_from_numbers_is_not_drawn() -> None:
    assert published_figures(make_board(ROWS[1:], (PAIR,)).standings[0]) == ()
    qa = PAIR.model_copy(
        update={
            "name": "qa",
            "kind": "qa",
            "metric": "em_f1",
            "secondary": ("exact_match", "f1"),
            "group": "qa",
        }
    )
    rows = [
        reported(
            slug, {"qa": {"means": {"exact_match": "40", "f1": "50"}}}, parameters=parameters, source=SOURCE
        )
        for slug, parameters in (("a", "1000000"), ("b", "2000000"))
    ]
    figures = published_figures(make_board(rows, (qa,)).standings[0])
    assert sorted(figure.name for figure in figures) == ["published-qa-exact-match", "published-qa-f1"]
