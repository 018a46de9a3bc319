"""What a maintainer, a workflow of this repository and a stranger may change, by the base's own settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.records import BoardSettings
from harness.review import Review, Verdict, review
from harness.review.roles import Role, role_of
from tests.support.acts import (
    ACTS,
    BOT,
    RESULT,
    SETTINGS,
    another_result,
    maintained_board,
    migrate,
    older_format,
    verification,
)
from tests.support.pull_requests import Edits, Repository, about, measured, written


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return maintained_board(tmp_path_factory.mktemp("roles"))


def judge(
    board: Repository, head: str, actor: str, pusher: str | None = None, base: str | None = None
) -> Review:
    return review(base or board.base, head, board.folder / "submissions", actor=actor, pusher=pusher)


def rules(found: Review) -> list[str]:
    return sorted({reason.rule for reason in found.reasons})


@pytest.mark.parametrize("act", list(ACTS))
def test_a_maintainer_may_do_it_and_a_stranger_may_not(board: Repository, tmp_path: Path, act: str) -> None:
    base, head = ACTS[act](tmp_path, board)
    found = judge(board, head, "carol", base=base)
    assert (found.verdict, found.role) == (Verdict.ACCEPTED, Role.MAINTAINER), found.reasons
    assert judge(board, head, "mallory", base=base).verdict is not Verdict.ACCEPTED
    assert judge(board, head, "Carol", pusher="mallory", base=base).role is Role.CONTRIBUTOR
    assert judge(board, head, "mallory", pusher="carol", base=base).role is Role.CONTRIBUTOR


def test_a_superseding_result_is_reverted_with_git_revert(board: Repository, tmp_path: Path) -> None:
    merged, reverted = ACTS["revert a superseding result"](tmp_path, board)
    assert judge(board, merged, "bob").verdict is Verdict.ACCEPTED
    assert rules(judge(board, reverted, "carol", base=merged)) == ["restored"]
    assert judge(board, reverted, "bob", base=merged).verdict is Verdict.REFUSED
    # A state that never was is no revert.
    forged = board.pull({**written(tmp_path / "forged", *measured("theirs", draw=5))}, merged)
    assert judge(board, forged, "carol", base=merged).verdict is Verdict.REFUSED


def test_a_submission_is_not_removed_without_a_tombstone(board: Repository) -> None:
    head = board.pull({path: None for path in board.files if "/theirs/" in path})
    found = judge(board, head, "carol")
    assert (found.verdict, rules(found)) == (Verdict.REFUSED, ["deleted", "slug"])


def test_formats_are_migrated_by_a_maintainer_and_recognised(board: Repository, tmp_path: Path) -> None:
    older, head = migrate(tmp_path, board)
    found = judge(older, head, "carol")
    assert (found.verdict, rules(found)) == (Verdict.ACCEPTED, ["migrated"])
    assert found.results == ()
    assert judge(older, head, "mallory").verdict is Verdict.REFUSED
    # A forged result is refused before the migration, after it, and between the two.
    forged = re.sub(rb"score: [0-9]", b"score: 9", board.files[RESULT], count=1)
    for onto in (older.base, head):
        for text in (forged, re.sub(rb"score: [0-9]", b"score: 9", older_format(board), count=1)):
            found = judge(older, older.pull({RESULT: text}, onto), "bob", base=onto)
            assert found.verdict is Verdict.REFUSED


def test_a_workflow_brings_results_of_one_existing_submission_and_nothing_else(
    board: Repository, tmp_path: Path
) -> None:
    results = another_result(tmp_path, board)
    found = judge(board, board.pull(results), BOT)
    assert (found.verdict, found.role) == (Verdict.ACCEPTED, Role.WORKFLOW), found.reasons
    assert judge(board, board.pull(results), BOT, pusher="carol").verdict is Verdict.ACCEPTED
    assert judge(board, board.pull(results), BOT, pusher="mallory").verdict is not Verdict.ACCEPTED
    other: dict[str, Edits] = {
        "workflow-scope": {"submissions/theirs/submission.yaml": about("theirs", "bobby")},
        "verification": verification(tmp_path, board),
        "several": results | written(tmp_path / "second", *measured("mine")),
    }
    for rule, edits in other.items():
        found = judge(board, board.pull(edits), BOT)
        assert found.verdict is Verdict.REFUSED and rule in rules(found), rule


def test_a_workflow_notes_which_weights_are_gone_and_says_nothing_else(
    board: Repository, tmp_path: Path
) -> None:
    def notices(kind: str, *slugs: str) -> Edits:
        text = (
            "schema: 1\nsubmission: {}\nnotices: [{{kind: {}, date: '2026-03-02T09:14:07Z', reason: gone}}]\n"
        )
        return {f"submissions/{slug}/notices.yaml": text.format(slug, kind).encode() for slug in slugs}

    weights = board.pull(notices("weights-gone", "theirs", "mine"))
    assert judge(board, weights, BOT).verdict is Verdict.ACCEPTED
    assert judge(board, weights, "mallory").verdict is Verdict.REFUSED
    disputed = judge(board, board.pull(notices("disputed", "theirs")), BOT)
    assert (disputed.verdict, rules(disputed)) == (Verdict.REFUSED, ["workflow-scope"])


@pytest.mark.parametrize("act", ["rename", "withdraw"])
def test_a_slug_that_was_in_use_is_nobody_elses(board: Repository, tmp_path: Path, act: str) -> None:
    _, merged = ACTS[act](tmp_path, board)
    taken = {"submissions/theirs/submission.yaml": about("theirs", "mallory")}
    for actor in ("mallory", "carol"):
        found = judge(board, board.pull(taken, merged), actor, base=merged)
        assert found.verdict is Verdict.REFUSED
        assert {"slug", "invalid"} & set(rules(found))


def test_a_slug_without_a_tombstone_is_known_from_the_history(board: Repository) -> None:
    removed = board.pull({path: None for path in board.files if "/theirs/" in path})
    taken = {"submissions/theirs/submission.yaml": about("theirs", "mallory")}
    found = judge(board, board.pull(taken, removed), "mallory", base=removed)
    assert (found.verdict, rules(found)) == (Verdict.REFUSED, ["slug"])


def test_former_slugs_come_from_a_maintainers_renaming_only(board: Repository) -> None:
    claims = {"submissions/mine/submission.yaml": about("mine", "ada") + b"aliases: [theirs]\n"}
    found = judge(board, board.pull(claims), "ada")
    assert found.verdict is Verdict.REFUSED and "slug" in rules(found)


@pytest.mark.parametrize(
    ("author", "pusher", "role"),
    [
        ("carol", "CAROL", Role.MAINTAINER),
        ("carol", None, Role.MAINTAINER),
        ("carol", BOT, Role.MAINTAINER),
        (BOT, "carol", Role.WORKFLOW),
        ("carol", "mallory", Role.CONTRIBUTOR),
        ("mallory", "carol", Role.CONTRIBUTOR),
        (None, "carol", Role.CONTRIBUTOR),
        ("", "", Role.CONTRIBUTOR),
    ],
)
def test_both_who_opened_and_who_changed_it_have_to_be_trusted(
    author: str | None, pusher: str | None, role: Role
) -> None:
    settings = BoardSettings(schema_=1, maintainers=("Carol",), workflows=(BOT,))
    assert role_of(settings, author, pusher) is role
    assert role_of(BoardSettings(schema_=1), author, pusher) is Role.CONTRIBUTOR


def test_the_pull_request_does_not_say_who_maintains_the_board(board: Repository) -> None:
    settings = {"stiltboard.yaml": SETTINGS.replace(b"Carol", b"mallory")}
    head = board.pull({**settings, "submissions/theirs/submission.yaml": about("theirs", "mallory")})
    assert judge(board, head, "mallory").verdict is Verdict.REFUSED
