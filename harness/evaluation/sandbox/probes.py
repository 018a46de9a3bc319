"""Probe the ways out of a sandbox, and print which ones are open.

Like first_process.py this is started by its path with `python -I -S` and imports only the standard library.
Its argument is JSON: what exists outside (`reachable_outside` in outside.py). It prints one line of JSON:
probe → what it reached, or null. Nothing that a probe does leaves the machine or changes it, even where no
sandbox is: for an address of another machine it only looks whether a route leads there.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

_Outside = dict[str, Any]
_Probe = Callable[[_Outside], str | None]

# The errors of a missing network, a missing address family, and a filtered system call.
_NO_NETWORK = (
    errno.ENETUNREACH,
    errno.EPERM,
    errno.EACCES,
    errno.EADDRNOTAVAIL,
    errno.ENETDOWN,
    errno.EAFNOSUPPORT,
)
_DENIED = (errno.EPERM, errno.EACCES, errno.ENOSYS)
_SANDBOX_PROCESSES = ("first_process.py", "probes.py", "bwrap", "docker-init")
_DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "console", "core", "fd", "stdin", "stdout"}
_DEVICES |= {"stderr", "shm", "pts", "ptmx", "mqueue"}
_PUBLIC = ("192.0.2.1", "2001:db8::1")  # addresses for documentation, which no machine has
_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NAMESPACE, _NEW_USER = 0x00020000, 0x10000000
_IO_URING_SETUP, _SEIZE, _DETACH, _STATUS_OF_SEGMENT = 425, 0x4206, 17, 2
_KEYCTL = {"x86_64": 250, "aarch64": 219}


# ---- network -----------------------------------------------------------------------------------


def _connect(family: int, kind: int, address: Any, message: bytes = b"") -> str | None:
    try:
        with socket.socket(family, kind) as probe:
            probe.settimeout(2)
            probe.connect(address)
            if message:
                probe.send(message)
    except OSError as reason:
        # The probed servers do listen: a refused connection reached only the sandbox's loopback device.
        denied = (*_NO_NETWORK, errno.ECONNREFUSED, errno.ENOENT)
        return None if reason.errno in denied else f"{address}: {reason}"
    return f"{address} answers"


def _route(addresses: Iterable[str]) -> str | None:
    """Return the first address to which a route leads; connecting a datagram socket sends nothing."""
    for address in addresses:
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe,
        ):
            probe.connect((address, 53))
            return f"a route to {address}"
    return None


def _open_socket(family: int, kind: int, protocol: int = 0) -> str | None:
    try:
        socket.socket(family, kind, protocol).close()
    except OSError:
        return None
    return f"a socket of family {family}"


def tcp(outside: _Outside) -> str | None:
    """Connect to a server that listens outside."""
    return _connect(socket.AF_INET, socket.SOCK_STREAM, tuple(outside["tcp"]))


def tcp_ipv6(outside: _Outside) -> str | None:
    """Connect over IPv6, where the machine has it."""
    address = outside["tcp6"]
    return _connect(socket.AF_INET6, socket.SOCK_STREAM, tuple(address)) if address else None


def udp(outside: _Outside) -> str | None:
    """Send a datagram to a socket outside, which reports its arrival."""
    _connect(socket.AF_INET, socket.SOCK_DGRAM, tuple(outside["udp"]), b"probe")
    return None


def route(_outside: _Outside) -> str | None:
    """Look for a route to another machine."""
    return _route(_PUBLIC)


def dns(outside: _Outside) -> str | None:
    """Look for a route to the machine's name servers, and to public ones."""
    return _route([server for server in outside["nameservers"] if not server.startswith("127.")])


def metadata(_outside: _Outside) -> str | None:
    """Look for a route to the service through which clouds give credentials to their machines."""
    return _route(["169.254.169.254"])


def raw_socket(_outside: _Outside) -> str | None:
    """Open a socket that reads and writes whole packets."""
    packet = getattr(socket, "AF_PACKET", None)
    found = _open_socket(packet, socket.SOCK_RAW, 0) if packet is not None else None
    return found or _open_socket(socket.AF_INET, socket.SOCK_RAW, 1)


def vsock(_outside: _Outside) -> str | None:
    """Open a socket to the hypervisor, which no network namespace hides."""
    return _open_socket(getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM)


