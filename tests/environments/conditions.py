"""What surrounds a command: streams, terminals, encodings, disks and permissions."""

from __future__ import annotations

import ctypes
import os
import pty
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.environments.board import Board, Call

STILTBOARD = str(Path(sys.executable).with_name("stiltboard"))
_CLOSE, _FULL, _NO_READER, _TERMINAL = "closed", "full", "no reader", "terminal"
_NO_LOCKS = """\
import errno, fcntl
def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = flock
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended; on a terminal all output is in `out`."""

    code: int
    out: bytes
    err: bytes


@dataclass(frozen=True)
class Condition:
    """One thing that is not as usual; `code` is the exit code where it differs from the usual one."""

    out: str = ""
    variables: Mapping[str, str] | None = None
    prepare: Callable[[Board], None] | None = None
    before_start: Callable[[], None] | None = None
    codes: tuple[int, ...] = ()


def _locale(encoding: str) -> Condition:
    return Condition(variables={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})


def _unreadable(board: Board) -> None:
    for path in board.folder.glob("submissions/*/submission.yaml"):
        path.chmod(0)


def _unwritable(board: Board) -> None:
    folders = [path for path in board.folder.rglob("*") if path.is_dir() and ".git" not in path.parts]
    for folder in (*folders, board.folder, board.output):
        folder.chmod(0o555)


def _without_privileges() -> None:
    """Let permissions bind the superuser too: drop the capabilities that override them."""
    system = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by PR_CAPBSET_DROP
        system.prctl(24, capability, 0, 0, 0)


def _no_file_grows() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


CONDITIONS = {
    "closed output": Condition(_CLOSE),
    "full output": Condition(_FULL, codes=(3,)),
    "no reader": Condition(_NO_READER, codes=(141,)),
    "dumb terminal": Condition(_TERMINAL, {"TERM": "dumb"}),
    "no colour": Condition(_TERMINAL, {"TERM": "xterm", "NO_COLOR": "1"}),
    "40 columns": Condition(_TERMINAL, {"TERM": "dumb", "COLUMNS": "40"}),
    "locale C": Condition(variables={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "Latin-1": _locale("latin-1"),
    "EUC-JP": _locale("euc_jp"),
    "cp1252": _locale("cp1252"),
    "no home": Condition(
        variables={"HOME": "/proc/nobody", "XDG_CACHE_HOME": "", "STILTBOARD_CACHE": ""}, codes=(3,)
    ),
    "unreadable files": Condition(prepare=_unreadable, before_start=_without_privileges, codes=(1, 3)),
    "unwritable folders": Condition(prepare=_unwritable, before_start=_without_privileges, codes=(3,)),
    "full disk": Condition(before_start=_no_file_grows, codes=(3,)),
    "no locks": Condition(),
}


def run(call: Call, condition: Condition, board: Board, folder: Path) -> Ended:
    """Run a command on a board under a condition; `folder` is for what the condition needs."""
    variables = os.environ | {"STILTBOARD_CACHE": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    variables |= dict(condition.variables or {})
    if condition is CONDITIONS["no locks"]:
        (folder / "sitecustomize.py").write_text(_NO_LOCKS)
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    command = [STILTBOARD, *call.arguments(board)]
    before_start = condition.before_start
    if condition.out == _TERMINAL:
        return _on_a_terminal(command, board.folder, variables)
    if condition.out == _CLOSE:
        before_start = _close_output
    stdout = {_FULL: _full, _NO_READER: _no_reader}.get(condition.out, lambda: subprocess.PIPE)()
    done = subprocess.run(
        command, cwd=board.folder, env=variables, stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, preexec_fn=before_start, check=False,
    )  # fmt: skip
    if stdout != subprocess.PIPE:
        os.close(stdout)
    return Ended(done.returncode, done.stdout or b"", done.stderr)


def _close_output() -> None:
    os.close(1)


def _full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def _no_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def _on_a_terminal(command: list[str], folder: Path, variables: Mapping[str, str]) -> Ended:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(ours)
    return Ended(process.wait(), b"".join(parts), b"")
