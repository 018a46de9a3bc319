"""Rows of another board: judged as a stranger's, under a slug that is free, with where they come from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import store
from harness.cli.main import main
from harness.importing.other_board import open_board
from tests.support.acts import RESULT, SETTINGS, older_format
from tests.support.folders import tree
from tests.support.pull_requests import Repository, about, begin, git, measured, sealed_again, written

VERIFICATION = """schema: 1
submission: theirs
results:
  - {target: jupyterlab, result: DIGEST, how: rerun, agrees: true, largest: 0.0, allowed: 0.1, by: Carol, \
date: "2026-02-01T00:00:00Z", harness: "0.1.0"}
"""
NOTICES = """schema: 1
submission: theirs
notices:
  - {kind: disputed, date: "2026-02-02T00:00:00Z", reason: measured on other text}
"""


@pytest.fixture
def other(tmp_path: Path) -> Repository:
    """Return the other board, in git: a row with a result, checked, disputed, renamed, and a row without one."""
    results = written(tmp_path / "results", *measured("theirs"))
    path = tmp_path / "results/theirs/results/jupyterlab.yaml"
    files = {
        "stiltboard.yaml": SETTINGS,
        "submissions/theirs/submission.yaml": about("theirs", "bob") + b"aliases: [before]\n",
        "submissions/theirs/verification.yaml": VERIFICATION.replace(
            "DIGEST", store.result_digest(path)
        ).encode(),
        "submissions/theirs/notices.yaml": NOTICES.encode(),
        "submissions/theirs/README.md": b"a note\n",
        "submissions/plain/submission.yaml": about("plain", "ada"),
        **results,
    }
    return begin(tmp_path / "other", files)


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Return this board's folder of submissions, with one row."""
    repository = begin(
        tmp_path / "board",
        {"stiltboard.yaml": SETTINGS, "submissions/mine/submission.yaml": about("mine", "ada")},
    )
    return repository.folder / "submissions"


def bring(source: Path, board: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["import", "board", str(source), *options, "--submissions", str(board)])


def rows(board: Path) -> list[str]:
    return sorted(path.name for path in board.iterdir())


def test_rows_come_with_where_they_are_from_and_without_another_boards_checks(
    other: Repository, board: Path
) -> None:
    ended = bring(other.folder, board, "--url", "https://example.org/board")
    assert ended.exit_code == 0, ended.output
    assert rows(board) == ["mine", "plain", "theirs"]
    submission = store.load_submission(board / "theirs")
    assert submission.origin is not None
    assert submission.origin.model_dump(exclude={"date"}) == {
        "board": "A board", "slug": "theirs", "url": "https://example.org/board", "commit": other.base,
    }  # fmt: skip
    assert submission.aliases == ()
    assert sorted(tree(board / "theirs")) == [
        "notices.yaml", "results/jupyterlab.parquet", "results/jupyterlab.yaml", "submission.yaml",
    ]  # fmt: skip
    assert (board / "theirs/results/jupyterlab.yaml").read_bytes() == other.files[RESULT]
    assert "left behind: verification.yaml: checks by another board's maintainers" in ended.stdout
    assert "left behind: README.md: not a file of a submission" in ended.stdout
    assert "left behind: aliases: before lead to it on the other board only" in ended.stdout
    assert "2 rows of A board brought in" in ended.stdout
    assert CliRunner().invoke(main, ["validate", "--submissions", str(board)]).exit_code == 0


def test_a_maintainers_pull_request_with_them_is_not_refused(other: Repository, board: Path) -> None:
    assert bring(other.folder, board, "theirs").exit_code == 0
    base = git(board, "rev-parse", "HEAD")
    git(board.parent, "add", "-A")
    git(board.parent, "commit", "--quiet", "-m", "Import")
    arguments = ["review", base, "HEAD", "--actor", "Carol", "--submissions", str(board), "--format", "json"]
    verdict = json.loads(CliRunner().invoke(main, arguments).stdout)
    assert verdict["verdict"] != "refused", verdict["reasons"]


def test_slugs_that_are_taken_are_refused_and_nothing_is_written(other: Repository, board: Path) -> None:
    (board / "mine").rename(board / "plain")
    ended = bring(other.folder, board)
    assert ended.exit_code == 1
    assert "plain is refused: there is a submission 'plain' already" in ended.stderr
    assert "--prefix OTHER-" in ended.stderr
    assert "1 row of A board acceptable, nothing written" in ended.stdout
    assert rows(board) == ["plain"]
    ended = bring(other.folder, board, "--skip-refused")
    assert (ended.exit_code, rows(board)) == (1, ["plain", "theirs"])


def test_under_a_prefix_every_file_has_the_new_slug(other: Repository, board: Path) -> None:
    ended = bring(other.folder, board, "--prefix", "a-")
    assert ended.exit_code == 0, ended.output
    assert rows(board) == ["a-plain", "a-theirs", "mine"]
    submission = store.load_submission(board / "a-theirs")
    assert submission.origin is not None
    assert (submission.origin.slug, submission.aliases) == ("theirs", ())
    assert store.load_result(board / "a-theirs/results/jupyterlab.yaml").submission == "a-theirs"
    assert "submission: a-theirs" in (board / "a-theirs/notices.yaml").read_text()
    assert CliRunner().invoke(main, ["validate", "--submissions", str(board)]).exit_code == 0


@pytest.mark.parametrize("option", [[], ["--skip-refused"]])
def test_with_check_nothing_is_written(other: Repository, board: Path, option: list[str]) -> None:
    ended = bring(other.folder, board, "--check", *option)
    assert ended.exit_code == 0
    assert rows(board) == ["mine"]


