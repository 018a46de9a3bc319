"""The answer as data, and a row's badge."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

from site_gen.board.answer_lines import answer_lines
from site_gen.board.gap import gaps
from site_gen.build import site_files
from tests.support.boards import PAIR, entry, make_board, sizes


def test_the_answer_is_in_json_and_csv_with_the_numbers_of_the_page() -> None:
    board = make_board(sizes(8.0, 6.0, 4.0), (PAIR,))
    files = site_files(board)
    answer = json.loads(files["data/answer.json"])["targets"]["pair"]
    told, (gap,) = answer_lines(board.main), gaps(board.main)
    assert told is not None and gap.trend is not None
    assert (answer["sentence"], answer["basis"]) == (told.sentence, told.basis)
    assert answer["sentence"] in files["index.html"].decode()
    assert [line["text"] for line in answer["lines"]] == [line.text for line in told.lines]
    (found,) = answer["gaps"]
    assert found["per_doubling"]["interval"] == [round(bound, 4) for bound in gap.trend.interval]
    assert [size["points"] for size in found["sizes"]] == [8.0, 6.0, 4.0]
    lines = list(csv.DictReader(io.StringIO(files["data/gaps.csv"].decode())))
    for line, size in zip(lines, gap.sizes, strict=True):
        assert (line["target"], line["english"]) == ("pair", size.english.slug)
        assert (float(line["low"]), float(line["high"])) == tuple(round(bound, 4) for bound in size.interval)
        assert line["decided"] == "yes"


def test_a_board_without_a_gap_has_no_answer() -> None:
    files = site_files(make_board([entry("toy", {"de": 1, "fi": 2})], (PAIR,)))
    assert json.loads(files["data/answer.json"])["targets"] == {}
    assert files["data/gaps.csv"].decode().count("\n") == 1


def test_every_row_with_a_score_has_a_badge_that_says_it() -> None:
    scored, unscored = entry("toy", {"de": 10, "fi": 21}), entry("part", {"de": 1, "fi": "failed"})
    files = site_files(make_board([scored, unscored], (PAIR,)), "https://user.github.io/board/")
    badge = ElementTree.fromstring(files["badges/toy.svg"])
    assert badge.get("aria-label") == "stiltboard: Pair 15.50"
    assert "badges/part.svg" not in files
    page = files["submissions/toy.html"].decode()
    assert "[![stiltboard](https://user.github.io/board/badges/toy.svg)]" in page
