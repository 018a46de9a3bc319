"""Every command under every condition: no traceback, the right exit code, and nothing cut or garbled."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.main import COMMANDS
from tests.environments.board import CALLS, make_board
from tests.environments.conditions import CONDITIONS, Ended, run

ELSEWHERE = {"demo", "train", "serve", "publish", "check-weights", "import"}
"""Commands that need minutes, a network or a second repository; their own tests end them."""
LIGHT = [name for name, call in CALLS.items() if not call.slow]
DIAGONAL = [(condition, LIGHT[at * 7 % len(LIGHT)]) for at, condition in enumerate(CONDITIONS)]


def test_every_command_is_called() -> None:
    assert set(COMMANDS) == (set(CALLS) - {"--help"}) | ELSEWHERE


@pytest.mark.parametrize(("condition", "command"), DIAGONAL)
def test_a_command_under_each_condition(
    condition: str, command: str, toy_encoder: Path, tmp_path: Path
) -> None:
    check(condition, command, toy_encoder, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("command", CALLS)
def test_each_command_under_each_condition(
    condition: str, command: str, toy_encoder: Path, tmp_path: Path
) -> None:
    check(condition, command, toy_encoder, tmp_path)


def check(condition: str, command: str, encoder: Path, folder: Path) -> None:
    """Run a command under a condition and judge how it ended."""
    board = make_board(folder, encoder)
    if prepare := CONDITIONS[condition].prepare:
        prepare(board)
    before = _files(board.folder)
    ended = run(CALLS[command], CONDITIONS[condition], board, folder)
    said = (ended.out + ended.err).decode("utf-8", "backslashreplace")
    assert "Traceback" not in said and "Exception ignored" not in said, said
    assert ended.code in (CALLS[command].code, *CONDITIONS[condition].codes), (ended.code, said)
    if ended.code == 3:
        assert "error: " in said and "cure: " in said
    if condition == "full output" and CALLS[command].code == 0:
        assert "error: standard output: " in said, said
    if "TERM" in (CONDITIONS[condition].variables or {}):
        _check_terminal(condition, ended)
    if ended.code not in (0, 141) and command not in ("build", "snapshot"):
        assert _files(board.folder) == before or condition == "full output"
    board.folder.chmod(0o755)


def _check_terminal(condition: str, ended: Ended) -> None:
    assert "…".encode() not in ended.out
    if condition in ("dumb terminal", "40 columns"):
        assert b"\x1b" not in ended.out
    else:
        assert b"\x1b[3" not in ended.out  # a colour


def _files(folder: Path) -> dict[Path, bytes | None]:
    """Return what lies in a folder, without locks and git's own files."""
    found: dict[Path, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".git" not in path.parts and not path.name.endswith(".lock"):
            found[path] = path.read_bytes() if path.stat().st_mode & 0o400 else None
    return found
