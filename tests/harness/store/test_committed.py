"""The commit that a folder of submissions is the content of, in small real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput, WrongUsage
from harness.store.checkout import submission_files, write_files
from harness.store.committed import more_than_since, origin_of
from harness.store.git import repository_around, resolved
from harness.store.snapshots import checked_name, find_snapshots, is_tagged, named_revision, snapshot_name
from tests.support.pull_requests import Repository, about, begin, commit, git


@pytest.fixture
def board(tmp_path: Path) -> Repository:
    """Make a repository with two submissions."""
    files = {f"submissions/{slug}/submission.yaml": about(slug, slug) for slug in ("ada", "ben")}
    return begin(tmp_path / "board", {**files, "README.md": b"hello\n"})


def test_the_origin_is_the_commit_of_which_the_files_are(board: Repository) -> None:
    origin = origin_of(board.folder / "submissions")
    assert origin is not None
    assert (origin.commit, origin.date) == (board.base, "2026-01-01T00:00:00Z")
    assert (origin.short, origin.day) == (board.base[:12], "2026-01-01")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("submissions/ada/submission.yaml", b"edited\n"),
        ("submissions/ada/results/tatoeba.yaml", b"new\n"),
        ("submissions/fay/submission.yaml", b"new\n"),
        ("README.md", b"edited\n"),
    ],
)
def test_an_edited_or_uncommitted_file_has_no_origin(board: Repository, path: str, text: bytes) -> None:
    file = board.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    assert origin_of(board.folder / "submissions") is None


def test_an_ignored_submission_has_no_origin(board: Repository) -> None:
    (board.folder / ".git/info").mkdir(exist_ok=True)
    (board.folder / ".git/info/exclude").write_text("/submissions/fay/\n/demo/\n")
    for folder in ("submissions/fay", "demo/submissions/fay"):
        (board.folder / folder).mkdir(parents=True)
        (board.folder / folder / "submission.yaml").write_bytes(b"new\n")
    assert origin_of(board.folder / "submissions") is None
    assert origin_of(board.folder / "demo/submissions") is None


def test_what_is_not_read_does_not_count(board: Repository) -> None:
    (board.folder / "notes.txt").write_text("mine\n")
    (board.folder / "submissions/ada/weights.bin").write_bytes(b"weights")
    assert origin_of(board.folder / "submissions") is not None


def test_a_removed_file_and_a_folder_without_a_repository_have_no_origin(
    board: Repository, tmp_path: Path
) -> None:
    (board.folder / "submissions/ada/submission.yaml").unlink()
    assert origin_of(board.folder / "submissions") is None
    outside = tmp_path / "outside"
    outside.mkdir()
    assert origin_of(outside) is None
    assert origin_of(tmp_path / "missing") is None


def test_no_filter_of_the_settings_runs(board: Repository, tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    (board.folder / ".git/info").mkdir(exist_ok=True)
    (board.folder / ".git/info/attributes").write_text("* filter=ours\n")
    git(board.folder, "config", "filter.ours.clean", f"touch {canary}; cat")
    git(board.folder, "config", "filter.ours.required", "true")
    file = board.folder / "submissions/ada/submission.yaml"
    file.write_bytes(file.read_bytes())  # another time: git has to look into it
    origin = origin_of(board.folder / "submissions")
    assert origin is not None
    assert not canary.exists()


def test_the_commit_is_found_since_which_there_are_too_many(board: Repository) -> None:
    head = resolved(repository_around(board.folder / "submissions"), "HEAD")
    assert more_than_since(head, 2) is None
    one = commit(board.folder, {"submissions/cem/submission.yaml": about("cem", "cem")}, board.base)
    # A tombstone takes the place of a submission, and results count for nothing.
    two = commit(
        board.folder,
        {
            "submissions/cem/submission.yaml": None,
            "submissions/cem/tombstone.yaml": b"x\n",
            "submissions/ada/results/tatoeba.yaml": b"x\n",
        },
        one,
    )
    since = more_than_since(resolved(head.repository, two), 2)
    assert since is not None
    assert since.commit == one
    assert more_than_since(resolved(head.repository, two), 3) is None
    # Fewer in between: the last time counts.
    three = commit(board.folder, {"submissions/cem/tombstone.yaml": None}, two)
    four = commit(board.folder, {"submissions/dee/submission.yaml": about("dee", "dee")}, three)
    since = more_than_since(resolved(head.repository, four), 2)
    assert since is not None
    assert since.commit == four


def test_a_shallow_clone_does_not_know_since_when(board: Repository, tmp_path: Path) -> None:
    commit_id = commit(board.folder, {"submissions/cem/submission.yaml": about("cem", "cem")}, board.base)
    git(board.folder, "reset", "--quiet", "--hard", commit_id)
    git(tmp_path, "clone", "--quiet", "--depth=1", board.folder.as_uri(), "shallow")
    head = resolved(repository_around(tmp_path / "shallow/submissions"), "HEAD")
    assert more_than_since(head, 2) is None


def test_snapshots_are_the_tags_in_the_history_the_newest_first(board: Repository) -> None:
    repository = repository_around(board.folder / "submissions")
    later = commit(board.folder, {"submissions/cem/submission.yaml": about("cem", "cem")}, board.base)
    elsewhere = commit(board.folder, {"README.md": b"other\n"}, board.base)
    tags = {"2026-05": board.base, "2026-11": later, "2026-11-30": later, "2026-12": elsewhere}
    for name, revision in tags.items():
        git(board.folder, "tag", "--annotate", "-m", name, f"snapshot-{name}", revision)
    for name in ("snapshot-old", "snapshot-2026-13", "v1"):
        git(board.folder, "tag", name, later)
    found = find_snapshots(resolved(repository, later))
    assert [(snapshot.name, snapshot.origin.commit) for snapshot in found] == [
        ("2026-11-30", later),
        ("2026-11", later),
        ("2026-05", board.base),
    ]
    assert find_snapshots(resolved(repository, board.base))[0].name == "2026-05"
    for name in ("2026-11", "snapshot-2026-11"):
        assert named_revision(repository, name).commit == later
        assert snapshot_name(named_revision(repository, name)) == "2026-11"
    assert snapshot_name(named_revision(repository, "main")) == ""
    assert is_tagged("2026-11", resolved(repository, later))
    assert not is_tagged("2027-01", resolved(repository, later))
    with pytest.raises(BadInput, match="the snapshot 2026-11 is commit "):
        is_tagged("2026-11", resolved(repository, board.base))


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-11-31x", "2026-1", "../2026-11", "2026-11\n"])
def test_a_snapshot_is_named_after_a_month_or_a_day(name: str) -> None:
    with pytest.raises(WrongUsage):
        checked_name(name)


def test_files_are_written_as_they_are_in_git(board: Repository, tmp_path: Path) -> None:
    """Attributes and filters of the working tree change nothing; strays and links are left out."""
    (board.folder / ".git/info").mkdir(exist_ok=True)
    (board.folder / ".git/info/attributes").write_text("* text eol=crlf\n")
    repository = repository_around(board.folder / "submissions")
    added = commit(
        board.folder,
        {
            "submissions/ada/results/tatoeba.parquet": b"\0\r\n\n" * 1000,
            "submissions/ada/run.sh": b"#!/bin/sh\n",
            "submissions/Not A Slug/submission.yaml": b"x\n",
            "submissions/.hidden/submission.yaml": b"x\n",
        },
        board.base,
    )
    revision = resolved(repository, added)
    files = submission_files(revision)
    assert set(files) == {"ada/submission.yaml", "ben/submission.yaml", "ada/results/tatoeba.parquet"}
    write_files(revision, files, tmp_path / "written")
    assert (tmp_path / "written/ada/results/tatoeba.parquet").read_bytes() == b"\0\r\n\n" * 1000
    assert (tmp_path / "written/ada/submission.yaml").read_bytes() == about("ada", "ada")
    with pytest.raises(BadInput, match="cannot be written"):
        write_files(revision, files, tmp_path / "written")
    assert (tmp_path / "written/ada/submission.yaml").is_file()
    blocked = {"a/b": files["ben/submission.yaml"], "a": files["ada/submission.yaml"]}
    with pytest.raises(BadInput, match="cannot be written"):
        write_files(revision, blocked, tmp_path / "blocked")
    assert not (tmp_path / "blocked").exists()
