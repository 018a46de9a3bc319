"""Try to get out of a sandbox in every way that matters, and say which ones led somewhere.

Like first_process.py this is started by its path with `python -I -S` and imports the standard library alone.
Its argument is JSON: what is really there outside (`Outside` in selfcheck.py). It prints one line of JSON:
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

# What a network that is not there says; a timeout says nothing.
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
_OWN_PROCESSES = ("first_process.py", "probes.py", "bwrap", "docker-init")


def _connect(family: int, kind: int, address: Any, message: bytes = b"") -> str | None:
    with socket.socket(family, kind) as probe:
        probe.settimeout(2)
        try:
            probe.connect(address)
            if message:
                probe.send(message)
        except OSError as reason:
            # The servers that are probed here do listen: one that refuses is not there, but a loopback of the
            # sandbox's own.
            return None if reason.errno in (*_NO_NETWORK, errno.ECONNREFUSED) else f"{address}: {reason}"
    return f"{address} answers"


def tcp(outside: dict[str, Any]) -> str | None:
    """Connect to a server that listens outside."""
    return _connect(socket.AF_INET, socket.SOCK_STREAM, tuple(outside["tcp"]))


def udp(outside: dict[str, Any]) -> str | None:
    """Send a datagram to a socket outside, which tells whether it arrives, and one to where only a route leads."""
    _connect(socket.AF_INET, socket.SOCK_DGRAM, tuple(outside["udp"]), b"probe")
    return _connect(socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 9), b"probe")


def dns(outside: dict[str, Any]) -> str | None:
    """Ask the machine's name servers, and two public ones, for an address."""
    for server in outside["nameservers"]:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        if found := _connect(family, socket.SOCK_DGRAM, (server, 53), _QUERY):
            return found
    with suppress(OSError):
        return str(socket.getaddrinfo("example.org", 80)[0][4])
    return None


def metadata(_outside: dict[str, Any]) -> str | None:
    """Ask for the credentials that clouds give to their machines."""
    return _connect(socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80))


def home(outside: dict[str, Any]) -> str | None:
    """List the home folder, where keys and tokens lie; folders that lead to what is shown are no find."""
    for folder in outside["homes"]:
        with suppress(OSError):
            for name in os.listdir(folder):
                path = f"{folder.rstrip('/')}/{name}"
                if not any(shown == path or shown.startswith(f"{path}/") for shown in outside["shown"]):
                    return path
    return None


def environment(outside: dict[str, Any]) -> str | None:
    """Look for a variable that was not given."""
    return next((name for name in os.environ if name not in outside["given"]), None)


def processes(outside: dict[str, Any]) -> str | None:
    """Look for other people's processes, and for a kernel's setting that can be written."""
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            with open(f"/proc/{number}/cmdline", "rb") as file:
                command = file.read().decode(errors="replace").replace("\0", " ").strip()
            if not any(own in command for own in _OWN_PROCESSES):
                return f"/proc/{number}: {command[:80]}"
    if (
        os.access("/proc/sys/kernel/core_pattern", os.W_OK)
        and not os.statvfs("/proc/sys/kernel").f_flag & os.ST_RDONLY
    ):
        return "/proc/sys/kernel/core_pattern"
    return None


def abstract_socket(outside: dict[str, Any]) -> str | None:
    """Connect to a socket without a file, which no view of the file system hides."""
    return _connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + outside["abstract"])


def writing(outside: dict[str, Any]) -> str | None:
    """Write where only reading is allowed."""
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
