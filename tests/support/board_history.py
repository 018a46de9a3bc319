"""A board with a snapshot and a commit after it, in which everything happened that can happen to a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pull_requests import TARGET, Repository, about, begin, commit, git, measured, written

_LANGUAGES = tuple(TARGET.languages)


def _row(folder: Path, slug: str, right: float, draw: int, more: bytes = b"") -> dict[str, bytes]:
    result, table = measured(slug, _LANGUAGES, right=right, draw=draw)
    scores = [score.score for score in result.checkpoints[0].scores.values()]
    whole = result.model_copy(update={"score": round(sum(scores) / len(scores), 4)})
    return {
        f"submissions/{slug}/submission.yaml": about(slug, slug) + more,
        **written(folder, whole, table),
    }


def board_with_a_snapshot(folder: Path) -> Repository:
    """Return a repository whose base is the snapshot 2026-05, with a commit after it checked out.

    After the snapshot ada is measured again and better, ben is called zoe, eve is gone, and fay is new; only
    gus is as it was.
    """
    scratch = folder / "scratch"
    kept = _row(scratch, "gus", 0.4, 4)
    before = {
        **kept,
        **_row(scratch, "ada", 0.5, 1),
        **_row(scratch, "ben", 0.6, 2),
        **_row(scratch, "eve", 0.3, 3),
        "LICENSE": b"MIT\n",
        ".gitignore": b"/public/\n/snapshots/\n",
    }
    repository = begin(folder / "board", before)
    git(repository.folder, "tag", "--annotate", "-m", "2026-05", "snapshot-2026-05", repository.base)
    renamed = _row(folder / "renamed", "zoe", 0.6, 2, b"aliases: [ben]\n")
    after: dict[str | bytes, bytes | None] = {
        **dict.fromkeys(path for path in before if path.split("/")[1:2] in (["ben"], ["eve"])),
        **_row(folder / "again", "ada", 0.7, 5),
        **renamed,
        **_row(scratch, "fay", 0.9, 6),
    }
    git(repository.folder, "reset", "--quiet", "--hard", commit(repository.folder, after, repository.base))
    return repository


def set_identity(patch: pytest.MonkeyPatch) -> None:
    """Give git a name, and none of the settings of the person who runs the tests."""
    for role in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{role}_NAME", "us")
        patch.setenv(f"GIT_{role}_EMAIL", "us@example.org")
    patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
