"""What the probes of a sandbox try to reach: servers, files, memory and a secret of the process outside."""

from __future__ import annotations

import ctypes
import os
import re
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.evaluation.sandbox.confinement import Confinement

CANARY = "STILTBOARD_CANARY"
_NAMESERVER = re.compile(r"^nameserver\s+([0-9a-fA-F.:]+)\s*$", re.MULTILINE)
# The variables that launchers and Python add by themselves.
_ADDED = ("LC_CTYPE", "PWD", "HOSTNAME", "container")
_SHARED_MEMORY = Path("/dev/shm")
_REMOVE, _PRIVATE = 0, 0


@contextmanager
def reachable_outside(
    confinement: Confinement,
) -> Iterator[tuple[dict[str, Any], Callable[[], str | None]]]:
    """Open the targets of the probes: servers, sockets, files and memory, and this machine's own.

    Yields their description, and a function that returns a message if a datagram arrived.
    """
    name = f"stiltboard-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stiltboard-outside-")))
        (folder / "file").touch()
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(folder / "socket"))
        listening.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        if sys.platform == "linux":
            abstract.bind("\0" + name)
            abstract.listen()

        def arrived() -> str | None:
            udp.setblocking(False)
            with suppress(BlockingIOError):
                return f"a datagram of {len(udp.recv(100))} bytes arrived"
            return None

        outside = {
            "tcp": tcp.getsockname(),
            "tcp6": _ipv6_server(stack),
            "udp": udp.getsockname(),
            "abstract": name,
            "socket": str(folder / "socket"),
            "file": str(folder / "file"),
            "shared": _shared_memory_file(name, stack),
            "segment": _segment(stack),
            "canary": _canary(stack),
            "pid": os.getpid(),
            "command": _command_line(),
            "nameservers": [*_nameservers(), "8.8.8.8", "2001:4860:4860::8888"],
            "homes": sorted({str(Path.home()), os.environ.get("HOME", "/root"), "/root", "/home"} - {"/"}),
            "given": [*confinement.variables(), *_ADDED],
            "shown": [*confinement.readable(), *confinement.writable()],
            "writable": confinement.writable(),
            "devices": confinement.devices(),
        }
        yield outside, arrived


def _ipv6_server(stack: ExitStack) -> tuple[str, int] | None:
    try:
        server = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
    except OSError:
        return None
    host, port, *_ = server.getsockname()
    return host, port


def _shared_memory_file(name: str, stack: ExitStack) -> str | None:
    path = _SHARED_MEMORY / name
    try:
        path.touch()
    except OSError:
        return None
    stack.callback(path.unlink, missing_ok=True)
    return str(path)


def _segment(stack: ExitStack) -> int | None:
    """Create a segment of System V memory and return its number; None where the system has none."""
    libc = ctypes.CDLL(None)
    try:
        number = int(libc.shmget(_PRIVATE, 4096, 0o1600))
    except AttributeError:
        return None
    if number < 0:
        return None
    stack.callback(libc.shmctl, number, _REMOVE, None)
    return number


def _canary(stack: ExitStack) -> str:
    """Set a variable of this process, as a token would be one, and return its value."""
    value = secrets.token_hex(16)
    os.environ[CANARY] = value
    stack.callback(os.environ.pop, CANARY, None)
    return value


def _command_line() -> str:
    try:
        return Path("/proc/self/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _nameservers() -> list[str]:
    try:
        return _NAMESERVER.findall(Path("/etc/resolv.conf").read_text())
    except OSError:
        return []
