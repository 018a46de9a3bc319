"""The first process in a sandbox: build the file system, drop privileges, set limits, run the command.

It is started by its path with `python -I -S`, before any package is visible, so it imports only the standard
library. It ends with its parent. Its one argument is JSON (`sandbox_plan` in confinement.py). It mounts the
file system only after unshare(1); bubblewrap and docker do so themselves. It runs as the same user as the
command and is parent to it, so its environment, memory and open files are closed to the command as well.
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
_PDEATHSIG, _SET_DUMPABLE, _SET_SECCOMP, _CAPBSET_DROP, _SET_SECUREBITS = 1, 4, 22, 24, 28
_CHILD_SUBREAPER, _NO_NEW_PRIVS, _CAP_AMBIENT = 36, 38, 47
_LAST_CAPABILITY = 63
_LIBC = ctypes.CDLL(None, use_errno=True)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_EXIT = 125  # nothing was run

# System calls that no evaluation needs and that lead to more of the kernel, to another process, or to memory
# that is not counted. Machine → (audit architecture, `socket`, the numbers that differ between machines).
_DENIED_EVERYWHERE = (
    *(425, 426, 427),  # io_uring: opens and connects without the system calls that are filtered
    *(
        428,
        429,
        430,
        431,
        432,
        433,
        442,
    ),  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    *(434, 438),  # pidfd_open, pidfd_getfd
)
_DENIED = {
    "x86_64": (
        0xC000003E,
        41,
        (
            *(101, 310, 311, 312),  # ptrace, process_vm_readv, process_vm_writev, kcmp
            *(248, 249, 250),  # add_key, request_key, keyctl
            *(
                155,
                161,
                165,
                166,
                167,
                168,
                272,
                308,
            ),  # pivot_root, chroot, mount, umount2, swapon …, unshare, setns
            *(29, 68),  # shmget, msgget
            *(
                175,
                176,
                246,
                313,
                320,
            ),  # init_module, delete_module, kexec_load, finit_module, kexec_file_load
            *(298, 304, 321, 323),  # perf_event_open, open_by_handle_at, bpf, userfaultfd
        ),
    ),
    "aarch64": (
        0xC00000B7,
        198,
        (
            *(117, 270, 271, 272),
            *(217, 218, 219),
            *(41, 51, 40, 39, 224, 225, 97, 268),
            *(194, 186),
            *(105, 106, 104, 273, 294),
            *(241, 265, 280, 282),
        ),
    ),
}
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: these belong to a network namespace
_EPERM = 0x00050000 | 1  # fail with this error
_ALLOW = 0x7FFF0000


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
            f"size={plan['scratch']},nr_inodes={plan['inodes']},mode=1777",
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
    _check(_LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


def _filter(architecture: int, socket: int, denied: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Return a BPF program over `seccomp_data`: number at byte 0, machine at 4, argument 0 at 16."""
    load, equal, not_below, end = 0x20, 0x15, 0x35, 0x06
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (end, 0, 0, _EPERM), (load, 0, 0, 0)]
    program += [(not_below, 0, 1, 0x40000000), (end, 0, 0, _EPERM)]  # the x32 numbers of x86-64
    for number in (*_DENIED_EVERYWHERE, *denied):
        program += [(equal, 0, 1, number), (end, 0, 0, _EPERM)]
    program += [(equal, 1, 0, socket), (end, 0, 0, _ALLOW), (load, 0, 0, 16)]
    for family in _FAMILIES:
        program += [(equal, 0, 1, family), (end, 0, 0, _ALLOW)]
    return [*program, (end, 0, 0, _EPERM)]


def _filter_system_calls() -> None:
    """Deny system calls by number; where the kernel has no such filter, the probes find them open."""
    if (numbers := _DENIED.get(os.uname().machine)) is None:
        return
    program = _filter(*numbers)
    instructions = (_Instruction * len(program))(*(_Instruction(*fields) for fields in program))
    _LIBC.prctl(_SET_SECCOMP, 2, ctypes.byref(_Program(len(program), instructions)), 0, 0)


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
    if not plan["unprivileged"]:  # else a launcher is between this process and the one that waits
        _LIBC.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
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
            _filter_system_calls()
        os.chdir("/" if plan["unprivileged"] else plan["folder"])
        return _run(plan)
    except (OSError, KeyError, AttributeError) as reason:
        print(f"the sandbox cannot be set up: {reason}", file=sys.stderr)
        return _EXIT


if __name__ == "__main__":
    sys.exit(main())
