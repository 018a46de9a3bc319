"""A submission's life after it was merged: another slug, notices, a tombstone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import store
from harness.cli.main import main
from harness.records import NoticeKind
from harness.store.notices import find_tombstones, load_notices
from tests.support.folders import SITE_SUBMISSIONS, SUBMISSIONS


@pytest.fixture
def board(tmp_path: Path) -> Path:
    root = tmp_path / "submissions"
    shutil.copytree(SUBMISSIONS / "toy", root / "toy")
    shutil.copytree(SITE_SUBMISSIONS / "lantern-b-none", root / "lantern-b-none")
    return root


def run(board: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*arguments, "--submissions", str(board)])
    return done.exit_code, done.output


def test_a_renamed_submission_states_the_same_and_its_old_slug_leads_to_it(board: Path) -> None:
    path = board / "toy/submission.yaml"
    path.write_text(path.read_text() + "# a comment that stays\n")
    before = store.load_results(board / "toy")
    assert run(board, "rename", "toy", "robot")[0] == 0
    assert not (board / "toy").exists()
    assert store.submission_faults(board / "robot") == ()
    after = store.load_results(board / "robot")
    assert [result.model_copy(update={"submission": "toy"}) for result in after] == list(before)
    assert store.load_submission(board / "robot").aliases == ("toy",)
    assert "# a comment that stays\n" in (board / "robot/submission.yaml").read_text()
    assert store.locate("toy", board) == board / "robot"
    code, output = run(board, "validate", "toy")
    assert (code, output.partition("\n")[0]) == (0, f"{board / 'robot'}: fine")


def test_checks_sweeps_and_a_second_renaming_move_along(board: Path) -> None:
    old = board / "lantern-b-none"
    marks = {
        path.stem: store.load_verification(old).of(path.stem, store.result_digest(path)) is not None  # type: ignore[union-attr]
        for path in store.find_results(old)
    }
    assert any(marks.values())
    run(board, "rename", "lantern-b-none", "lamp")
    assert run(board, "rename", "lamp", "torch-light")[0] == 0
    new = board / "torch-light"
    assert store.load_submission(new).aliases == ("lantern-b-none", "lamp")
    record = store.load_verification(new)
    assert record is not None
    now = {
        path.stem: record.of(path.stem, store.result_digest(path)) is not None
        for path in store.find_results(new)
    }
    assert now == marks
    assert store.SWEEPS.load(store.SWEEPS.path(new, "bucc2018_dev")).submission == "torch-light"
    assert store.locate("lantern-b-none", board) == store.locate("lamp", board) == new


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("lantern-b-none", "already"),
        ("former", "'former' is a former slug of robot, and leads to it"),
        ("gone", "was withdrawn, and is never used again"),
        ("gone-before", "'gone-before' is a former slug of gone, which was withdrawn"),
        ("Not A Slug", "the slug, which names the folder, must be"),
    ],
)
def test_a_slug_that_is_or_was_in_use_is_not_given_again(board: Path, slug: str, words: str) -> None:
    for name in ("former", "gone-before"):
        shutil.copytree(board / "toy", board / name)
        text = (board / name / "results/jupyterlab.yaml").read_text()
        (board / name / "results/jupyterlab.yaml").write_text(
            text.replace("submission: toy", f"submission: {name}")
        )
    run(board, "rename", "former", "robot")
    run(board, "rename", "gone-before", "gone")
    assert run(board, "withdraw", "gone", "--reason", "its weights were another's")[0] == 0
    for command in (["rename", "toy", slug], ["new", slug]):
        code, output = run(board, *command)
        assert code == 3 and words in output.replace("\n", " "), output
    assert (board / "toy/submission.yaml").is_file()


def test_a_withdrawn_submission_leaves_only_its_tombstone(board: Path) -> None:
    assert (
        run(board, "withdraw", "toy", "--reason", "asked by its submitter", "--url", "https://example.org/1")[
            0
        ]
        == 0
    )
    assert [path.name for path in (board / "toy").iterdir()] == ["tombstone.yaml"]
    (stone,) = find_tombstones(board)
    assert (stone.submission, stone.reason, stone.url) == (
        "toy",
        "asked by its submitter",
        "https://example.org/1",
    )
    assert store.find_submissions(board) == ("lantern-b-none",)
    assert run(board, "withdraw", "toy", "--reason", "twice")[0] == 3


def test_a_notice_holds_until_it_is_lifted_and_stays_on_record(board: Path) -> None:
    assert (
        run(
            board,
            "notice",
            "toy",
            "--kind",
            "disputed",
            "--reason",
            "scores of other weights",
            "-t",
            "tatoeba",
        )[0]
        == 0
    )
    assert run(board, "notice", "toy", "--kind", "weights-gone", "--reason", "404 on the Hub")[0] == 0
    notices = load_notices(board / "toy")
    assert notices is not None
    disputed, gone = notices.notices
    assert disputed.concerns("tatoeba") and not disputed.concerns("xquad_r") and gone.concerns("xquad_r")
    assert disputed.kind.unranks and not gone.kind.unranks
    assert run(board, "notice", "toy", "--kind", "disputed", "--lift")[0] == 0
    notices = load_notices(board / "toy")
    assert notices is not None
    assert [notice.kind for notice in notices.notices] == [NoticeKind.DISPUTED, NoticeKind.WEIGHTS_GONE]
    assert not notices.notices[0].concerns("tatoeba")
    assert run(board, "notice", "toy", "--kind", "retired", "--lift")[0] == 3
    assert store.submission_faults(board / "toy") == ()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--kind", "disputed"], 2),
        (["--kind", "disputed", "--reason", "two\nlines"], 2),
        (["--kind", "disputed", "--reason", "x", "--url", "javascript:alert(1)"], 2),
        (["--kind", "disputed", "--reason", "x", "-t", "no-target"], 2),
    ],
)
def test_a_notice_needs_a_reason_and_known_targets(board: Path, arguments: list[str], code: int) -> None:
    assert run(board, "notice", "toy", *arguments)[0] == code
    assert not (board / "toy/notices.yaml").exists()
