"""Let the kernel hold a command and all that it starts to one sum of memory and processes, by cgroup v2.

A group can be made below a group that this process may write to and in which the two controllers are enabled:
as root, in a session of `systemd-run --user --scope`, or in a container with a delegated tree. Whatever is
started in a group stays in it, and the kernel counts what measuring from outside misses: pages between two
looks, files in memory, and the memory of the kernel itself, such as inodes, pipes and sockets.
"""

from __future__ import annotations

import errno
import secrets
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.evaluation.sandbox.confinement import PROCESSES, Limits

_CONTROLLERS = {"memory", "pids"}
_PROCESSES_FILE = "cgroup.procs"
_REMOVAL_SECONDS = 5.0
# The shell enters the group before it becomes the command, so that nothing is started outside.
_ENTER = 'echo $$ > "$0" && exec "$@"'


@dataclass(frozen=True)
class Hierarchy:
    """Where cgroup v2 is mounted, and the file that names the group of this process."""

    mount: Path = Path("/sys/fs/cgroup")
    own: Path = Path("/proc/self/cgroup")

    def parents(self) -> list[Path]:
        """Return the group of this process and those above it; raises OSError where there is no cgroup v2."""
        if not (self.mount / "cgroup.controllers").is_file():
            raise OSError(f"no cgroup v2 is mounted at {self.mount}")
        lines = self.own.read_text().splitlines()
        path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
        if path is None or ".." in Path(path).parts:  # the group is outside of what is visible here
            raise OSError("this process is in no group that is visible")
        group = self.mount / path
        return [parent for parent in (group, *group.parents) if parent.is_relative_to(self.mount)]


@dataclass(frozen=True)
class ControlGroup:
    """A group of processes with limits on their sum."""

    folder: Path

    def command_line(self, command: Sequence[str]) -> list[str]:
        """Return the command line that enters the group and becomes the command."""
        return [shutil.which("sh") or "/bin/sh", "-c", _ENTER, str(self.folder / _PROCESSES_FILE), *command]

    def reached(self, limits: Limits) -> tuple[str, str] | None:
        """Return the limit that the kernel enforced, with a cure, or None."""
        if limits.memory is not None and self._count("memory.events", "oom_kill"):
            return (
                f"the evaluation needed more memory than the limit of {limits.memory:,} bytes",
                "--max-memory; what it finished is kept",
            )
        if self._count("pids.events", "max"):
            return (
                f"the evaluation started more than {PROCESSES:,} processes and threads",
                "what it finished is kept",
            )
        return None

    def remove(self) -> None:
        """End what is left in the group, and remove it."""
        with suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        until = time.monotonic() + _REMOVAL_SECONDS
        while time.monotonic() < until:
            try:
                self.folder.rmdir()
                return
            except OSError as reason:
                if reason.errno != errno.EBUSY:  # it is, until its last process has ended
                    return
            time.sleep(0.05)

    def _count(self, file: str, event: str) -> int:
        with suppress(OSError, ValueError):
            for line in (self.folder / file).read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == event:
                    return int(count)
        return 0


def make_group(limits: Limits, hierarchy: Hierarchy = Hierarchy()) -> ControlGroup:
    """Return a new group with the limits on memory and processes; raises OSError with the reason why not."""
    failure = OSError("no group above this process has the controllers of memory and processes")
    for parent in hierarchy.parents():
        with suppress(OSError):
            if not set((parent / "cgroup.subtree_control").read_text().split()) >= _CONTROLLERS:
                continue
            try:
                return _make(parent / f"stiltboard-{secrets.token_hex(8)}", limits)
            except OSError as reason:
                failure = reason
    raise failure


def _make(folder: Path, limits: Limits) -> ControlGroup:
    folder.mkdir()
    group = ControlGroup(folder)
    try:
        (folder / "pids.max").write_text(str(PROCESSES))
        if limits.memory is not None:
            (folder / "memory.max").write_text(str(limits.memory))
            for optional, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                with suppress(OSError):  # not on every kernel
                    (folder / optional).write_text(value)
        # To move a process takes rights on the group that both groups are in, too.
        subprocess.run(group.command_line(["true"]), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as reason:
        group.remove()
        raise OSError(f"{folder.parent} may not be divided: {reason}") from reason
    return group
