"""Cures are printed to be followed: where one is a command or an edit, it is followed here, and the command succeeds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from tests.environments.board import Board, make_board

ALPHA = Path("submissions/alpha")
RESULT = ALPHA / "results/jupyterlab.yaml"


@dataclass(frozen=True)
class Case:
    """A fault, the command that names it, the cure as it is printed, and what somebody does who follows it."""

    spoil: Callable[[], None]
    command: str
    cure: str  # a regular expression; its groups are given to `follow`
    follow: Callable[..., str | None]  # returns another command where the cure says how to call it


def edit(path: Path, old: str, new: str) -> Callable[[], None]:
    """Replace text in a file that holds it."""

    def change() -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def shell(command: str) -> None:
    """Run what a cure prints, with `stiltboard` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-ec", command], env=os.environ | {"PATH": path}, check=True, capture_output=True)


def stiltboard(arguments: str) -> None:
    """Run a command of ours that a cure names."""
    answer = CliRunner().invoke(main, arguments.split())
    assert answer.exit_code == 0, answer.output


def nothing() -> None:
    """Spoil nothing: the command itself is wrong."""


def write(path: str, data: str | bytes) -> Callable[[], None]:
    """Write a file, with the folders above it."""

    def change() -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data if isinstance(data, bytes) else data.encode())

    return change


def older_result() -> None:
    text = RESULT.read_bytes().partition(b"# sha256")[0]
    RESULT.write_bytes(text.replace(b"schema: 2", b"schema: 1", 1).replace(b"runs: []\n", b"run: {}\n"))


EVALUATE = "evaluate waiting --bitext pairs=pairs -t bitext.pairs --device cpu"
DIFF = "diff alpha beta"
CASES = {
    "a file of an older format": Case(
        older_result, "rename alpha gamma", r"first run stiltboard (migrate alpha)", stiltboard
    ),
    "a misspelt slug": Case(
        nothing, "diff alpah beta", r"did you mean (alpha)\?", lambda slug: f"diff {slug} beta"
    ),
    "an unknown key": Case(
        edit(ALPHA / "submission.yaml", "license:", "licence:"),
        "validate alpha",
        r"(license)",
        lambda key: edit(ALPHA / "submission.yaml", "licence:", f"{key}:")(),
    ),
    "a placeholder": Case(
        edit(ALPHA / "submission.yaml", "license: MIT", "license: <SPDX identifier>"),
        "validate alpha",
        r"replace it, angle brackets included",
        edit(ALPHA / "submission.yaml", "<SPDX identifier>", "MIT"),
    ),
    "a byte order mark": Case(
        lambda: (
            (ALPHA / "submission.yaml").write_bytes(
                b"\xef\xbb\xbf" + (ALPHA / "submission.yaml").read_bytes()
            )
            and None
        ),
        "validate alpha",
        r"save it as UTF-8 without one",
        edit(ALPHA / "submission.yaml", "\ufeff", ""),
    ),
    "an unknown target": Case(
        nothing,
        "notice alpha --kind disputed --reason r --url https://board.example/1 -t jupyter",
        r"did you mean (\w+)\?",
        lambda target: f"notice alpha --kind disputed --reason r --url https://board.example/1 -t {target}",
    ),
    "one side alone": Case(
        nothing, "diff alpha", r"name a second side, or a range of revisions such as main..HEAD", lambda: DIFF
    ),
    "a supersession without its parts": Case(
        nothing,
        "supersede alpha",
        r'stiltboard (supersede) SLUG -t TARGET --reason "…"',
        lambda command: f"{command} alpha -t jupyterlab --reason fault",
    ),
    "a slug in use": Case(nothing, "rename alpha beta", r"choose another slug", lambda: "rename alpha gamma"),
    "a folder that is no site": Case(
        write("public/notes.txt", "mine"),
        "build --out public",
        r"name a folder that does not exist yet, or one that an earlier build wrote, with --out",
        lambda: "build --out site",
    ),
    "no board": Case(
        nothing,
        "validate --submissions nowhere",
        r"name the folder of the submissions with --submissions",
        lambda: "validate --submissions submissions",
    ),
    "an unknown revision": Case(
        nothing,
        "diff nothing:alpha alpha",
        r"name a branch, a tag or a commit",
        lambda: "diff HEAD:alpha alpha",
    ),
    "no permission for outcomes": Case(
        (ALPHA / "results/jupyterlab.parquet").unlink,
        "validate alpha",
        r"git (restore|checkout)[^\n]*|stiltboard evaluate alpha -t jupyterlab --overwrite[^\n]*",
        lambda *_: shell("git checkout -- submissions"),
    ),
}
ENCODING = {
    "carriage returns": Case(
        write("pairs/pairs.de-en.de", "Die Fähre fährt früh.\rDas Boot blieb hier.\r"),
        EVALUATE, r"replace them all: (.+)", shell,
    ),
    "another encoding": Case(
        write("pairs/pairs.de-en.de", "Die Fähre fährt früh.\nDas Boot blieb hier.\n".encode("utf-16")),
        EVALUATE, r"convert it, then look at its letters: (.+)", shell,
    ),
    "a misspelt file": Case(
        lambda: shell("mv submissions/waiting/submission.yaml submissions/waiting/submission.yml"),
        EVALUATE, r"(mv \S+submission.yml \S+submission.yaml)", shell,
    ),
    "one side alone": Case(
        lambda: shell("mv pairs/pairs.de-en.en elsewhere"), EVALUATE, r"put both sides into the folder",
        lambda: shell("mv elsewhere pairs/pairs.de-en.en"),
    ),
    "a set that is not named": Case(
        nothing, "evaluate waiting -t bitext.pairs --device cpu", r"(--bitext pairs)=DIR", lambda option: f"evaluate waiting {option}=pairs -t bitext.pairs --device cpu",
    ),
    "an unknown language": Case(
        nothing, f"{EVALUATE} -l xx", r"one of: (\w+)", lambda language: f"{EVALUATE} -l {language}",
    ),
}  # fmt: skip
"""Those of `evaluate`, which opens an encoder."""


@pytest.fixture
def board(toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a small board, as the working folder."""
    made = make_board(tmp_path, toy_encoder)
    monkeypatch.chdir(made.folder)
    return made


@pytest.mark.parametrize("name", CASES)
def test_a_cure_that_is_followed_cures(name: str, board: Board) -> None:
    follow(CASES[name])


@pytest.mark.parametrize("name", ENCODING)
def test_a_cure_of_an_evaluation_that_is_followed_cures(name: str, board: Board) -> None:
    follow(ENCODING[name])


def follow(case: Case) -> None:
    """Run a command that fails, do what its cure says, and run it again."""
    case.spoil()
    failed = CliRunner().invoke(main, case.command.split())
    assert failed.exit_code in (1, 2, 3), failed.output
    cure = re.search(r"cure: ([^\n]*(?:\n {4}[^\n]*)*)", failed.output)
    assert cure, failed.output
    found = re.search(case.cure, cure[1])
    assert found, failed.output
    command = case.follow(*found.groups()) or case.command
    again = CliRunner().invoke(main, command.split())
    assert again.exit_code == 0, again.output
