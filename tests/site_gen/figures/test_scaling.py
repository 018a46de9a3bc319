from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from harness.records import Regime, Result, Submission
from site_gen.board.recipe import recipe
from site_gen.board.whole import WholeEntry
from site_gen.figures.axes import Axis, layers_axis, log_axis, points_axis, whole_points_axis
from site_gen.figures.figure import Curve, Figure, Line, Point, Table
from site_gen.figures.plotly_json import figure_json, plotly_js
from site_gen.figures.scaling import scaling_figure
from site_gen.figures.scaling_choices import choices_js
from site_gen.figures.style import SERIES_MARKS, CurveMark, symbol_path
from site_gen.figures.svg import NARROW, WIDE, draw
from site_gen.formatting import compact
from tests.support.boards import PAIR, entry, make_board, result, submission

MILLION = 1_000_000


def figure(*entries: WholeEntry) -> Figure:
    found = scaling_figure(make_board(entries, (PAIR,)).standings[0])
    assert found is not None
    return found


def three_sizes(regime: str = "english", family: str = "toy") -> list[WholeEntry]:
    return [
        entry(
            f"{family}-{regime}-{size}",
            {"de": score, "fi": score},
            {"de": score + 2, "fi": score},
            regime=regime,
            family=family,
            body=size * MILLION,
        )
        for size, score in ((100, 40.0), (10, 20.0), (30, 30.0))
    ]


def test_a_curve_joins_one_family_under_one_regime_by_size() -> None:
    curves = figure(*three_sizes("english"), *three_sizes("none"), *three_sizes("english", "other")).curves
    assert [(curve.label, curve.open, curve.joined) for curve in curves] == [
        ("other, English-only (MNLI)", False, True),
        ("toy, no intermediate training", True, True),
        ("toy, English-only (MNLI)", True, True),
    ]
    means = "mean of 2 seeds"
    assert curves[2].points == (
        Point(
            10 * MILLION,
            20.5,
            ("Toy-English-10", "10 M parameters", "20.50 points", "8 examples in 2 languages", means),
            ((0, 20.0), (1, 21.0)),
            link="submissions/toy-english-10.html",
        ),
        Point(
            30 * MILLION,
            30.5,
            ("Toy-English-30", "30 M parameters", "30.50 points", "8 examples in 2 languages", means),
            ((0, 30.0), (1, 31.0)),
            link="submissions/toy-english-30.html",
        ),
        Point(
            100 * MILLION,
            40.5,
            ("Toy-English-100", "100 M parameters", "40.50 points", "8 examples in 2 languages", means),
            ((0, 40.0), (1, 41.0)),
            link="submissions/toy-english-100.html",
        ),
    )


def test_a_colour_is_a_regime_and_a_symbol_is_a_task() -> None:
    first, *others = three_sizes("english")
    rarer = replace(first, slug="rarer", submission=with_tasks(first.submission, "squad"))
    found = figure(*others, rarer, *three_sizes("none"))
    assert [(curve.label, curve.mark.colour, curve.symbol) for curve in found.curves] == [
        ("toy, no intermediate training", "#009E73", "circle"),
        ("toy, English-only (MNLI)", "#D55E00", "triangle-down"),
        ("toy, English-only (SQuAD v1.1)", "#D55E00", "square"),
    ]


def test_symbols_of_one_size_are_side_by_side_and_a_phone_has_a_drawing_of_its_own() -> None:
    found = figure(*three_sizes("english"), *three_sizes("multilingual"))
    for canvas in (WIDE, NARROW):
        left, right = (line.symbols for line in draw(found, canvas).lines)
        assert [round(b.x - a.x, 1) for a, b in zip(left, right, strict=True)] == [9.0] * 3
        assert all(0 < symbol.x < canvas.width and symbol.link for symbol in (*left, *right))
    alone = draw(figure(*three_sizes("english"))).lines[0]
    assert alone.path.startswith(f"M{alone.symbols[0].x} ")


def with_tasks(submission: Submission, *tasks: str) -> Submission:
    return submission.model_copy(
        update={"intermediate": submission.intermediate.model_copy(update={"tasks": tasks})}
    )


def five_sizes(seeds: int = 3) -> list[WholeEntry]:
    noise = (-0.4, 0.1, 0.3, -0.2, 0.5)
    return [
        entry(
            f"toy-{size}",
            *({"de": score + noise[(index + seed) % 5], "fi": score} for seed in range(seeds)),
            regime="english",
            body=size * MILLION,
        )
        for index, (size, score) in enumerate(((5, 40.0), (10, 55.0), (20, 65.0), (40, 72.0), (80, 77.0)))
    ]


