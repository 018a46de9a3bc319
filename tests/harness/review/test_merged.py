"""The submissions as after merging, written out for a preview: plain files of submissions and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from tests.support.folders import tree
from tests.support.pull_requests import Edits, Put, Repository, about, begin, measured, written

NEW = "submissions/new/submission.yaml"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("merged")
    files = {
        "submissions/mine/submission.yaml": about("mine", "ada"),
        "submissions/mine/notes.txt": b"of an earlier time",
        "submissions/README.md": b"submissions\n",
        "submissions/CON/submission.yaml": about("con", "ada"),
        "harness/__init__.py": b"",
        **written(folder, *measured("mine")),
    }
    return begin(folder / "repository", files)


def reviewed(board: Repository, edits: Edits, folder: Path) -> tuple[int, str]:
    arguments = ["review", board.base, board.pull(edits), "--submissions", str(board.folder / "submissions")]
    ended = CliRunner().invoke(main, [*arguments, "--actor", "eve", "--merged", str(folder)])
    return ended.exit_code, ended.stderr


def test_what_would_be_merged_is_written_by_name(board: Repository, tmp_path: Path) -> None:
    assert reviewed(board, {NEW: about("new", "eve")}, tmp_path / "merged") == (0, "")
    results = {
        path.removeprefix("submissions/"): data for path, data in board.files.items() if "/results/" in path
    }
    assert tree(tmp_path / "merged") == {
        "mine/submission.yaml": about("mine", "ada"),
        "new/submission.yaml": about("new", "eve"),
        **results,
    }


def test_it_is_written_where_a_maintainer_has_to_decide_and_not_after_a_refusal(
    board: Repository, tmp_path: Path
) -> None:
    assert reviewed(board, {NEW: about("new", "bob")}, tmp_path / "asked")[0] == 2
    assert (tmp_path / "asked/new/submission.yaml").is_file()
    for number, edits in enumerate(
        [
            {NEW: about("new", "eve"), "submissions/new/x.py": b""},
            {"submissions/new/results/xnli.yaml": Put("120000", b"/etc/passwd")},
            {"submissions/../x/submission.yaml": about("x", "eve")},
        ]
    ):
        assert reviewed(board, edits, tmp_path / str(number))[0] == 1
        assert not (tmp_path / str(number)).exists()
    assert reviewed(board, {"README.md": b"code"}, tmp_path / "code")[0] == 2
    assert not (tmp_path / "code").exists()


def test_a_folder_that_exists_is_not_written_into(board: Repository, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    code, error = reviewed(board, {NEW: about("new", "eve")}, tmp_path)
    assert (code, "cannot be written: File exists" in error) == (3, True)
    assert tree(tmp_path) == {"kept": b"kept"}
