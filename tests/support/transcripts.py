"""The commands that docs show with what they print: `python -m tests.support.transcripts` runs and writes them.

With the argument `training` it does so for the page that trains a model, and with `empty` for those that start
in an empty folder and evaluate, which takes minutes.

A fenced block of the kind `console` is a transcript: a line that begins with `$ ` is a command for the shell, the
lines up to the next one are what it prints to both streams. `…` stands for lines that are left out. All commands
of a page run in one folder, one after the other.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.folders import ROOT

# Few, so that a page does not change with every row that lands.
SUBMISSIONS = (
    *("me5-small-l3", "me5-small-l6", "me5-small-l12"),
    *(f"me5-small-l{layers}-sts-{regime}" for layers in (2, 12) for regime in ("english", "multilingual")),
)
PAGES = (ROOT / "docs/everyday.md",)
# They start in an empty folder, and evaluate.
EMPTY_FOLDER_PAGES = (ROOT / "docs/tutorial.md", ROOT / "docs/own-text.md")
# What its commands print has the same form on every machine, and other numbers.
TRAINING_PAGE = ROOT / "docs/while-training.md"
# Of the commits that a page makes.
_IDENTITY = {f"GIT_{role}_{what}": "ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
_FILE = re.compile(r"(?ms)^```(?:python|yaml)\n# (\S+\.(?:py|yaml))\n(.*?)^```$")
_COMMAND = re.compile(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)")


def rewritten(page: str, board: Path, left_out: str = "") -> str:
    """Return a page with every transcript's output as it is now; `board` is a folder to work in.

    Commands that begin with `left_out` are not run, and stay as they are.
    """

    def block(match: re.Match[str]) -> str:
        return "```console\n" + "".join(_lines(match[1], board, left_out)) + "```"

    return _BLOCK.sub(block, page)


def make_board(folder: Path) -> Path:
    """Copy some of this repository's submissions, and its settings, into a new folder, and return it."""
    for slug in SUBMISSIONS:
        shutil.copytree(
            ROOT / "submissions" / slug,
            folder / "submissions" / slug,
            ignore=shutil.ignore_patterns("*.lock"),
        )
    shutil.copy(ROOT / "stiltboard.yaml", folder)
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs/reference-experiment.md", folder / "docs")  # the account that it names
    return folder


def make_training_folder(folder: Path) -> Path:
    """Put an encoder of three layers, and the files of the page on training, into a folder, and return it."""
    from harness.cache import cache_folder
    from harness.models.checkpoint import fetch
    from harness.records import Checkpoint

    three = Checkpoint(bundled="multilingual-e5-small", layers=3)
    files = fetch(three, Path(), cache_folder() / "checkpoints")  # whose folder is there as long as this is
    shutil.copytree(files.folder, folder / "encoder")
    for name, text in _FILE.findall(TRAINING_PAGE.read_text("utf-8")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def without_numbers(page: str) -> str:
    """Return a page with a sign in place of every number, and one blank for many."""
    return re.sub(r" +", " ", re.sub(r"\d+(?:\.\d+)?", "#", page))


def _lines(block: str, board: Path, left_out: str) -> Iterator[str]:
    for match in _COMMAND.finditer(block):
        yield f"$ {match[1]}\n"
        if left_out and match[1].startswith(left_out):
            yield match[2]
        else:
            yield _shortened(match[2], _output(match[1], board))


def _output(command: str, board: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = (
        os.environ | _IDENTITY | {"PATH": path, "STILTBOARD_CACHE": str(board / ".cache"), "COLUMNS": "110"}
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=board, env=variables, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout


def _shortened(shown: str, printed: str) -> str:
    """Return what is printed, without what the page leaves out by `…`, if the rest is as shown."""
    parts = re.split(r"(?m)^…\n", shown)
    if len(parts) == 1:
        return printed
    lines = printed.splitlines(keepends=True)
    head, tail = parts[0].count("\n"), parts[-1].count("\n")
    return "".join([*lines[:head], "…\n", *lines[len(lines) - tail :]])


if __name__ == "__main__":
    chosen = {"training": (TRAINING_PAGE,), "empty": EMPTY_FOLDER_PAGES}.get("".join(sys.argv[1:]), PAGES)
    for path in chosen:
        with tempfile.TemporaryDirectory() as folder:
            start = {TRAINING_PAGE: make_training_folder}.get(path, make_board)
            if path in EMPTY_FOLDER_PAGES:
                start = Path
            path.write_text(rewritten(path.read_text("utf-8"), start(Path(folder))), "utf-8")
