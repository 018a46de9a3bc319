"""Say what a sandbox shows, what it lets write and how much it gives."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What a Python with compiled packages needs of a system. /etc is left out but for how libraries are found and
# what time it is.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/alternatives")
# Without it libraries count processors wrongly; it says nothing else.
_PROCESSORS = "/sys/devices/system/cpu"
_GPU_SYSTEM = ("/sys/bus", "/sys/class", "/sys/devices", "/sys/module")
SCRATCH = 2 * 2**30


@dataclass(frozen=True)
class Limits:
    """Bytes of memory, seconds, and bytes on disk that one run may take; None for as much as there is."""

    memory: int | None = None
    seconds: float | None = None
    disk: int | None = None

    def resources(self) -> dict[str, int]:
        """Return what the kernel itself holds a process to. Weights that are mapped from their files are not counted as memory."""
        bounds = {"RLIMIT_DATA": self.memory, "RLIMIT_FSIZE": self.disk}
        return {name: bound for name, bound in bounds.items() if bound is not None}


@dataclass(frozen=True)
class Confinement:
    """What is visible inside: files and folders at their own places, to read or to write; nothing else of the machine is."""

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    gpu: bool = False

    def readable(self) -> list[str]:
        """Return the folders to read, parents first, without those that lie in another one."""
        wanted = sorted(
            {
                str(path.resolve())
                for path in (*_interpreter(), *map(Path, _system(self.gpu)), *self.read)
                if path.exists()
            }
        )
        return [path for path in wanted if not any(path.startswith(f"{other}/") for other in wanted)]

    def writable(self) -> list[str]:
        """Return what can be written, parents first."""
        return sorted(str(path.resolve()) for path in self.write)

    def links(self) -> list[tuple[str, str]]:
        """Return the links of the root itself, such as /bin → usr/bin."""
        return [(path, str(Path(path).readlink())) for path in _SYSTEM if Path(path).is_symlink()]

    def devices(self) -> list[str]:
        """Return the nodes of the GPUs."""
        return sorted(map(str, Path("/dev").glob("nvidia*"))) if self.gpu else []

    def variables(self) -> dict[str, str]:
        """Return the whole environment inside: nothing is inherited."""
        return {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", **self.environment}


def interpreter() -> str:
    """Return this Python's path without links in its folder: a link inside a folder that is not shown leads nowhere."""
    return str(Path(sys.executable).parent.resolve() / Path(sys.executable).name)


def plan(
    command: Sequence[str],
    view: Confinement,
    limits: Limits,
    *,
    root: Path | None = None,
    confined: bool = True,
) -> dict[str, Any]:
    """Return what first_process.py is given: `root` is an empty folder on which it makes the view, or None where it is made already."""
    return {
        "command": [*command],
        "environment": view.variables() if confined else dict(os.environ) | dict(view.environment),
        "folder": str(Path.cwd()),
        "limits": limits.resources(),
        "unprivileged": confined,
        "root": str(root) if root else None,
        "read": view.readable(),
        "write": view.writable(),
        "links": view.links(),
        "devices": view.devices(),
        "scratch": SCRATCH,
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
