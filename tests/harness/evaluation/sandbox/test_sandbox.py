"""A sandbox is one when every probe is denied in it; where none is, nothing is run; what takes too much is ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import CheckFailed
from harness.evaluation.sandbox import (
    Confinement,
    Limits,
    find_mechanism,
    interpreter,
    run_confined,
    usage,
)
from harness.evaluation.sandbox.mechanisms import MECHANISMS, Mechanism, plain
from harness.evaluation.sandbox.outside import reachable_outside
from harness.evaluation.sandbox.probes import PROBES
from harness.evaluation.sandbox.selfcheck import why_leaky
from tests.support.folders import ROOT

SCRIPT = ROOT / "harness/evaluation/sandbox/probes.py"
# What `unshare` and a mount need is asked for without our own code, so that this code cannot call itself
# unsupported.
NAMESPACES = (
    shutil.which("unshare") is not None
    and subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "--pid",
            "--net",
            "--fork",
            "mount",
            "-t",
            "proc",
            "proc",
            "/proc",
        ],
        capture_output=True,
        check=False,
    ).returncode
    == 0
)


def leaking(command: Sequence[str], view: Confinement, limits: Limits, _root: Path) -> list[str]:
    return plain(command, view, limits)


LEAKING = Mechanism("nothing at all", sys.executable, leaking)


def working() -> Mechanism | None:
    """Return this machine's mechanism; None where there is none, whose error is tested beside."""
    try:
        return find_mechanism(Confinement())
    except CheckFailed:
        assert not NAMESPACES
        return None


def python(code: str) -> list[str]:
    return [interpreter(), "-I", "-S", "-c", code]


# ---- getting out -------------------------------------------------------------------------------


