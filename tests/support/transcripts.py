"""The commands that docs show with what they print: `python -m tests.support.transcripts` runs and writes them.

A fenced block of the kind `console` is a transcript: a line that begins with `$ ` is a command for the shell, the
lines up to the next one are what it prints to both streams. `…` stands for lines that are left out. All commands
of a page run in one copy of this repository's board, one after the other.
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
_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
_COMMAND = re.compile(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)")


def rewritten(page: str, board: Path) -> str:
    """Return a page with every transcript's output as it is now; `board` is a folder to work in."""

    def block(match: re.Match[str]) -> str:
        return "```console\n" + "".join(_lines(match[1], board)) + "```"

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
    return folder


def _lines(block: str, board: Path) -> Iterator[str]:
    for match in _COMMAND.finditer(block):
        yield f"$ {match[1]}\n"
        yield _shortened(match[2], _output(match[1], board))


def _output(command: str, board: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = os.environ | {"PATH": path, "STILTBOARD_CACHE": str(board / ".cache"), "COLUMNS": "110"}
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
    for path in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(rewritten(path.read_text("utf-8"), make_board(Path(folder))), "utf-8")