def test_five_sizes_of_three_seeds_are_fitted_within_the_sizes_measured() -> None:
    found = figure(*five_sizes())
    (curve,) = found.curves
    assert (curve.joined, curve.trend[0][0], curve.trend[-1][0]) == (False, 5 * MILLION, 80 * MILLION)
    assert [x for x, _ in curve.trend] == [x for x, _, _ in curve.band]
    assert all(low <= y <= high for (_, y), (_, low, high) in zip(curve.trend, curve.band, strict=True))
    assert abs(curve.trend[0][1] - 40) < 1.5
    assert "a line is a fit with its 95\u00a0% band, drawn within the measured sizes" in found.caption[1]
    (stroke,) = draw(found).lines
    assert stroke.path.startswith("M") and stroke.band.endswith("Z")
    names = [trace["name"] for trace in json.loads(figure_json(found))["data"]]
    assert names == [f"toy, English-only (MNLI){part}" for part in (": band", ": fit", ": seeds", "")]


def test_two_seeds_a_size_are_joined_and_not_fitted() -> None:
    (curve,) = figure(*five_sizes(seeds=2)).curves
    assert (curve.joined, curve.trend, curve.band) == (True, (), ())


def test_submissions_of_one_size_are_no_seeds() -> None:
    alone = [
        replace(made, slug=f"{made.slug}-{n}", results=(of(made, f"{made.slug}-{n}"),))
        for made in five_sizes(1)
        for n in range(3)
    ]
    (curve,) = figure(*alone).curves
    assert (len(curve.points), curve.joined, curve.band) == (15, False, ())
    assert [x for x, _ in curve.trend] == [size * MILLION for size in (5, 10, 20, 40, 80)]


def test_a_fit_takes_the_submission_of_most_seeds_at_each_size() -> None:
    other = entry("toy-5-other", {"de": 90.0, "fi": 90.0}, regime="english", body=5 * MILLION)
    found = figure(*five_sizes(), other)
    (curve,) = found.curves
    assert curve.trend == figure(*five_sizes()).curves[0].trend
    assert len(curve.points) == 6


def test_a_line_goes_through_the_mean_of_the_submissions_of_one_size() -> None:
    found = figure(
        *three_sizes(),
        entry("toy-english-30b", {"de": 50.5, "fi": 50.5}, regime="english", body=30 * MILLION),
    )
    (curve,) = found.curves
    assert (curve.joined, curve.band) == (False, ())
    assert curve.trend == ((10 * MILLION, 20.5), (30 * MILLION, 40.5), (100 * MILLION, 40.5))
    assert len(found.caption) == 2
    assert "joins the means" in found.caption[1]
    (stroke,) = draw(found).lines
    assert (stroke.path.count("M"), stroke.band) == (1, "")
    means = json.loads(figure_json(found))["data"][0]
    assert (means["name"], means["y"]) == ("toy, English-only (MNLI): means", [20.5, 40.5, 40.5])


def test_of_many_submissions_of_one_size_some_are_drawn_from_the_lowest_score_to_the_highest() -> None:
    many = [
        entry(f"toy-{size}-{number}", {"de": number / 2 + size, "fi": number / 2 + size}, body=size * MILLION)
        for size in (10, 20, 30)
        for number in range(101)
    ]
    found = figure(*many)
    (curve,) = found.curves
    assert len(curve.points) == len(found.table.lines) == 60
    assert [point.y for point in curve.points if point.x == 10 * MILLION][::19] == [10.0, 60.0]
    assert dict(curve.trend) == {size * MILLION: pytest.approx(size + 25) for size in (10, 20, 30)}
    assert "some are drawn" in found.caption[-1]
    assert found.source == "data/targets/pair.csv"
    few = figure(*(each for each in many if int(each.slug.rpartition("-")[2]) % 6 == 0))
    assert len(few.curves[0].points) == 51
    assert few.source == "" and len(few.caption) == len(found.caption) - 1


def of(made: WholeEntry, slug: str) -> Result:
    return made.results[0].model_copy(update={"submission": slug})


def test_other_tasks_make_another_curve() -> None:
    squad = {"regime": "english", "tasks": ["squad"], "languages": ["en"], "examples": "5"}
    other = WholeEntry(
        "squad", submission("Squad", intermediate=squad), (result("squad", [{"de": 10.0, "fi": 20.0}]),)
    )
    found = figure(*three_sizes(), other)
    assert [curve.label for curve in found.curves] == [
        "toy, English-only (MNLI)",
        "toy, English-only (SQuAD v1.1)",
    ]
    assert found.table.lines[-1] == Line(
        ("toy, English-only (SQuAD v1.1)", "Squad", "1,000,000", "15.00", "15.00"), "submissions/squad.html"
    )
    assert found.caption[1:] == (
        "A line through symbols joins the means of one family under one regime and recipe; it is not a fit.",
        "With fewer than three sizes, only the points of a curve are drawn.",
        "Points of one size are drawn next to each other.",
    )