def abstract_socket(outside: _Outside) -> str | None:
    """Connect to an abstract socket, which has no file and is not hidden by mounts."""
    return _connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + outside["abstract"])


def socket_file(outside: _Outside) -> str | None:
    """Connect to a socket in the file system, as a container's daemon or an agent has one."""
    return _connect(socket.AF_UNIX, socket.SOCK_STREAM, outside["socket"])


# ---- files -------------------------------------------------------------------------------------


def home(outside: _Outside) -> str | None:
    """List the home folder, with its keys and tokens; parents of visible folders are ignored."""
    for folder in outside["homes"]:
        with suppress(OSError):
            for name in os.listdir(folder):
                path = f"{folder.rstrip('/')}/{name}"
                if not any(shown == path or shown.startswith(f"{path}/") for shown in outside["shown"]):
                    return path
    return None


def temporary_file(outside: _Outside) -> str | None:
    """Read a file from the folder for temporary files outside."""
    return outside["file"] if os.path.exists(outside["file"]) else None


def shared_memory_file(outside: _Outside) -> str | None:
    """Read a file of shared memory from outside."""
    return outside["shared"] if outside["shared"] and os.path.exists(outside["shared"]) else None


def writing(outside: _Outside) -> str | None:
    """Write to read-only folders."""
    for folder in ("/", "/etc", "/usr", *outside["shown"]):
        with suppress(OSError):
            path = f"{folder.rstrip('/')}/.stiltboard-probe"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            os.unlink(path)
            if folder not in outside["writable"]:
                return path
    return None


def devices(outside: _Outside) -> str | None:
    """Look for disks and for devices of the kernel."""
    for name in os.listdir("/dev"):
        with suppress(OSError):
            is_device = stat.S_IFMT(os.lstat(f"/dev/{name}").st_mode) in (stat.S_IFBLK, stat.S_IFCHR)
            if is_device and name not in _DEVICES and f"/dev/{name}" not in outside["devices"]:
                return f"/dev/{name}"
    return None


def kernel_settings(_outside: _Outside) -> str | None:
    """Look for a writable setting of the kernel."""
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"):
        with suppress(OSError):
            if os.access(path, os.W_OK) and not os.statvfs(path).f_flag & os.ST_RDONLY:
                return path
    return None


# ---- processes ---------------------------------------------------------------------------------


def environment(outside: _Outside) -> str | None:
    """Look for an environment variable that was not given."""
    return next((name for name in os.environ if name not in outside["given"]), None)


def environments_of_processes(outside: _Outside) -> str | None:
    """Look for such variables in every process that can be read, the launcher and the first one above all."""
    for path, content in _read_of_processes("environ"):
        if outside["canary"].encode() in content:
            return f"{path}: a variable of the process outside"
        names = [entry.partition(b"=")[0].decode(errors="replace") for entry in content.split(b"\0") if entry]
        if unknown := [name for name in names if name not in outside["given"]]:
            return f"{path}: {unknown[0]}"
    return None


def processes(_outside: _Outside) -> str | None:
    """Look for processes from outside."""
    for path, content in _read_of_processes("cmdline"):
        command = content.decode(errors="replace").replace("\0", " ").strip()
        if not any(name in command for name in _SANDBOX_PROCESSES):
            return f"{path}: {command[:80]}"
    return None


def _read_of_processes(name: str) -> Iterator[tuple[str, bytes]]:
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError), open(f"/proc/{number}/{name}", "rb") as file:
            yield f"/proc/{number}/{name}", file.read()


def signalling(outside: _Outside) -> str | None:
    """Look for the process outside by its number; signal 0 only asks."""
    with suppress(OSError), open(f"/proc/{outside['pid']}/cmdline", "rb") as file:
        os.kill(outside["pid"], 0)
        return f"process {outside['pid']}" if file.read() == outside["command"].encode() else None
    return None


def tracing(_outside: _Outside) -> str | None:
    """Trace the first process, whose memory holds the plan and which outlives the command."""
    parent = os.getppid()
    if _LIBC.ptrace(_SEIZE, parent, None, None) == 0:
        os.kill(parent, signal.SIGSTOP)
        os.waitpid(parent, 0x40000000)  # __WALL: a traced process has to stop before it can be let go
        _LIBC.ptrace(_DETACH, parent, None, None)
        os.kill(parent, signal.SIGCONT)
        return f"process {parent}"
    return None