def edit(other: Repository, path: str, data: bytes) -> None:
    """Commit another content of a file on the other board."""
    (other.folder / path).parent.mkdir(parents=True, exist_ok=True)
    (other.folder / path).write_bytes(data)
    git(other.folder, "add", "-A")
    git(other.folder, "commit", "--quiet", "-m", "Edit")


def test_a_forged_score_is_refused(other: Repository, board: Path) -> None:
    text = other.files[RESULT]
    score = store.load_result(other.folder / RESULT).checkpoints[0].scores["it"].score
    forged = sealed_again(text.replace(f"score: {score}".encode(), b"score: 99.5"))
    edit(other, RESULT, forged)
    ended = bring(other.folder, board)
    assert ended.exit_code == 1
    assert "theirs is refused: " in ended.stderr
    assert "99.5" in ended.stderr
    assert "theirs/results/jupyterlab.yaml" in ended.stderr
    assert ".import-" not in ended.stderr
    assert rows(board) == ["mine"]


def test_a_name_that_is_confusable_with_one_here_is_refused(other: Repository, board: Path) -> None:
    edit(other, "submissions/m1ne/submission.yaml", about("m1ne", "eve").replace(b"M1Ne", "Мine".encode()))
    ended = bring(other.folder, board, "m1ne")
    assert ended.exit_code == 1
    assert "is confusable with" in ended.stderr


def test_older_formats_are_rewritten(other: Repository, board: Path) -> None:
    edit(other, RESULT, older_format(other))
    ended = bring(other.folder, board, "theirs")
    assert ended.exit_code == 0, ended.output
    assert "schema: 2\n" in (board / "theirs/results/jupyterlab.yaml").read_text()
    old = bring(other.folder, board, "theirs", "--at", other.base, "--prefix", "b-")
    assert old.exit_code == 0
    origin = store.load_submission(board / "b-theirs").origin
    assert origin is not None
    assert origin.commit == other.base


def test_what_the_working_tree_holds_is_not_what_was_committed(other: Repository, board: Path) -> None:
    (other.folder / RESULT).write_text("not committed")
    assert bring(other.folder, board).exit_code == 0


def test_a_bare_repository_a_folder_and_a_folder_within_a_repository_are_boards(
    other: Repository, board: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(other.folder), str(tmp_path / "bare.git"))
    plain = Path(shutil.copytree(other.folder, tmp_path / "plain", ignore=shutil.ignore_patterns(".git")))
    for place in (tmp_path / "bare.git", other.folder / "submissions", plain, plain / "submissions"):
        found = open_board(place)
        assert (found.title, sorted(found.rows)) == ("A board", ["plain", "theirs"])
        assert found.commit == (None if plain in (place, place.parent) else other.base)
        assert bring(place, board, "--check").exit_code == 0
    inside = Path(shutil.copytree(plain, board.parent / "unpacked"))
    assert open_board(inside).commit is None


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://example.org/board.git", "https://example.org/board"),
        ("https://user:token@example.org/board", None),
        ("git@example.org:board.git", None),
    ],
)
def test_the_address_of_a_clone_is_that_of_its_remote_without_a_token(
    other: Repository, remote: str, url: str | None
) -> None:
    git(other.folder, "remote", "add", "origin", remote)
    assert open_board(other.folder).url == url


def test_the_first_board_is_where_a_row_was_measured(other: Repository, board: Path, tmp_path: Path) -> None:
    assert bring(other.folder, board, "theirs").exit_code == 0
    third = tmp_path / "third/submissions"
    third.mkdir(parents=True)
    assert bring(board, third, "theirs").exit_code == 2  # not committed there
    git(board.parent, "add", "-A")
    git(board.parent, "commit", "--quiet", "-m", "Import")
    assert bring(board, third, "theirs").exit_code == 0
    assert store.load_submission(third / "theirs").origin == store.load_submission(board / "theirs").origin


def test_what_may_not_come_is_refused_row_by_row(other: Repository, board: Path) -> None:
    assert "the other board has no submission nobody" in bring(other.folder, board, "nobody").stderr
    (other.folder / "submissions/plain/results").mkdir()
    (other.folder / "submissions/plain/results/tatoeba.yaml").symlink_to("/etc/hostname")
    git(other.folder, "add", "-A")
    git(other.folder, "commit", "--quiet", "-m", "Link")
    assert "plain is refused" in bring(other.folder, board, "plain").stderr
    shutil.rmtree(other.folder / "submissions/plain/results")
    arguments = ["withdraw", "plain", "--reason", "asked", "--submissions", str(other.folder / "submissions")]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    git(other.folder, "add", "-A")
    git(other.folder, "commit", "--quiet", "-m", "Withdraw")
    assert "the other board has no submission plain" in bring(other.folder, board, "plain").stderr
    (board / "theirs").mkdir()
    (board / "theirs/weights").write_text("left")
    assert "theirs is refused: " in bring(other.folder, board, "theirs").stderr
    assert "found 'NO theirs'" in bring(other.folder, board, "theirs", "--prefix", "NO ").stderr


def test_a_place_without_a_board_is_named(board: Path, tmp_path: Path) -> None:
    assert "there is no folder" in bring(tmp_path / "nowhere", board).stderr
    (tmp_path / "empty").mkdir()
    assert "there is no submission" in bring(tmp_path / "empty", board).stderr
    assert bring(board, board, "--url", "http://example.org").exit_code == 2