def test_two_sizes_are_points_without_a_line() -> None:
    found = figure(*three_sizes()[:2])
    assert [curve.joined for curve in found.curves] == [False]
    assert draw(found).lines[0].path == ""
    assert {trace["mode"] for trace in json.loads(figure_json(found))["data"]} == {"markers"}


def test_unranked_rows_do_not_enter_a_figure() -> None:
    board = make_board([entry("half", {"de": 10, "fi": "out of memory"})], (PAIR,))
    assert scaling_figure(board.standings[0]) is None


def test_a_recipe_names_tasks_and_alternatives() -> None:
    marks = {
        "regime": "english",
        "tasks": ["mnli", "squad"],
        "languages": ["en"],
        "examples": "1",
        "translated": "true",
        "continued_mlm": "true",
    }
    assert recipe(submission(intermediate=marks)) == "mnli + squad, translated, continued MLM"
    assert recipe(submission()) == ""


def test_axes_have_room_and_round_ticks() -> None:
    assert log_axis("size", [21_300_000, 1_072_000_000]).ticks == (
        (3e7, "30 M"),
        (1e8, "100 M"),
        (3e8, "300 M"),
        (1e9, "1 B"),
    )
    assert log_axis("size", [20_000_000]).ticks == ((1e7, "10 M"), (2e7, "20 M"))
    assert points_axis("score", [33.2, 82.3]) == Axis(
        "score", 20.0, 90.0, tuple((float(tick), str(tick)) for tick in range(20, 91, 10))
    )
    assert points_axis("score", [100.0, 100.0]) == Axis(
        "score", 97.0, 100.0, ((97.0, "97"), (98.0, "98"), (99.0, "99"), (100.0, "100"))
    )
    assert points_axis("score", [0.0, 100.0]).low == 0.0
    assert [label for _, label in whole_points_axis("recall").ticks] == ["0", "20", "40", "60", "80", "100"]
    assert [label for _, label in layers_axis("layer", 24).ticks] == [str(layer) for layer in range(0, 25, 2)]
    assert layers_axis("layer", 0) == Axis("layer", -0.5, 0.5, ((0.0, "0"),))
    assert len(layers_axis("layer", 10**17).ticks) <= 13
    assert (log_axis("size", [10, 1000]).fraction(100), points_axis("score", [0, 100]).fraction(25)) == (
        0.5,
        0.25,
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (10, "10"),
        (999_499, "999 k"),
        (999_600, "1 M"),
        (21_300_000, "21.3 M"),
        (278_000_000, "278 M"),
        (1.072e9, "1.07 B"),
    ],
)
def test_sizes_are_written_in_three_digits(count: float, text: str) -> None:
    assert compact(count) == text


def test_the_drawing_stays_on_its_canvas_and_its_symbols_are_paths() -> None:
    drawing = draw(figure(*three_sizes(), *three_sizes("multilingual")))
    for line in drawing.lines:
        for symbol in line.symbols:
            assert 0 < symbol.x < WIDE.width
            assert 0 < symbol.y < WIDE.height
            assert symbol.path.startswith("M")
    assert [len(line.symbols) for line in drawing.lines] == [3, 3]
    assert [len(line.seeds) for line in drawing.lines] == [6, 6]
    assert symbol_path("square", 10, 20, 5) == "M5.5 15.5h9v9h-9Z"
    assert symbol_path("diamond", 10, 20, 4) == "M10.0 15.0l5 5l-5 5l-5 -5Z"
    assert symbol_path("triangle-down", 10, 20, 4) == "M10.0 25.4L5.3 17.3L14.7 17.3Z"
    for mark in SERIES_MARKS:
        ET.fromstring(f"<path d='{symbol_path(mark.symbol, 1, 2, 5.5)}'/>")


def test_series_differ_in_dash_and_in_symbol() -> None:
    assert len(SERIES_MARKS) == 9
    for looks in ([mark.dash for mark in SERIES_MARKS], [mark.symbol for mark in SERIES_MARKS]):
        assert len(set(looks)) == 9


def test_gaps_part_a_line_and_marked_points_stand_within_a_ring() -> None:
    points = tuple(Point(x, x, (f"at {x}",), after_gap=x == 40) for x in (0, 20, 40, 60))
    curve = Curve("line", CurveMark("#000000", "1 2", "x"), points, symbols=False, marked=points[1:2])
    axis = whole_points_axis("points")
    found = Figure("f", "F", axis, axis, (curve,), (), Table((), ()))
    (stroke,) = draw(found).lines
    assert stroke.path.count("M") == 2
    assert (stroke.symbols, [symbol.text for symbol in stroke.marked]) == ((), ["at 20"])
    line, marked = json.loads(figure_json(found))["data"]
    assert (line["x"], line["mode"], line["line"]["dash"]) == ([0, 20, None, 40, 60], "lines", "1px,2px")
    assert line["text"] == ["at 0", "at 20", None, "at 40", "at 60"]
    assert (marked["x"], marked["mode"], marked["marker"]["symbol"]) == (
        [20, 20],
        "markers",
        ["x", "circle-open"],
    )
    assert json.loads(figure_json(found))["layout"]["xaxis"]["type"] == "linear"