def memory_of_the_first_process(_outside: _Outside) -> str | None:
    """Open the memory of the first process."""
    return _opened(f"/proc/{os.getppid()}/mem", os.O_RDONLY)


def input_of_the_first_process(_outside: _Outside) -> str | None:
    """Open the pipe by whose end the first process learns that the process outside has ended."""
    return _opened(f"/proc/{os.getppid()}/fd/0", os.O_WRONLY | os.O_NONBLOCK)


def _opened(path: str, flags: int) -> str | None:
    try:
        os.close(os.open(path, flags))
    except OSError:
        return None
    return path


# ---- the kernel --------------------------------------------------------------------------------


def _unshared(flags: int, what: str) -> str | None:
    """Try to make a namespace, in a child process, which ends with it."""
    child = os.fork()
    if child == 0:
        os._exit(1 if _LIBC.unshare(flags) == 0 else 0)
    return what if os.waitpid(child, 0)[1] else None


def user_namespace(_outside: _Outside) -> str | None:
    """Make a user namespace, in which a process has every capability."""
    return _unshared(_NEW_USER, "a user namespace")


def mount_namespace(_outside: _Outside) -> str | None:
    """Make a mount namespace, in which mounts can be changed."""
    return _unshared(_NEW_NAMESPACE, "a mount namespace")


def _status() -> dict[str, str]:
    with open("/proc/self/status") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def capabilities(_outside: _Outside) -> str | None:
    """Look for a capability that is held or can be had again."""
    status = _status()
    names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    return next((f"{name} {status[name]}" for name in names if int(status.get(name, "0"), 16)), None)


def new_privileges(_outside: _Outside) -> str | None:
    """Look whether a program with more rights may be started."""
    return None if _status().get("NoNewPrivs") == "1" else "no_new_privs is not set"


def io_uring(_outside: _Outside) -> str | None:
    """Set up a queue of system calls that no filter sees; without memory it fails, if it is not denied."""
    ctypes.set_errno(0)
    _LIBC.syscall(_IO_URING_SETUP, 1, None)
    return None if ctypes.get_errno() in _DENIED else "io_uring_setup"


def keyring(_outside: _Outside) -> str | None:
    """Look for the user's keyring, which no namespace hides."""
    number = _KEYCTL.get(os.uname().machine)
    ctypes.set_errno(0)
    if number is None or _LIBC.syscall(number, 0, -4, 0) < 0:
        return None
    return "the user's keyring"


def system_v_memory(outside: _Outside) -> str | None:
    """Look for a segment of shared memory from outside."""
    segment = outside["segment"]
    if segment is None or _LIBC.shmctl(segment, _STATUS_OF_SEGMENT, ctypes.create_string_buffer(256)) < 0:
        return None
    return f"segment {segment}"


PROBES: dict[str, _Probe] = {
    "TCP": tcp,
    "TCP over IPv6": tcp_ipv6,
    "UDP": udp,
    "a route": route,
    "DNS": dns,
    "metadata address": metadata,
    "raw socket": raw_socket,
    "vsock": vsock,
    "abstract socket": abstract_socket,
    "socket file": socket_file,
    "home": home,
    "temporary file": temporary_file,
    "shared memory file": shared_memory_file,
    "writing": writing,
    "devices": devices,
    "kernel settings": kernel_settings,
    "environment": environment,
    "environment of processes": environments_of_processes,
    "/proc": processes,
    "signal": signalling,
    "tracing": tracing,
    "memory of the first process": memory_of_the_first_process,
    "input of the first process": input_of_the_first_process,
    "user namespace": user_namespace,
    "mount namespace": mount_namespace,
    "capabilities": capabilities,
    "new privileges": new_privileges,
    "io_uring": io_uring,
    "keyring": keyring,
    "System V memory": system_v_memory,
}


def main(outside: _Outside) -> None:
    """Run every probe and print what each reached; an unforeseen failure counts as reached."""
    reached: dict[str, str | None] = {}
    for name, probe in PROBES.items():
        try:
            reached[name] = probe(outside)
        except Exception as reason:  # noqa: BLE001 - unknown is not denied
            reached[name] = f"{type(reason).__name__}: {reason}"
    print(json.dumps(reached))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
