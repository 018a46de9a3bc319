"""Describe a sandbox: what is readable, what is writable, and the resource limits."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The system folders that a Python with compiled packages needs. Of /etc only how libraries are found, and the
# time zone.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/alternatives")
# Without it libraries count processors wrongly; it holds nothing else.
_PROCESSORS = "/sys/devices/system/cpu"
_GPU_SYSTEM = ("/sys/bus", "/sys/class", "/sys/devices", "/sys/module")
_SCRATCH = 2 * 2**30
PROCESSES = 4096  # the most that one evaluation may run
INODES = 100_000  # in a folder in memory, where an empty file costs a kilobyte


@dataclass(frozen=True)
class Limits:
    """The most bytes of memory, seconds, and bytes on disk that one run may use; None is unlimited."""

    memory: int | None = None
    seconds: float | None = None
    disk: int | None = None

    def resources(self) -> dict[str, int]:
        """Return the limits that the kernel enforces on each process; files that are mapped are no memory."""
        bounds = {"RLIMIT_DATA": self.memory, "RLIMIT_FSIZE": self.disk}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    @property
    def scratch(self) -> int:
        """Return the bytes of each of a sandbox's folders in memory, /tmp and /dev/shm."""
        return _SCRATCH if self.memory is None else min(_SCRATCH, self.memory)


@dataclass(frozen=True)
class Confinement:
    """What is visible inside a sandbox: files and folders at the same paths as outside, and nothing else."""

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    gpu: bool = False

    def readable(self) -> list[str]:
        """Return the readable paths, parents first, without those inside another one."""
        paths = sorted(
            {
                str(path.resolve())
                for path in (*_interpreter(), *map(Path, _system(self.gpu)), *self.read)
                if path.exists()
            }
        )
        return [path for path in paths if not any(path.startswith(f"{parent}/") for parent in paths)]

    def writable(self) -> list[str]:
        """Return the writable paths, parents first."""
        return sorted(str(path.resolve()) for path in self.write)

    def links(self) -> list[tuple[str, str]]:
        """Return the symbolic links in the root folder with their targets, such as /bin → usr/bin."""
        return [(path, str(Path(path).readlink())) for path in _SYSTEM if Path(path).is_symlink()]

    def devices(self) -> list[str]:
        """Return the device nodes of the GPUs."""
        return sorted(map(str, Path("/dev").glob("nvidia*"))) if self.gpu else []

    def variables(self) -> dict[str, str]:
        """Return the whole environment inside: nothing is inherited."""
        return {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", **self.environment}


def interpreter() -> str:
    """Return this Python's path with its folder resolved: links in hidden folders are broken inside."""
    return str(Path(sys.executable).parent.resolve() / Path(sys.executable).name)


def sandbox_plan(
    command: Sequence[str],
    confinement: Confinement,
    limits: Limits,
    *,
    root: Path | None = None,
    confined: bool = True,
) -> dict[str, Any]:
    """Return the argument of first_process.py.

    `root` is an empty folder on which it builds the file system, or None where the mechanism does so.
    """
    return {
        "command": [*command],
        "environment": confinement.variables()
        if confined
        else dict(os.environ) | dict(confinement.environment),
        "folder": str(Path.cwd()),
        # Processes are counted per sandbox; where the user is root outside, the kernel does not enforce it.
        "limits": limits.resources() | ({"RLIMIT_NPROC": PROCESSES} if confined else {}),
        "unprivileged": confined,
        "root": str(root) if root else None,
        "read": confinement.readable(),
        "write": confinement.writable(),
        "links": confinement.links(),
        "devices": confinement.devices(),
        "scratch": limits.scratch,
        "inodes": INODES,
    }


def _interpreter() -> list[Path]:
    return [
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(interpreter()).resolve().parent,
        Path(__file__).parents[2],
    ]


def _system(gpu: bool) -> list[str]:
    return [
        path
        for path in (*_SYSTEM, *_ETC, *(_GPU_SYSTEM if gpu else (_PROCESSORS,)))
        if not Path(path).is_symlink()
    ]
