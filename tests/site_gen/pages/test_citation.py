from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from harness.records import Result
from harness.records.origin import Origin, Snapshot
from harness.reproduction.command import reproducing_command
from site_gen.board.edition import NO_EDITION, BoardChanges, Edition
from site_gen.board.run_info import harness_versions
from site_gen.board.whole import WholeEntry
from site_gen.pages.citation import board_citation, entry_citation
from tests.support.boards import MINED, PAIR, entry, make_board, result, submission


def dated(**run: Any) -> Result:
    return result("toy", [{"de": 1.0, "fi": 2.0}], runs=[{"date": "2026-03-02T09:14:07Z"} | run])


def test_an_entry_is_cited_with_its_title_its_submitters_and_the_year_of_its_newest_run() -> None:
    made = submission(title="100 % {of} A_B & C", submitters=[{"name": "Ana Pérez"}, {"name": "Labs & Co"}])
    results = (dated(date="2026-01-01T01:30:00Z"),)
    (row,) = make_board([WholeEntry("toy", made, results)], (PAIR,)).rows
    assert entry_citation(row, "https://x.example/", "submissions/toy.html", NO_EDITION) == (
        "@misc{stiltboard-toy,\n"
        "  title = {{100 \\% \\{of\\} A\\_B \\& C}},\n"
        "  author = {{Ana Pérez} and {Labs \\& Co}},\n"
        "  year = {2026},\n"
        "  note = {Entry of the stiltboard leaderboard},\n"
        "  url = {https://x.example/submissions/toy.html},\n"
        "}"
    )


def test_what_is_not_known_is_left_out_of_a_citation() -> None:
    board = make_board([entry("toy")], (PAIR,))
    (row,) = board.rows
    entry_text = entry_citation(row, "", "submissions/toy.html", NO_EDITION)
    assert "year" not in entry_text
    assert "url" not in entry_text
    assert board_citation(board, "") == (
        "@misc{stiltboard,\n"
        "  title = {{stiltboard, a leaderboard of multilingual encoders after intermediate-task training}},\n"
        "  author = {{The stiltboard authors}},\n"
        "}"
    )


def test_a_citation_names_the_commit_or_a_snapshot_that_has_the_same_results() -> None:
    made = make_board([entry("toy")], (PAIR,))
    (row,) = made.rows
    old, new = Origin("a" * 40, "2026-05-31T10:00:00Z"), Origin("b" * 40, "2026-11-02T10:00:00Z")
    may = Snapshot("2026-05", old)

    def cited(edition: Edition) -> tuple[list[str], list[str]]:
        texts = (
            board_citation(replace(made, edition=edition), "https://x.example/"),
            entry_citation(row, "https://x.example/", "submissions/toy.html", edition),
        )
        whole, page = (
            [line.strip(" ,") for line in text.splitlines() if re.match(r"@| *(note|url)", line)]
            for text in texts
        )
        return whole, page

    assert cited(Edition(new)) == (
        ["@misc{stiltboard", f"note = {{Commit {'b' * 12} of 2026-11-02}}", "url = {https://x.example/}"],
        [
            "@misc{stiltboard-toy",
            f"note = {{Entry of the stiltboard leaderboard, commit {'b' * 12} of 2026-11-02}}",
            "url = {https://x.example/submissions/toy.html}",
        ],
    )
    same = BoardChanges("2026-05", True, old, (), (), (), (), frozenset({"toy"}))
    snapshot = f"snapshot 2026-05, commit {'a' * 12}"
    board, page = cited(Edition(new, "", (may,), same))
    assert board == [
        "@misc{stiltboard-2026-05", f"note = {{S{snapshot[1:]}}}", "url = {https://x.example/2026-05/}"
    ]  # fmt: skip
    assert page == [
        "@misc{stiltboard-toy-2026-05",
        f"note = {{Entry of the stiltboard leaderboard, {snapshot}}}",
        "url = {https://x.example/2026-05/submissions/toy.html}",
    ]
    # Its numbers are not those of the snapshot: a reader would find others there.
    changed = replace(same, unchanged=frozenset())
    assert cited(Edition(new, "", (may,), changed))[1] == cited(Edition(new))[1]
    # The site of the snapshot itself, whose address is in its base URL.
    assert cited(Edition(old, "2026-05"))[1][:2] == page[:2]


@pytest.mark.parametrize(
    "date", ["2026-03-02", "2026-03-02T09:14:07", "yesterday", "2026-02-30T00:00:00Z", "2" * 99]
)
def test_a_run_has_a_whole_date(date: str) -> None:
    with pytest.raises(ValidationError):
        dated(date=date)


@pytest.mark.parametrize("versions", [{}, {"torch": "2.10.0"}, {"stiltboard": "0.1 <b>"}])
def test_a_version_that_is_none_is_not_shown(versions: dict[str, str]) -> None:
    assert harness_versions(dated(versions=versions)) == ()
    assert harness_versions(dated(versions={"stiltboard": "0.1.0"})) == ("0.1.0",)


@pytest.mark.parametrize(
    ("target", "run", "signature", "command"),
    [
        (PAIR, {}, None, "stiltboard evaluate toy -t pair --overwrite"),
        (PAIR, {"dtype": "bfloat16"}, None, "stiltboard evaluate toy -t pair --dtype bfloat16 --overwrite"),
        (PAIR, {"dtype": "; rm -rf"}, None, "stiltboard evaluate toy -t pair --overwrite"),
        (MINED, {}, None, "stiltboard evaluate toy -t mined --data DIR --overwrite"),
        (
            MINED, {}, "mined|f1|xx–en|distance.k4.keep|oracle threshold|h2.mean|v1",
            "stiltboard evaluate toy -t mined --data DIR --margin distance --keep-duplicates --overwrite",
        ),
        (PAIR.model_copy(update={"name": "bitext.sea"}), {}, None, "stiltboard evaluate toy --bitext sea=DIR --overwrite"),
    ],
)  # fmt: skip
def test_the_command_names_every_option_that_the_numbers_hang_on(
    target: Any, run: Any, signature: str | None, command: str
) -> None:
    more = {"signature": signature} if signature else {}
    made = result(
        "toy", [{"de": 1.0, "fi": 2.0}], target=target, runs=[{"date": "2026-03-02T09:14:07Z"} | run], **more
    )
    assert reproducing_command("toy", target, made) == command
