"""Legitimate things that a check against strangers could refuse by mistake: each of them passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.legitimate import boards, checkpoints, pull_requests, results, runs
from tests.legitimate.setting import Case, Setting
from tests.support.pull_requests import Repository, about, begin, measured, written

ROOMS = (pull_requests, checkpoints, results, runs, boards)
CASES: dict[str, Case] = {name: case for room in ROOMS for name, case in room.CASES.items()}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("board")
    files = {
        "README.md": b"a board\n",
        **{f"submissions/{slug}/submission.yaml": about(slug, owner) for slug, owner in (("mine", "ada"), ("theirs", "bob"), ("empty", "ada"))},
        **written(folder / "made", *measured("mine")),
        **written(folder / "made", *measured("theirs", draw=1)),
    }  # fmt: skip
    return begin(folder / "repository", files)


@pytest.mark.parametrize("name", CASES)
def test_what_is_legitimate_passes(name: str, board: Repository, toy_encoder: Path, tmp_path: Path) -> None:
    CASES[name](Setting(tmp_path, toy_encoder, board))


def test_there_are_sixty_of_them_and_no_two_of_one_name() -> None:
    assert len(CASES) == sum(len(room.CASES) for room in ROOMS) >= 60
