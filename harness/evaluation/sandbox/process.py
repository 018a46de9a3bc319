"""Run a command in a confined process with limits, so that only that process ends when it exceeds them."""

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
from harness.evaluation.sandbox.usage import disk_of_tree, memory_of_tree

_LOOK_SECONDS = 0.5
_LINE = 2000


def run_confined(
    command: Sequence[str],
    confinement: Confinement,
    limits: Limits,
    mechanism: Mechanism | None,
    report: Callable[[str], None],
) -> None:
    """Run a command in a sandbox, or only with limits if `mechanism` is None; report every line it prints.

    Raises CheckFailed when it reaches a limit, is killed, or ends with an exit code other than 0.
    """
    with tempfile.TemporaryDirectory(prefix="stiltboard-") as root:
        command_line = (
            mechanism.command_line(command, confinement, limits, Path(root))
            if mechanism
            else plain(command, confinement, limits)
        )
        # The pipe to its standard input stays open until this process ends, in whatever way.
        process = subprocess.Popen(
            command_line,
            env=mechanism.environment(confinement) if mechanism else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        reader = threading.Thread(target=_forward, args=(process.stdout, report), daemon=True)
        reader.start()
        try:
            exceeded = _watch(process, limits, confinement)
        finally:
            _end(process)
            reader.join(timeout=5)
            if not reader.is_alive():  # closing would wait for a reader
                process.stdout.close()
    if exceeded:
        raise CheckFailed(exceeded[0], cure=exceeded[1])
    if process.returncode in (128 + signal.SIGKILL, -signal.SIGKILL):
        raise CheckFailed(
            "the evaluation was killed, most likely because it ran out of memory",
            cure="use a machine with more memory, or a smaller --max-memory",
        )
    if process.returncode:
        raise CheckFailed(
            f"the evaluation ended with the exit code {process.returncode} and no result",
            cure="its last lines give the reason",
        )


def _watch(
    process: subprocess.Popen[str], limits: Limits, confinement: Confinement
) -> tuple[str, str] | None:
    """Wait for a process; return the limit that it exceeded with a cure, or None if it ended by itself."""
    started = time.monotonic()
    before = disk_of_tree(process.pid, confinement.write) if limits.disk is not None else 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            return None
        if limits.seconds is not None and time.monotonic() - started > limits.seconds:
            return (
                f"the evaluation took longer than {limits.seconds / 3600:g} hours",
                "--max-hours; what it finished is kept",
            )
        if limits.disk is not None:
            written = disk_of_tree(process.pid, confinement.write) - before
            if written > limits.disk:
                return (
                    f"the evaluation wrote {written:,} bytes, more than the limit of {limits.disk:,}",
                    "--max-disk; what it finished is kept",
                )
        if limits.memory is not None and (used := memory_of_tree(process.pid)) > limits.memory:
            return (
                f"the evaluation used {used:,} bytes of memory, more than the limit of {limits.memory:,}",
                "--max-memory; what it finished is kept",
            )


def _forward(stream: IO[str], report: Callable[[str], None]) -> None:
    """Report a stream line by line; very long lines are cut."""
    with suppress(ValueError, OSError):  # closed
        while line := stream.readline(_LINE):
            report(line.rstrip("\n"))


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and everything it started; closing its standard input ends the first process inside."""
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
