"""The first process in a sandbox: build the file system, drop privileges, set limits, run the command.

It is started by its path with `python -I -S`, before any package is visible, so it imports only the standard
library. It ends with its parent. Its one argument is JSON (`sandbox_plan` in confinement.py). It mounts the
file system only after unshare(1); bubblewrap and docker do so themselves.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
from typing import Any

_BIND, _REC, _PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _RECURSIVE = 442, 0x8000  # one number on every architecture since Linux 5.12
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_SET_SECUREBITS, _CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_AMBIENT, _PDEATHSIG, _CHILD_SUBREAPER = (
    28,
    24,
    38,
    47,
    1,
    36,
)
_LAST_CAPABILITY = 63
_LIBC = ctypes.CDLL(None, use_errno=True)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_EXIT = 125  # nothing was run


def _check(returned: int, action: str) -> None:
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{action}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    fields = [None if text is None else text.encode() for text in (source, target, kind)]
    _check(_LIBC.mount(*fields, ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def _restrict(target: str, flags: int, recursive: bool = True) -> None:
    """Add flags to a mount and all mounts below it, which a remount would leave writable."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    scope = _RECURSIVE if recursive else 0
    _check(
        _LIBC.syscall(_MOUNT_SETATTR, -100, target.encode(), scope, ctypes.byref(attributes), 32),
        f"restrict {target}",
    )


def _bind(path: str, root: str, flags: int) -> None:
    """Make a file or folder visible under `root` at the same path."""
    target = root + path
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_RDONLY, 0o600))
    _mount(path, target, None, _BIND | _REC)
    _restrict(target, flags)


def _build_root(plan: dict[str, Any]) -> None:
    """Build a new root file system as planned, and detach the old one."""
    root = plan["root"]
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "size=16m,mode=755")
    for folder in ("proc", "dev", "tmp", "etc", "old"):
        os.mkdir(f"{root}/{folder}")
    os.mkdir(f"{root}/dev/shm")
    for folder in ("tmp", "dev/shm"):  # first, since visible paths may be below /tmp
        _mount(
            "tmpfs",
            f"{root}/{folder}",
            "tmpfs",
            _NOSUID | _NODEV | _NOEXEC,
            f"size={plan['scratch']},mode=1777",
        )
    for link, target in plan["links"]:
        os.symlink(target, root + link)
    for path in plan["read"]:
        _bind(path, root, _RDONLY | _NOSUID | _NODEV)
    for path in plan["write"]:
        _bind(path, root, _NOSUID | _NODEV | _NOEXEC)
    for device in (*(f"/dev/{name}" for name in _DEVICES), *plan["devices"]):
        _bind(device, root, _NOSUID | _NOEXEC)
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    # Read-only: a user who is root outside owns /proc/sys even without capabilities.
    _mount("proc", f"{root}/proc", "proc", _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    with open(f"{root}/etc/passwd", "w") as file:
        file.write("nobody:x:0:0::/tmp:/bin/false\n")
    _forbid_more_namespaces()
    _check(
        _LIBC.syscall(_PIVOT_ROOT[os.uname().machine], root.encode(), f"{root}/old".encode()), "pivot_root"
    )
    os.chdir("/")
    _check(_LIBC.umount2(b"/old", _DETACH), "umount /old")
    os.rmdir("/old")
    _restrict("/", _RDONLY, recursive=False)


def _forbid_more_namespaces() -> None:
    """Forbid further user namespaces, which would give capabilities back; some kernels lack the limit."""
    try:
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")
    except OSError:
        pass


def _give_up_privileges() -> None:
    """Drop every capability for good: with them the file system could be remounted from inside."""
    _LIBC.prctl(_SET_SECUREBITS, 0x2F, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    _LIBC.prctl(_CAP_AMBIENT, 4, 0, 0, 0)
    header, no_capabilities = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _check(_LIBC.capset(ctypes.byref(header), ctypes.byref(no_capabilities)), "capset")
    _check(_LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if (number := _KEYCTL.get(os.uname().machine)) is not None:
        _LIBC.syscall(number, 1, None)  # a new session keyring


def _set_limits(limits: dict[str, int]) -> None:
    for name, value in {"RLIMIT_CORE": 0, **limits}.items():
        number = getattr(resource, name)
        _, hard_limit = resource.getrlimit(number)
        resource.setrlimit(
            number, (value, value) if hard_limit == resource.RLIM_INFINITY else (min(value, hard_limit),) * 2
        )


def _run(plan: dict[str, Any]) -> int:
    """Run the command and return its exit code; end it when the parent ends, which closes standard input."""
    _LIBC.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        os.setsid()
        _LIBC.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        with open(os.devnull, "rb") as null:
            os.dup2(null.fileno(), 0)
        _set_limits(plan["limits"])
        os.execve(plan["command"][0], plan["command"], plan["environment"])
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_all()
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if select.select([0], [], [], 0.02)[0] and not os.read(0, 1):
            _end_all()
            return _EXIT


def _end_all() -> None:
    """End all remaining processes, also in other groups: as a subreaper this one adopts orphans."""
    # A kernel need not list children; a namespace then ends with its first process.
    with contextlib.suppress(OSError, ValueError):
        while True:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = [int(number) for number in file.read().split()]
            if not children:
                return
            for number in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            for number in children:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(number, 0)


def main() -> int:
    """Carry out the plan; return the command's exit code, or print why nothing was run."""
    plan = json.loads(sys.argv[1])
    try:
        if plan["root"]:
            _build_root(plan)
        if plan["unprivileged"]:
            _give_up_privileges()
        os.chdir("/" if plan["unprivileged"] else plan["folder"])
        return _run(plan)
    except (OSError, KeyError, AttributeError) as reason:
        print(f"the sandbox cannot be set up: {reason}", file=sys.stderr)
        return _EXIT


if __name__ == "__main__":
    sys.exit(main())