def test_outside_a_sandbox_the_probes_reach_what_they_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "id_rsa").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "secret")
    with reachable_outside(Confinement()) as (outside, arrived):
        process = subprocess.run(
            [sys.executable, "-I", "-S", SCRIPT, json.dumps(outside)],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(process.stdout)
        assert arrived() == "a datagram of 5 bytes arrived"
    assert list(found) == list(PROBES)
    assert len(PROBES) == 30
    reached = {name for name, what in found.items() if what}
    # What else is open depends on the machine and on who runs the tests.
    assert reached >= {
        *("TCP", "abstract socket", "socket file", "home", "temporary file", "writing", "environment"),
        *("environment of processes", "/proc", "signal", "memory of the first process", "new privileges"),
    }


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_a_mechanism_denies_every_probe_or_is_not_taken(mechanism: Mechanism, tmp_path: Path) -> None:
    view = Confinement(read=(SCRIPT,), write=(tmp_path,), environment={"GIVEN": "1"})
    reason = mechanism.missing() or why_leaky(mechanism, view)
    if reason is None:
        assert find_mechanism(view, [mechanism]) is mechanism
        return
    assert not (mechanism.name == "unshare" and NAMESPACES), reason
    with pytest.raises(CheckFailed) as caught:
        find_mechanism(view, [mechanism])
    assert (
        caught.value.faults[0].message
        == f"no sandbox is tight on this machine, so nothing was evaluated ({mechanism.name}: {reason})"
    )


def test_a_machine_without_any_mechanism_is_told_what_to_allow() -> None:
    with pytest.raises(CheckFailed) as caught:
        find_mechanism(Confinement(), [Mechanism("magic", "no-such-program", leaking)])
    (fault,) = caught.value.faults
    assert (
        fault.message
        == "no sandbox is tight on this machine, so nothing was evaluated (magic: no-such-program is not installed)"
    )
    assert fault.cure.startswith("allow user namespaces")


def test_a_sandbox_that_leaks_is_not_taken_and_the_leak_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    with pytest.raises(CheckFailed) as caught:
        find_mechanism(Confinement(), [LEAKING])
    message = caught.value.faults[0].message
    for name in ("TCP", "UDP", "environment", "environment of processes", "/proc", "abstract socket"):
        assert f"{name} is not denied: '" in message


def test_a_sandbox_that_cannot_be_made_says_why() -> None:
    broken = Mechanism(
        "broken", "sh", lambda *_: ["sh", "-c", "echo unshare failed: Operation not permitted >&2; exit 1"]
    )
    with pytest.raises(CheckFailed, match=re.escape("(broken: 'unshare failed: Operation not permitted')")):
        find_mechanism(Confinement(), [broken])


def test_probes_that_did_not_all_run_prove_nothing() -> None:
    silent = Mechanism("silent", "sh", lambda *_: ["sh", "-c", "echo '{}'"])
    with pytest.raises(CheckFailed, match=re.escape("(silent: '{}')")):
        find_mechanism(Confinement(), [silent])


def test_no_process_inside_shows_what_this_one_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_harbour")
    code = """
import os
found = b""
for number in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline", "mem", "fd/0"):
        try:
            found += open(f"/proc/{number}/{name}", "rb").read(10**6) if name != "mem" else b""
        except OSError as reason:
            print(number, name, reason.strerror)
print(b"hf_" + b"harbour" in found, b"HF_" + b"TOKEN" in found)
for path, flags in (("/proc/1/mem", os.O_RDONLY), ("/proc/1/fd/0", os.O_WRONLY)):
    try:
        os.open(path, flags)
        print("opened", path)
    except OSError as reason:
        print(reason.strerror)
"""
    for mechanism in MECHANISMS:
        if mechanism.missing() or why_leaky(mechanism, Confinement()):
            continue
        lines: list[str] = []
        run_confined(python(code), Confinement(), Limits(), mechanism, lines.append)
        assert lines[-3:] == ["False False", "Permission denied", "Permission denied"], mechanism.name
        assert "1 environ Permission denied" in lines


def test_what_leads_past_the_filters_is_denied() -> None:
    code = """
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (425, 101, 250, 272, 29, 321), "aarch64": (425, 117, 219, 97, 194, 280)}[os.uname().machine]
print([(libc.syscall(number, 0, 0, 0, 0), errno.errorcode[ctypes.get_errno()]) for number in numbers])
for family in (1, 2, 10, 16, 17, 38, 40):
    try:
        socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_DGRAM).close()
        print(family, "open")
    except OSError as reason:
        print(family, errno.errorcode[reason.errno])
"""
    if (mechanism := working()) is None:
        return
    lines: list[str] = []
    run_confined(python(code), Confinement(), Limits(), mechanism, lines.append)
    assert lines[0] == str([(-1, "EPERM")] * 6)
    assert lines[1:] == ["1 open", "2 open", "10 open", "16 open", "17 EPERM", "38 EPERM", "40 EPERM"]


def inside(code: str, view: Confinement, limits: Limits = Limits()) -> list[str]:  # noqa: B008 - frozen
    """Run Python in this machine's sandbox and return what it printed; where there is none, in a process with limits alone."""
    lines: list[str] = []
    run_confined(python(code), view, limits, working(), lines.append)
    return lines


def test_what_is_shown_can_be_read_and_what_is_lent_can_be_written_and_nothing_else_is_there(
    tmp_path: Path,
) -> None:
    for name in ("shown", "lent", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    code = f"""
import os
root = {str(tmp_path)!r}
print(sorted(os.listdir(root)), open(root + "/shown/file").read())
open(root + "/lent/new", "w").write("new")
for path in (root + "/shown/new", "/new", "/usr/new"):
    try:
        open(path, "w")
        print("wrote", path)
    except OSError as reason:
        print(reason.strerror)
print(sorted(os.environ), os.path.exists("/etc/passwd") and open("/etc/passwd").read().count("\\n"))
"""
    if (mechanism := working()) is None:
        return
    lines: list[str] = []
    view = Confinement(read=(tmp_path / "shown",), write=(tmp_path / "lent",))
    run_confined(python(code), view, Limits(), mechanism, lines.append)
    assert lines[0] == "['lent', 'shown'] shown"
    assert lines[1:4] == ["Read-only file system"] * 3
    assert set(json.loads(lines[4].partition("]")[0].replace("'", '"') + "]")) <= {
        "HOME",
        "LANG",
        "LC_CTYPE",
        "PATH",
        "PWD",
    }
    assert (tmp_path / "lent/new").read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "file",
        "file",
        "file",
        "hidden",
        "lent",
        "new",
        "shown",
    ]


def test_privileges_cannot_be_taken_back(tmp_path: Path) -> None:
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")])
print(libc.mount(None, b"/", None, 4128, None), libc.umount2(b"/proc", 2))
try:
    open("/proc/sys/kernel/core_pattern", "w")
except OSError as reason:
    print(reason.strerror)
print(len([name for name in os.listdir("/proc") if name.isdigit()]) <= 3)
"""
    if (mechanism := working()) is None:
        return
    lines: list[str] = []
    run_confined(python(code), Confinement(), Limits(), mechanism, lines.append)
    assert lines == ["['" + "', '".join(["0" * 16] * 5) + "']", "-1 -1", "Read-only file system", "True"]


def test_no_folder_in_memory_is_without_a_limit(tmp_path: Path) -> None:
    code = """
import os
print(os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize, os.statvfs("/dev/shm").f_blocks * 4096)
for folder in ("/dev", "/", "/proc", "/etc"):
    try:
        open(folder + "/x", "w")
        print("wrote", folder)
    except OSError:
        print("denied")
"""
    tried = 0
    for mechanism in MECHANISMS[:2]:  # docker bounds its /dev
        if mechanism.missing() or why_leaky(mechanism, Confinement()):
            continue
        lines: list[str] = []
        run_confined(python(code), Confinement(), Limits(memory=2**30), mechanism, lines.append)
        assert lines == [f"{2**30} {2**30}", *["denied"] * 4], mechanism.name
        tried += 1
    assert tried or not NAMESPACES


# ---- taking too much ---------------------------------------------------------------------------


def ended(code: str, limits: Limits, tmp_path: Path) -> tuple[str, list[str]]:
    lines: list[str] = []
    with pytest.raises(CheckFailed) as caught:
        run_confined(python(code), Confinement(write=(tmp_path,)), limits, working(), lines.append)
    return caught.value.faults[0].message, lines


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    code = f"""
import os, time
os.fork() or os.setsid()
while True:
    open({str(beat)!r}, "a").write(".")
    time.sleep(0.05)
"""
    started = time.monotonic()
    message, _ = ended(code, Limits(seconds=1.2), tmp_path)
    assert message == "the evaluation took longer than 0.000333333 hours"
    assert time.monotonic() - started < 20
    size = beat.stat().st_size
    time.sleep(0.3)
    assert size == beat.stat().st_size > 0


def test_what_takes_too_much_memory_fails_and_the_machine_goes_on(tmp_path: Path) -> None:
    message, lines = ended("x = bytearray(2**31); print(len(x))", Limits(memory=2**29), tmp_path)
    assert message == "the evaluation ran out of the 536,870,912 bytes of memory that it may use"
    assert lines[-1] == "MemoryError"


def test_what_is_killed_is_named(tmp_path: Path) -> None:
    message, _ = ended("import os; os.kill(os.getpid(), 9)", Limits(), tmp_path)
    assert message == "the evaluation was killed, most likely because it ran out of memory"


def test_what_writes_too_much_is_ended(tmp_path: Path) -> None:
    code = f"""
import time
for number in range(1000):
    open({str(tmp_path)!r} + "/" + str(number), "wb").write(bytes(2**20))
    time.sleep(0.02)
"""
    message, _ = ended(code, Limits(disk=8 * 2**20), tmp_path)
    assert re.fullmatch(r"the evaluation wrote [\d,]+ bytes, more than the limit of 8,388,608", message)
    assert len(list(tmp_path.iterdir())) < 1000


def test_a_file_that_grows_without_end_is_stopped_by_the_kernel(tmp_path: Path) -> None:
    message, lines = ended(
        f"open({str(tmp_path / 'x')!r}, 'wb').write(bytes(2**26))", Limits(disk=2**20), tmp_path
    )
    assert message.startswith(("the evaluation ended with the exit code", "the evaluation wrote"))
    assert (tmp_path / "x").stat().st_size <= 2**20
    assert any("File too large" in line for line in lines)


def test_many_processes_are_held_to_the_memory_of_one(tmp_path: Path) -> None:
    code = """
import os, time
for _ in range(12):
    if os.fork() == 0:
        block = b"x" * (64 * 2**20)
        time.sleep(60)
time.sleep(60)
"""
    message, _ = ended(code, Limits(memory=2**29), tmp_path)
    assert re.fullmatch(
        r"the evaluation used [\d,]+ bytes of memory, more than the limit of 536,870,912", message
    )


def test_memory_that_no_process_maps_counts(tmp_path: Path) -> None:
    code = """
import os, time
file = os.memfd_create("x")
while os.write(file, bytes(2**20)):
    if os.fstat(file).st_size >= 200 * 2**20:
        time.sleep(60)
"""
    message, _ = ended(code, Limits(memory=2**27), tmp_path)
    assert message.endswith("bytes of memory, more than the limit of 134,217,728")
    if working() is None:
        return
    message, _ = ended(
        "open('/dev/shm/x', 'wb').write(bytes(100 * 2**20))\nopen('/tmp/x', 'wb').write(bytes(100 * 2**20))\n"
        "import time; time.sleep(60)",
        Limits(memory=2**27),
        tmp_path,
    )
    assert message.endswith(
        ("bytes of memory, more than the limit of 134,217,728", "the exit code 1 and no result")
    )


def test_empty_files_in_memory_count(monkeypatch: pytest.MonkeyPatch) -> None:
    if (mechanism := working()) is None:
        return
    code = (
        "import time\nfor number in range(20_000):\n    open(f'/tmp/{number}', 'w').close()\ntime.sleep(60)"
    )
    monkeypatch.setattr(usage, "_INODE", 2**20)  # 20 GB, where a file has been counted as nothing
    with pytest.raises(CheckFailed, match=r"bytes of memory, more than the limit of 8,589,934,592"):
        run_confined(python(code), Confinement(), Limits(memory=2**33), mechanism, print)


def test_files_without_a_name_and_without_content_count(tmp_path: Path) -> None:
    code = f"""
import os, time
file = os.open({str(tmp_path / "x")!r}, os.O_CREAT | os.O_WRONLY)
os.unlink({str(tmp_path / "x")!r})
for _ in range(32):
    os.write(file, os.urandom(2**20))
os.fsync(file)
time.sleep(60)
"""
    message, _ = ended(code, Limits(disk=24 * 2**20), tmp_path)
    assert message.endswith(("more than the limit of 25,165,824", "the exit code 1 and no result"))
    code = f"""
import time
for number in range(30_000):
    open({str(tmp_path)!r} + "/" + str(number), "wb").close()
time.sleep(60)
"""
    message, _ = ended(code, Limits(disk=100 * 2**20), tmp_path)
    assert message.endswith("more than the limit of 104,857,600")


def test_a_line_without_end_is_cut_and_what_is_no_text_is_replaced(tmp_path: Path) -> None:
    lines = inside("import sys; sys.stdout.buffer.write(b'x' * 5000 + b'\\n\\xff\\n')", Confinement())
    assert [len(line) for line in lines] == [2000, 2000, 1000, 1]
    assert lines[-1] == "�"


def test_when_the_process_that_asked_is_killed_so_is_the_evaluation(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    code = f"import time\nwhile True:\n    open({str(beat)!r}, 'a').write('.')\n    time.sleep(0.05)"
    asking = (
        "import sys; from pathlib import Path; from harness.evaluation.sandbox import *\n"
        "view = Confinement(write=(Path(sys.argv[1]),))\n"
        "mechanism = find_mechanism(view) if sys.argv[3] == 'sandbox' else None\n"
        "run_confined([interpreter(), '-I', '-S', '-c', sys.argv[2]], view, Limits(), mechanism, print)"
    )
    how = "sandbox" if working() else "limits"
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[3])}
    process = subprocess.Popen([sys.executable, "-c", asking, str(tmp_path), code, how], env=environment)
    until = time.monotonic() + 30
    while not beat.exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.5)
    size = beat.stat().st_size
    time.sleep(0.3)
    assert beat.stat().st_size == size > 0


def test_a_pipe_that_is_kept_open_does_not_keep_the_sandbox(tmp_path: Path) -> None:
    if (mechanism := working()) is None:
        return
    beat = tmp_path / "beat"
    code = f"import time\nwhile True:\n    open({str(beat)!r}, 'a').write('.')\n    time.sleep(0.05)"
    asking = """
import os, sys, threading, time
from pathlib import Path
from harness.evaluation.sandbox import *
view = Confinement(write=(Path(sys.argv[1]),))
mechanism = find_mechanism(view)
def keep():
    while not (Path(sys.argv[1]) / "beat").exists():
        time.sleep(0.05)
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
threading.Thread(target=keep).start()
run_confined([interpreter(), "-I", "-S", "-c", sys.argv[2]], view, Limits(), mechanism, print)
"""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[3])}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", asking, str(tmp_path), code],
        env=environment,
        start_new_session=True,
    )
    until = time.monotonic() + 30
    while not beat.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.5)
    size = beat.stat().st_size
    time.sleep(0.3)
    assert beat.stat().st_size == size > 0, mechanism.name
    os.killpg(process.pid, signal.SIGKILL)
