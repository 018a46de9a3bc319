"""Probe the ways out of a sandbox, and print which ones are open.

Like first_process.py this is started by its path with `python -I -S` and imports only the standard library.
Its argument is JSON: what exists outside (`reachable_outside` in selfcheck.py). It prints one line of JSON:
probe → what it reached, or null.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# The errors of a missing network; a timeout proves nothing.
_NO_NETWORK = (
    errno.ENETUNREACH,
    errno.EPERM,
    errno.EACCES,
    errno.EADDRNOTAVAIL,
    errno.ENETDOWN,
    errno.EAFNOSUPPORT,
)
_QUERY = bytes.fromhex(
    "000001000001000000000000076578616d706c65036f72670000010001"
)  # the address of example.org
_SANDBOX_PROCESSES = ("first_process.py", "probes.py", "bwrap", "docker-init")


def _connect(family: int, kind: int, address: Any, message: bytes = b"") -> str | None:
    with socket.socket(family, kind) as probe:
        probe.settimeout(2)
        try:
            probe.connect(address)
            if message:
                probe.send(message)
        except OSError as reason:
            # The probed servers do listen: a refused connection reached only the sandbox's loopback device.
            return None if reason.errno in (*_NO_NETWORK, errno.ECONNREFUSED) else f"{address}: {reason}"
    return f"{address} answers"


def tcp(outside: dict[str, Any]) -> str | None:
    """Connect to a server that listens outside."""
    return _connect(socket.AF_INET, socket.SOCK_STREAM, tuple(outside["tcp"]))


def udp(outside: dict[str, Any]) -> str | None:
    """Send a datagram to a socket outside, which reports its arrival, and one to an address without a host."""
    _connect(socket.AF_INET, socket.SOCK_DGRAM, tuple(outside["udp"]), b"probe")
    return _connect(socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 9), b"probe")


def dns(outside: dict[str, Any]) -> str | None:
    """Query the machine's name servers, and two public ones, for an address."""
    for server in outside["nameservers"]:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        if reached := _connect(family, socket.SOCK_DGRAM, (server, 53), _QUERY):
            return reached
    with suppress(OSError):
        return str(socket.getaddrinfo("example.org", 80)[0][4])
    return None


def metadata(_outside: dict[str, Any]) -> str | None:
    """Connect to the metadata service through which clouds give credentials to their machines."""
    return _connect(socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80))


def home(outside: dict[str, Any]) -> str | None:
    """List the home folder, with its keys and tokens; parents of visible folders are ignored."""
    for folder in outside["homes"]:
        with suppress(OSError):
            for name in os.listdir(folder):
                path = f"{folder.rstrip('/')}/{name}"
                if not any(shown == path or shown.startswith(f"{path}/") for shown in outside["shown"]):
                    return path
    return None


def environment(outside: dict[str, Any]) -> str | None:
    """Look for an environment variable that was not given."""
    return next((name for name in os.environ if name not in outside["given"]), None)


def processes(outside: dict[str, Any]) -> str | None:
    """Look for processes from outside, and for a writable kernel setting."""
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            with open(f"/proc/{number}/cmdline", "rb") as file:
                command = file.read().decode(errors="replace").replace("\0", " ").strip()
            if not any(name in command for name in _SANDBOX_PROCESSES):
                return f"/proc/{number}: {command[:80]}"
    if (
        os.access("/proc/sys/kernel/core_pattern", os.W_OK)
        and not os.statvfs("/proc/sys/kernel").f_flag & os.ST_RDONLY
    ):
        return "/proc/sys/kernel/core_pattern"
    return None


def abstract_socket(outside: dict[str, Any]) -> str | None:
    """Connect to an abstract socket, which has no file and is not hidden by mounts."""
    return _connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + outside["abstract"])


def writing(outside: dict[str, Any]) -> str | None:
    """Write to read-only folders."""
    for folder in ("/", "/etc", "/usr", *outside["shown"]):
        with suppress(OSError):
            path = f"{folder.rstrip('/')}/.stiltboard-probe"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            os.unlink(path)
            if folder not in outside["writable"]:
                return path
    return None


PROBES: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "TCP": tcp,
    "UDP": udp,
    "DNS": dns,
    "metadata address": metadata,
    "home": home,
    "environment": environment,
    "/proc": processes,
    "abstract socket": abstract_socket,
    "writing": writing,
}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps({name: probe(given) for name, probe in PROBES.items()}))
