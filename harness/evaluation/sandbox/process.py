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
from harness.evaluation.sandbox.confinement import PROCESSES, Confinement, Limits
from harness.evaluation.sandbox.control_group import ControlGroup, make_group
from harness.evaluation.sandbox.mechanisms import Mechanism, plain
from harness.evaluation.sandbox.usage import disk_of_tree, memory_of_tree, processes_of_tree
from harness.stopping import stop_here

_LOOK_SECONDS = 0.5
_LINE = 2000
# How Python, NumPy's libraries and the loader of shared libraries say that memory ran out.
_OUT_OF_MEMORY = (
    "MemoryError",
    "Memory allocation still failed",
    "annot allocate memory",
    "failed to map segment",
)
_KEPT = "what it finished is kept"


def run_confined(
    command: Sequence[str],
    confinement: Confinement,
    limits: Limits,
    mechanism: Mechanism | None,
    report: Callable[[str], None],
) -> None:
    """Run a command in a sandbox, or only with limits if `mechanism` is None; report every line it prints.

    Raises CheckFailed when it reaches a limit, is killed, or ends with an exit code other than 0. Where the
    kernel cannot hold the sum of memory and processes, it is measured, and the error says so.
    """
    group, measured = _group(limits, mechanism)
    with tempfile.TemporaryDirectory(prefix="stiltboard-") as root:
        command_line = (
            mechanism.command_line(command, confinement, limits, Path(root))
            if mechanism
            else plain(command, confinement, limits)
        )
        if group:
            command_line = group.command_line(command_line)
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
        printed = _Printed(report)
        reader = threading.Thread(target=_forward, args=(process.stdout, printed), daemon=True)
        reader.start()
        try:
            exceeded = _watch(process, limits, confinement, measured)
        finally:
            _end(process)
            reached = group.reached(limits) if group else None
            if group:
                group.remove()
            reader.join(timeout=5)
            if not reader.is_alive():  # closing would wait for a reader
                process.stdout.close()
    if limit := exceeded or (reached if process.returncode else None):
        raise CheckFailed(limit[0], cure=limit[1])
    if process.returncode in (128 + signal.SIGKILL, -signal.SIGKILL):
        raise CheckFailed(
            "the evaluation was killed, most likely because it ran out of memory",
            cure="use a machine with more memory, or a smaller --max-memory",
        )
    if process.returncode and printed.out_of_memory and limits.memory is not None:
        raise CheckFailed(
            f"the evaluation ran out of the {limits.memory:,} bytes of memory that it may use",
            cure=f"a larger --max-memory; {_KEPT}",
        )
    if process.returncode:
        raise CheckFailed(
            f"the evaluation ended with the exit code {process.returncode} and no result",
            cure="its last lines give the reason",
        )


def _group(limits: Limits, mechanism: Mechanism | None) -> tuple[ControlGroup | None, str | None]:
    """Return a group for a run, or why memory and processes have to be measured; docker makes its own."""
    if limits.memory is None if mechanism is None else mechanism.inherits:
        return None, None
    try:
        return make_group(limits), None
    except OSError as reason:
        return None, str(reason)


def _watch(
    process: subprocess.Popen[str], limits: Limits, confinement: Confinement, measured: str | None
) -> tuple[str, str] | None:
    """Wait for a process; return the limit that it exceeded with a cure, or None if it ended by itself.

    `measured` is the reason why the kernel does not hold the sum of memory and processes, None if it does.
    """
    note = f"{_KEPT}; measured {1 / _LOOK_SECONDS:g} times a second, not held by the kernel: {measured}"
    started = time.monotonic()
    before = disk_of_tree(process.pid, confinement.write) if limits.disk is not None else 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            return None
        stop_here()
        if limits.seconds is not None and time.monotonic() - started > limits.seconds:
            return (
                f"the evaluation took longer than {limits.seconds / 3600:g} hours",
                f"--max-hours; {_KEPT}",
            )
        if limits.disk is not None:
            written = disk_of_tree(process.pid, confinement.write) - before
            if written > limits.disk:
                return (
                    f"the evaluation wrote {written:,} bytes, more than the limit of {limits.disk:,}",
                    f"--max-disk; {_KEPT}",
                )
        if measured is None:
            continue
        if limits.memory is not None and (used := memory_of_tree(process.pid)) > limits.memory:
            return (
                f"the evaluation used {used:,} bytes of memory, more than the limit of {limits.memory:,}",
                f"--max-memory; {note}",
            )
        if (count := processes_of_tree(process.pid)) > PROCESSES:
            return f"the evaluation runs {count:,} processes, more than the limit of {PROCESSES:,}", note


class _Printed:
    """Passes on what a process prints, and notes whether it says that memory ran out."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self.out_of_memory = False

    def __call__(self, line: str) -> None:
        self.out_of_memory |= any(sign in line for sign in _OUT_OF_MEMORY)
        self._report(line)


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
