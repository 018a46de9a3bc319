"""Measure from outside what a process and all that it started use: memory, deleted files, folders on disk.

The kernel's own limits (`Limits.resources`) hold for one process at a time. These sums hold for all of them,
but are taken a few times a second: between two looks more may be used.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

# What a file costs at least, so that empty ones count too.
_LEAST = 4096
_INODE = 1024  # what it costs in memory
_MEMORY_FOLDERS = ("tmp", "dev/shm")


def memory_of_tree(pid: int) -> int:
    """Return the bytes of memory of a process and its descendants, with the files that they keep in memory.

    Pages that processes share are divided among them where the kernel tells (PSS), else counted for each; a
    file in memory that is also mapped counts twice. 0 where there is no /proc.
    """
    nameless = sum(size for path, size in _nameless_files(pid) if path.startswith("/memfd:"))
    return sum(map(_memory, _tree(pid))) + _files_in_memory(pid) + nameless


def disk_of_tree(pid: int, folders: Sequence[Path]) -> int:
    """Return the bytes that folders take on the disk, and those of nameless files that are open.

    A file takes at least 4 KiB, so that empty ones count too; one that is deleted meanwhile counts as 0.
    """
    in_memory = ("/memfd:", *(f"/{folder}/" for folder in _MEMORY_FOLDERS))
    nameless = sum(size for path, size in _nameless_files(pid) if not path.startswith(in_memory))
    return _bytes_in(folders) + nameless


def processes_of_tree(pid: int) -> int:
    """Return the number of a process and its descendants."""
    return sum(1 for _ in _tree(pid))


def _tree(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        yield current
        with suppress(OSError, ValueError):
            for task in Path(f"/proc/{current}/task").iterdir():
                children = (task / "children").read_text()
                waiting.extend(int(number) for number in children.split())


def _memory(pid: int) -> int:
    """Return the bytes of a process that are not pages of files."""
    for name, keys in (("smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")), ("status", ("RssAnon:", "RssShmem:"))):
        with suppress(OSError, ValueError):
            lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
            found = [int(line.split()[1]) for line in lines if line.startswith(keys)]
            if found:
                return 1024 * sum(found)
    return 0


def _files_in_memory(pid: int) -> int:
    """Return the bytes of files in a sandbox's own folders in memory; 0 for processes outside any sandbox."""
    for process in _tree(pid):
        root = f"/proc/{process}/root"
        with suppress(OSError):
            if os.path.samefile(root, "/"):  # noqa: PTH121 - a path of /proc must not be resolved
                continue
            systems = [os.statvfs(f"{root}/{folder}") for folder in _MEMORY_FOLDERS]
            blocks = sum((system.f_blocks - system.f_bfree) * system.f_frsize for system in systems)
            return blocks + _INODE * sum(system.f_files - system.f_ffree for system in systems)
    return 0


def _nameless_files(pid: int) -> list[tuple[str, int]]:
    """Return former path and bytes of open files that no folder lists: deleted, or never named."""
    files: dict[tuple[int, int], tuple[str, int]] = {}
    for process in _tree(pid):
        with suppress(OSError):
            for link in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    status = link.stat()
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                        key = (status.st_dev, status.st_ino)
                        files[key] = (str(link.readlink()), status.st_blocks * 512)
    return list(files.values())


def _bytes_in(folders: Sequence[Path]) -> int:
    total = 0
    waiting = [str(folder) for folder in folders]
    while waiting:
        path = waiting.pop()
        with suppress(OSError):
            if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114 - many files, often
                with os.scandir(path) as entries:
                    waiting.extend(entry.path for entry in entries)
            else:
                total += max(_LEAST, os.lstat(path).st_blocks * 512)
    return total
