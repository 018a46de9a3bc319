"""Find a mechanism whose sandbox is tight on this machine: probes run inside it first, against real targets outside."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.characters import shown
from harness.errors import CheckFailed
from harness.evaluation.sandbox.confinement import Confinement, Limits, interpreter
from harness.evaluation.sandbox.mechanisms import MECHANISMS, Mechanism

_PROBES = Path(__file__).with_name("probes.py")
_SECONDS = 60
_NAMESERVER = re.compile(r"^nameserver\s+([0-9a-fA-F.:]+)\s*$", re.MULTILINE)
_CURE = (
    "allow user namespaces (sysctl user.max_user_namespaces, "
    "kernel.apparmor_restrict_unprivileged_userns=0), install bubblewrap, or start docker; "
    "without --sandbox the code that parses a checkpoint can read your files"
)


def find_mechanism(confinement: Confinement, mechanisms: Sequence[Mechanism] | None = None) -> Mechanism:
    """Return the first mechanism in which every probe is denied; raises CheckFailed when there is none."""
    reasons = []
    for mechanism in MECHANISMS if mechanisms is None else mechanisms:
        reason = mechanism.missing() or why_leaky(mechanism, confinement)
        if reason is None:
            return mechanism
        reasons.append(f"{mechanism.name}: {reason}")
    raise CheckFailed(
        f"no sandbox is tight on this machine, so nothing was evaluated ({'; '.join(reasons) or 'no mechanism is known'})",
        cure=_CURE,
    )


def why_leaky(mechanism: Mechanism, confinement: Confinement) -> str | None:
    """Return what a probe reached from inside, or why the sandbox cannot be made; None if all were denied."""
    with (
        reachable_outside(confinement) as (outside, arrived),
        tempfile.TemporaryDirectory(prefix="stiltboard-") as root,
    ):
        command = [interpreter(), "-I", "-S", str(_PROBES), json.dumps(outside)]
        try:
            command_line, (reading, writing) = (
                mechanism.build(command, confinement, Limits(), Path(root)),
                os.pipe(),
            )
            with os.fdopen(reading), os.fdopen(writing):  # the first process ends with its standard input
                process = subprocess.run(
                    command_line,
                    stdin=reading,
                    capture_output=True,
                    timeout=_SECONDS,
                    check=False,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
        except (OSError, subprocess.TimeoutExpired) as reason:
            return str(reason)
        message = arrived()
    try:
        answers: dict[str, str | None] = json.loads(process.stdout)
        answers["UDP"] = answers["UDP"] or message
    except (ValueError, KeyError):
        output = (
            process.stderr.strip() or process.stdout.strip() or f"exit code {process.returncode}"
        ).splitlines()
        return shown(output[-1], 200)
    reached = {name: what for name, what in answers.items() if what is not None}
    return (
        None
        if not reached
        else "; ".join(f"{name} is not denied: {shown(what)}" for name, what in reached.items())
    )


@contextmanager
def reachable_outside(confinement: Confinement) -> Iterator[tuple[dict[str, Any], Callable[[], str | None]]]:
    """Open the targets of the probes: a TCP server, a UDP socket and an abstract socket, with the machine's own.

    Yields their description, and a function that returns a message if a datagram arrived.
    """
    name = f"stiltboard-{secrets.token_hex(8)}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
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
            "udp": udp.getsockname(),
            "abstract": name,
            "nameservers": [*_nameservers(), "8.8.8.8", "2001:4860:4860::8888"],
            "homes": sorted({str(Path.home()), os.environ.get("HOME", "/root"), "/root", "/home"} - {"/"}),
            "given": [*confinement.variables(), "LC_CTYPE", "PWD", "HOSTNAME", "container"],
            "shown": [*confinement.readable(), *confinement.writable()],
            "writable": confinement.writable(),
        }
        yield outside, arrived


def _nameservers() -> list[str]:
    try:
        return _NAMESERVER.findall(Path("/etc/resolv.conf").read_text())
    except OSError:
        return []
