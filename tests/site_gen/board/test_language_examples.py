"""The examples of a result as the script that its page loads."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

from harness.store import load_result
from site_gen.build import gather
from tests.support.boards import make_board
from tests.support.folders import SITE_SUBMISSIONS

SLUG = "lantern-b-none"


def test_every_example_has_a_value_and_the_worst_are_listed_by_id() -> None:
    board = make_board(gather(SITE_SUBMISSIONS))
    (row,) = (row for row in board.rows if row.slug == SLUG)
    script = row.details.file(f"data/examples/{SLUG}/bucc2018_dev.js").decode()
    slug, target, languages = json.loads(f"[{script.removeprefix('stiltboardExamples(')[:-3]}]")
    result = load_result(SITE_SUBMISSIONS / SLUG / "results/bucc2018_dev.yaml")
    rows = pq.read_table(SITE_SUBMISSIONS / SLUG / "results/bucc2018_dev.parquet").to_pylist()
    assert (slug, target) == (SLUG, "bucc2018_dev")
    assert [each["language"] for each in languages] == list(result.checkpoints[0].scores)
    for each in languages:
        sentences = {pair["foreign"] for pair in rows if pair["language"] == each["language"]}
        wrong = {
            pair["foreign"]
            for pair in rows
            if pair["language"] == each["language"] and pair["gold"] != pair["accepted"]
        }
        assert sorted(sentences) == each["ids"]
        assert len(each["values"]) == len(each["ids"])
        assert {name for name, step in zip(each["ids"], each["values"], strict=True) if step != "_"} == wrong
        assert each["count"] == len(wrong)
        assert len(each["wrong"]) == min(10, len(wrong))
        assert {line[0] for line in each["wrong"]} <= wrong


def test_numbered_examples_need_no_ids() -> None:
    board = make_board(gather(SITE_SUBMISSIONS))
    (row,) = (row for row in board.rows if row.slug == SLUG)
    script = row.details.file(f"data/examples/{SLUG}/bitext.harbour.js").decode()
    *_, languages = json.loads(f"[{script.removeprefix('stiltboardExamples(')[:-3]}]")
    # Of two seeds that agree, three of four sentences are right; sentence 3 answers 0.
    assert languages[0] == {
        "language": "fi",
        "name": "Finnish",
        "values": "___A",
        "count": 1,
        "wrong": [["3", 0.0, "0", "3", [], None]],
    }
