"""What changed by date, without anything to compare the board with."""

from __future__ import annotations

from dataclasses import replace

from harness.records import Notice, Tombstone
from site_gen.board.dated_changes import dated_changes
from site_gen.build import gather, site_files
from tests.support.boards import make_board
from tests.support.folders import SITE_SUBMISSIONS

DISPUTED = Notice.model_validate(
    {"kind": "disputed", "date": "2026-05-01T00:00:00Z", "reason": "odd", "lifted": "2026-06-01T00:00:00Z"}
)
GONE = Tombstone.model_validate(
    {"schema": 1, "submission": "gone", "date": "2026-07-01T00:00:00Z", "reason": "asked for"}
)
REPLACED = {
    "target": "tatoeba",
    "outcomes": "a" * 64,
    "reason": "another pooling.",
    "date": "2026-04-01",
    "score": 40.0,
}


def test_every_record_with_a_date_is_a_line_the_newest_day_first() -> None:
    board = make_board(gather(SITE_SUBMISSIONS))
    row = next(row for row in board.rows if row.slug == "lodestar-s-english")
    old = type(row.submission).model_validate(
        row.submission.model_dump(mode="json", by_alias=True, exclude_none=True) | {"supersedes": [REPLACED]}
    )
    changed = replace(row, submission=old, notices=(DISPUTED,))
    lines = {
        (day, line.what)
        for day, day_lines in dated_changes(replace(board, rows=(changed,), withdrawn=(GONE,)))
        for line in day_lines
    }
    score = f"{row.cells['tatoeba'].score:.2f}"
    assert lines >= {
        ("2026-03-02", f"measured again: {score} points"),
        ("2026-04-01", f"replaced: 40.00 → {score} (another pooling)"),
        ("2026-05-01", "marked as disputed"),
        ("2026-06-01", "no longer disputed"),
        ("2026-07-01", "withdrawn"),
    }
    days = [day for day, _ in dated_changes(board)]
    assert days == sorted(days, reverse=True)


def test_without_a_snapshot_the_page_lists_results_by_date() -> None:
    page = site_files(make_board(gather(SITE_SUBMISSIONS)))["changes.html"].decode()
    assert "<h1>What changed</h1>" in page
    assert '<time datetime="2026-03-02">' in page
    assert '<a href="submissions/lodestar-s-english.html">Lodestar Small + MNLI</a>: Tatoeba new: ' in page