def test_the_chart_says_the_same_as_the_record() -> None:
    document = json.loads(figure_json(figure(*three_sizes("multilingual"))))
    seeds, means = document["data"]
    assert means["x"] == [10 * MILLION, 30 * MILLION, 100 * MILLION]
    assert means["y"] == [20.5, 30.5, 40.5]
    assert means["mode"] == "lines+markers"
    assert means["line"] == {"color": "#0072B2", "dash": "solid", "width": 2}
    assert seeds["y"] == [20.0, 21.0, 30.0, 31.0, 40.0, 41.0]
    layout = document["layout"]
    assert layout["xaxis"]["title"]["text"] == "Parameters outside the embeddings (log scale)"
    assert layout["yaxis"]["title"]["text"] == "Accuracy (points)"
    assert (layout["xaxis"]["type"], layout["paper_bgcolor"]) == ("log", "rgba(0,0,0,0)")
    assert document["config"]["displaylogo"] is False
    assert document["config"]["showSendToCloud"] is False
    assert "https://" not in json.dumps(document)


def test_regimes_differ_in_colour_dash_and_symbol() -> None:
    document = json.loads(
        figure_json(figure(*(made for regime in Regime for made in three_sizes(regime.value))))
    )
    means = [trace for trace in document["data"] if "lines" in trace["mode"]]
    looks = [(trace["line"]["color"], trace["line"]["dash"], trace["marker"]["symbol"]) for trace in means]
    assert looks == [
        ("#009E73", "2px,5px", "circle"),
        ("#D55E00", "9px,5px", "triangle-down"),
        ("#0072B2", "solid", "cross"),
    ]


def test_a_label_cannot_bring_markup_into_the_chart() -> None:
    hostile = "<a href='https://example.org'>x</a>"
    made = WholeEntry("hostile", submission(hostile), (result("hostile", [{"de": 10.0, "fi": 20.0}]),))
    assert json.loads(figure_json(figure(made)))["data"][0]["text"] == [
        "&lt;a href='https://example.org'&gt;x&lt;/a&gt;<br>1 M parameters<br>15.00 points<br>8 examples in 2 languages"
    ]


def test_the_bundle_comes_out_of_the_installed_package() -> None:
    assert plotly_js().startswith(b"/**\n* plotly.js v")


def test_two_families_are_drawn_those_of_both_regimes_first_and_at_most_nine_curves() -> None:
    many = [made for family in ("a", "b", "c") for made in three_sizes("none", family)]
    asked = [made for regime in ("english", "multilingual") for made in three_sizes(regime, "z")]
    found = figure(*many, *asked)
    assert [curve.label for curve in found.curves] == [
        "a, no intermediate training",
        "z, English-only (MNLI)",
        "z, multilingual (xnli)",
    ]
    assert found.caption[-1] == "3 of 5 curves are drawn."
    assert len(found.table.lines) == 9
    recipes = [
        WholeEntry(
            f"recipe-{n}",
            submission("R", intermediate={**_TASKS, "tasks": [f"task{n}"]}),
            (result(f"recipe-{n}", [{"de": 1, "fi": n}]),),
        )
        for n in range(12)
    ]
    crowded = figure(*recipes)
    assert (len(crowded.curves), len(crowded.table.lines)) == (9, 9)
    assert crowded.caption[-1] == "9 of 12 curves are drawn."


def test_sizes_are_counted_with_or_without_the_embeddings() -> None:
    standing = make_board(three_sizes(), (PAIR,)).standings[0]
    body, total = (scaling_figure(standing, size=size) for size in ("body", "total"))
    assert body is not None and total is not None
    assert [point.x for point in total.curves[0].points] == [3 * point.x for point in body.curves[0].points]
    assert total.x.title == "Parameters in total (log scale)"
    handed = choices_js(standing).decode()
    assert handed.startswith('stiltboardCurves("pair",{"families":{"toy":{"body":{"x":[')
    document = json.loads(handed.removeprefix('stiltboardCurves("pair",').removesuffix(");\n"))
    drawn = document["families"]["toy"]["total"]
    assert drawn["x"] == [total.x.low, total.x.high]
    assert [point[0] for point in drawn["curves"][0]["points"]] == [
        point.x for point in total.curves[0].points
    ]
    assert document["gap"] == {"body": None, "total": None}


_TASKS = {"regime": "english", "languages": ["en"], "examples": "5"}
