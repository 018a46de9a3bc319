"""Run a command apart from this process, with limits: what it does there ends it, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from harness.errors import CheckFailed
from harness.evaluation.sandbox.confinement import Confinement, Limits
from harness.evaluation.sandbox.mechanisms import Mechanism, plain

_LOOK_SECONDS = 0.5
_LINE = 2000


def run_apart(
    command: Sequence[str],
    view: Confinement,
    limits: Limits,
    mechanism: Mechanism | None,
    report: Callable[[str], None],
) -> None:
    """Run a command in a sandbox, or with limits alone where `mechanism` is None, and hand on every line that it prints, as it is.

    Raises CheckFailed when it reaches a limit, is killed, or ends with another code than 0.
    """
    with tempfile.TemporaryDirectory(prefix="stiltboard-") as root:
        words = (
            mechanism.build(command, view, limits, Path(root)) if mechanism else plain(command, view, limits)
        )
        # The pipe to its standard input stays open as long as this process lives, whichever way it ends.
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        reader = threading.Thread(target=_hand_on, args=(process.stdout, report), daemon=True)
        reader.start()
        try:
            reached = _watch(process, limits, view)
        finally:
            _end(process)
            reader.join(timeout=5)
            if not reader.is_alive():  # closing waits for whoever reads
                process.stdout.close()
    if reached:
        raise CheckFailed(reached[0], cure=reached[1])
    if process.returncode in (128 + signal.SIGKILL, -signal.SIGKILL):
        raise CheckFailed(
            "the evaluation was killed, most likely for want of memory",
            cure="a machine with more, or a smaller --max-memory",
        )
    if process.returncode:
        raise CheckFailed(
            f"the evaluation ended with the exit code {process.returncode} and no result",
            cure="its last lines say why",
        )


def _watch(process: subprocess.Popen[str], limits: Limits, view: Confinement) -> tuple[str, str] | None:
    """Wait for the end of a process, or for a limit; return which one was reached and what to do about it."""
    started, before = time.monotonic(), _bytes_in(view.write) if limits.disk is not None else 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            return None
        if limits.seconds is not None and time.monotonic() - started > limits.seconds:
            return (
                f"the evaluation took longer than {limits.seconds / 3600:g} hours",
                "--max-hours; what it finished is kept",
            )
        if limits.disk is not None and (taken := _bytes_in(view.write) - before) > limits.disk:
            return (
                f"the evaluation wrote {taken:,} bytes, the most is {limits.disk:,}",
                "--max-disk; what it finished is kept",
            )


def _bytes_in(folders: Sequence[Path]) -> int:
    """Return what files take on the disk; a file that goes meanwhile counts nothing."""
    total = 0
    waiting = [str(folder) for folder in folders]
    while waiting:
        path = waiting.pop()
        with suppress(OSError):
            if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114 - many files, often
                with os.scandir(path) as entries:
                    waiting.extend(entry.path for entry in entries)
            else:
                total += os.lstat(path).st_blocks * 512
    return total


def _hand_on(stream: IO[str], report: Callable[[str], None]) -> None:
    """Hand on line by line what is printed; a line without end is cut."""
    with suppress(ValueError, OSError):  # closed
        while line := stream.readline(_LINE):
            report(line.rstrip("\n"))


def _end(process: subprocess.Popen[str]) -> None:
    """End a process with everything that it started: whoever watches it inside ends when its standard input is closed."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
    if process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
