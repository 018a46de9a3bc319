"""Whose word a result is: the mark belongs to one file, to somebody else, and to a rerun that agrees."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.records import Mark, Superseded, Verification, VerifiedResult
from site_gen.board.board import Board
from site_gen.board.trust import row_mark, senders
from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from site_gen.pages.board_rows import rows_js
from tests.support.boards import PAIR, SHOW, TATOEBA, entry, make_board, reported, submission

FILE, OLDER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def found(**more: object) -> VerifiedResult:
    fields: dict[str, object] = {
        "target": "pair", "result": FILE, "how": "rerun", "agrees": True, "largest": 0.25, "allowed": 1.5, "by": "Somebody Else",
        "date": "2026-03-09T10:00:00Z", "harness": "0.1.0", "device": "cuda", "dtype": "bfloat16",
    }  # fmt: skip
    return VerifiedResult.model_validate(fields | more)


def verified(*results: VerifiedResult, **more: object) -> WholeEntry:
    made = replace(entry("toy", {"de": 50, "fi": 60}), digests={"pair": FILE})
    return replace(made, verification=Verification(schema_=1, submission="toy", results=results), **more)  # type: ignore[arg-type]


def board_of(*entries: WholeEntry) -> Board:
    return make_board(entries, (PAIR, SHOW))


def mark_of(made: WholeEntry) -> Mark:
    return board_of(made).rows[0].cells["pair"].trust.mark


@pytest.mark.parametrize(
    ("results", "mark"),
    [
        ((), Mark.SELF_EVALUATED),
        ((found(),), Mark.VERIFIED),
        ((found(result=OLDER),), Mark.SELF_EVALUATED),
        ((found(target="show"),), Mark.SELF_EVALUATED),
        ((found(how="recount"),), Mark.SELF_EVALUATED),
        ((found(agrees=False),), Mark.SELF_EVALUATED),
        ((found(), found(agrees=False)), Mark.SELF_EVALUATED),
        ((found(), found(how="recount", agrees=False)), Mark.VERIFIED),
        ((found(by="example"),), Mark.SELF_EVALUATED),  # the submitter
    ],
)
def test_only_somebody_elses_rerun_of_this_very_file_that_agrees_marks_it(
    results: tuple[VerifiedResult, ...], mark: Mark
) -> None:
    assert mark_of(verified(*results)) is mark


def test_a_result_that_changed_after_it_was_verified_is_self_evaluated_again() -> None:
    made = verified(found())
    assert mark_of(made) is Mark.VERIFIED
    assert mark_of(replace(made, digests={"pair": OLDER})) is Mark.SELF_EVALUATED
    assert mark_of(replace(made, digests={})) is Mark.SELF_EVALUATED


def test_the_same_address_is_the_same_submitter() -> None:
    mine = submission(submitters=[{"name": "Example", "url": "https://example.org/me"}])
    made = verified(found(by="Another Name", url="https://example.org/me"), submission=mine)
    assert mark_of(made) is Mark.SELF_EVALUATED


def test_the_mark_stands_on_the_front_page_the_target_the_submission_and_in_every_download() -> None:
    files = site_files(board_of(verified(found())))
    words = '<span class="mark verified"><span aria-hidden="true">✓ </span>verified</span>'
    for path in ("targets/pair.html", "submissions/toy.html"):
        assert words in files[path].decode(), path
    said = "rerun by Somebody Else on 2026-03-09 on cuda in bfloat16: no language differs by more than 0.25 points"
    assert said in files["submissions/toy.html"].decode()
    cell = json.loads(files["data/leaderboard.json"])["submissions"][0]["targets"]["pair"]
    assert (cell["mark"], cell["verification"]["by"]) == ("verified", "Somebody Else")
    assert b",verified,\r\n" in files["data/targets/pair.csv"]
    assert b",verified," in files["data/leaderboard.csv"]
    assert b'"mark":{"text":["verified"]}' in files["data/rows.js"]


def test_published_numbers_are_marked_reported_in_every_download() -> None:
    paper = reported("paper", {"pair": {"means": {"accuracy": "99"}}})
    files = site_files(make_board([entry("toy", {"de": 50, "fi": 60}), paper], (PAIR,)))
    assert json.loads(files["data/leaderboard.json"])["reported"][0]["mark"] == "reported"
    for path in ("data/leaderboard.csv", "data/targets/pair.csv"):
        assert b",reported," in files[path].splitlines()[-1], path


def test_what_was_seen_stands_at_the_score() -> None:
    scored = entry("toy", dict.fromkeys(TATOEBA.languages, 50.0), target=TATOEBA).results
    seen = WholeEntry("toy", submission(trained_on=["mnli", "tatoeba"]), scored)
    clean = entry("clean", dict.fromkeys(TATOEBA.languages, 40.0), target=TATOEBA)
    board = make_board([seen, clean], (TATOEBA,))
    files = site_files(board)
    for path in ("index.html", "targets/tatoeba.html", "submissions/toy.html"):
        page = files[path].decode()
        assert page.count('<span class="seen" title="dev or test data seen in training: tatoeba">') == 1, path
    assert 'class="seen"' not in files["submissions/clean.html"].decode()
    rows = json.loads(rows_js(board).decode().removeprefix("stiltboardRows(").removesuffix(");\n"))
    assert rows["cells"]["tatoeba"]["notes"] == {
        str(rows["slug"].index("toy")): [["test data seen", "dev or test data seen in training: tatoeba"]]
    }
    lines = files["data/targets/tatoeba.csv"].decode().splitlines()
    assert sorted(line.rpartition(",")[2] for line in lines) == ["", "seen_in_training", "tatoeba"]


def test_earlier_results_stay_listed_as_replaced_or_removed() -> None:
    old = [
        Superseded(target=name, outcomes="c" * 64, reason=f"<b>{name}</b> was wrong")
        for name in ("pair", "xnli")
    ]
    made = entry("toy", {"de": 50, "fi": 60})
    made = replace(made, submission=made.submission.model_copy(update={"supersedes": tuple(old)}))
    files = site_files(board_of(made))
    page = files["submissions/toy.html"].decode()
    assert "pair, replaced: &lt;b&gt;pair&lt;/b&gt; was wrong." in page
    assert "xnli, removed: &lt;b&gt;xnli&lt;/b&gt; was wrong." in page
    row = json.loads(files["data/leaderboard.json"])["submissions"][0]
    assert [(each["target"], each["removed"]) for each in row["superseded"]] == [
        ("pair", False),
        ("xnli", True),
    ]


def test_submissions_are_counted_by_submitter() -> None:
    one, two = submission(submitters=[{"name": "A"}, {"name": "B"}]), submission(submitters=[{"name": "a"}])
    assert [(each.name, each.submissions, each.results) for each in senders([(one, 2), (two, 3)])] == [
        ("A", 2, 5),
        ("B", 1, 2),
    ]


def test_a_row_says_how_many_of_its_results_are_verified() -> None:
    verified, own = Mark.VERIFIED, Mark.SELF_EVALUATED
    assert row_mark([]) == ""
    assert row_mark([own, own]) == "self-evaluated"
    assert row_mark([own, verified]) == "1 of 2 verified"
    assert row_mark([verified]) == "verified"
