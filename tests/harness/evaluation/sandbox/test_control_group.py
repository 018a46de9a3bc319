"""The kernel holds the sum of memory and processes where a cgroup can be made; elsewhere the limit says that it is measured.

The hierarchy is a folder with the files of a cgroup: what they are told is tested, not what a kernel does with it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import CheckFailed
from harness.evaluation.sandbox import Confinement, Limits, interpreter, process, run_confined
from harness.evaluation.sandbox.control_group import ControlGroup, Hierarchy, make_group
from harness.evaluation.sandbox.mechanisms import MECHANISMS

LIMITS = Limits(memory=2**29)


@pytest.fixture
def hierarchy(tmp_path: Path) -> Hierarchy:
    """Lay out a session below a slice in which the controllers are enabled, as systemd does."""
    mount, session = tmp_path / "cgroup", tmp_path / "cgroup/user.slice/session.scope"
    session.mkdir(parents=True)
    (mount / "cgroup.controllers").write_text("cpu memory pids\n")
    (mount / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (mount / "user.slice/cgroup.subtree_control").write_text("memory pids\n")
    (session / "cgroup.subtree_control").write_text("\n")
    (tmp_path / "own").write_text("4:memory:/old\n0::/user.slice/session.scope\n")
    return Hierarchy(mount, tmp_path / "own")


def held(group: ControlGroup) -> dict[str, str]:
    return {path.name: path.read_text().strip() for path in group.folder.iterdir()}


def test_a_group_is_made_below_the_nearest_one_that_may_be_divided(hierarchy: Hierarchy) -> None:
    group = make_group(LIMITS, hierarchy)
    assert group.folder.parent == hierarchy.mount / "user.slice"
    written = held(group)
    assert written.pop("cgroup.procs").isdigit()  # of a process that tried to enter
    assert written == {
        "memory.max": str(2**29),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "4096",
    }
    group.remove()
    assert held(group)["cgroup.kill"] == "1"
    assert set(held(make_group(Limits(), hierarchy))) == {"pids.max", "cgroup.procs"}


def test_where_one_may_not_be_divided_the_next_one_above_is(
    hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def mkdir(path: Path, *arguments: object) -> None:
        if path.parent.name == "user.slice":
            raise PermissionError("Permission denied")
        make(path)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert make_group(LIMITS, hierarchy).folder.parent == hierarchy.mount
    (hierarchy.mount / "cgroup.subtree_control").write_text("cpu\n")
    with pytest.raises(OSError, match="Permission denied"):
        make_group(LIMITS, hierarchy)


def test_a_group_that_cannot_be_entered_is_removed(
    hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.evaluation.sandbox.control_group._ENTER", "exit 1")
    with pytest.raises(OSError, match=r"cgroup may not be divided: .+ exit status 1"):
        make_group(LIMITS, hierarchy)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("no mount", "no cgroup v2 is mounted at .+/cgroup"),
        ("version 1", "this process is in no group that is visible"),
        ("outside", "this process is in no group that is visible"),
        ("no controllers", "no group above this process has the controllers of memory and processes"),
    ],
)
def test_where_no_group_can_be_made_the_reason_is_given(
    hierarchy: Hierarchy, change: str, reason: str
) -> None:
    match change:
        case "no mount":
            (hierarchy.mount / "cgroup.controllers").unlink()
        case "version 1":
            hierarchy.own.write_text("4:memory:/\n")
        case "outside":
            hierarchy.own.write_text("0::/../other\n")
        case "no controllers":
            for path in hierarchy.mount.rglob("cgroup.subtree_control"):
                path.write_text("cpu\n")
    with pytest.raises(OSError, match=reason):
        make_group(LIMITS, hierarchy)


# ---- a run -------------------------------------------------------------------------------------


def run(code: str, limits: Limits = LIMITS) -> list[str]:
    lines: list[str] = []
    command = [interpreter(), "-I", "-S", "-c", code]
    run_confined(command, Confinement(), limits, None, lines.append)
    return lines


@pytest.fixture
def grouped(hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch) -> Hierarchy:
    monkeypatch.setattr(process, "make_group", lambda limits: make_group(limits, hierarchy))
    monkeypatch.setattr(process, "memory_of_tree", lambda _: pytest.fail("it is measured as well"))
    return hierarchy


def test_a_command_starts_inside_the_group_and_what_is_left_of_it_is_ended(grouped: Hierarchy) -> None:
    lines = run("import os, time; print(os.getpid(), os.getppid()); time.sleep(1)")
    (folder,) = (grouped.mount / "user.slice").glob("stiltboard-*")
    written = held(ControlGroup(folder))
    assert written["cgroup.procs"] == lines[0].split()[1]  # the first process, which the shell became
    assert written["cgroup.kill"] == "1"


@pytest.mark.parametrize(
    ("file", "event", "message"),
    [
        ("memory.events", "oom 1\noom_kill 1", "needed more memory than the limit of 536,870,912 bytes"),
        ("pids.events", "max 7", "started more than 4,096 processes and threads"),
    ],
)
def test_the_limit_that_the_kernel_enforced_is_named(
    grouped: Hierarchy, file: str, event: str, message: str
) -> None:
    code = f"""
import os, pathlib
folders = pathlib.Path({str(grouped.mount)!r}).glob("user.slice/stiltboard-*")
folder = max(folders, key=lambda path: path.stat().st_mtime_ns)
(folder / {file!r}).write_text({event!r})
os.kill(os.getpid(), 9)
"""
    with pytest.raises(CheckFailed) as caught:
        run(code)
    assert caught.value.faults[0].message == f"the evaluation {message}"
    assert "what it finished is kept" in caught.value.faults[0].cure
    run(code.replace("os.kill(os.getpid(), 9)", ""))  # it coped


def test_a_limit_that_is_measured_says_so(hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch) -> None:
    (hierarchy.mount / "cgroup.controllers").unlink()
    monkeypatch.setattr(process, "make_group", lambda limits: make_group(limits, hierarchy))
    fork = """
import os, time
for _ in range(12):
    if os.fork() == 0:
        block = b"x" * (64 * 2**20)
        time.sleep(60)
time.sleep(60)
"""
    note = (
        "what it finished is kept; measured 2 times a second, not held by the kernel: "
        f"no cgroup v2 is mounted at {hierarchy.mount}"
    )
    with pytest.raises(CheckFailed, match="bytes of memory, more than the limit of") as caught:
        run(fork)
    assert caught.value.faults[0].cure == f"--max-memory; {note}"
    monkeypatch.setattr(process, "PROCESSES", 8)
    with pytest.raises(CheckFailed, match=r"runs 1\d processes, more than the limit of 8") as caught:
        run(fork.replace("64", "1"))
    assert caught.value.faults[0].cure == note


def test_docker_makes_its_own_group_without_swap() -> None:
    docker = next(mechanism for mechanism in MECHANISMS if mechanism.name == "docker")
    assert process._group(LIMITS, docker) == (None, None)
    command = docker.command_line(["true"], Confinement(), LIMITS, Path("/"))
    assert command[command.index("--memory-swap") + 1] == str(2**29)
    assert command[command.index("--pids-limit") + 1] == "4096"
    assert f"/tmp:size={2**29},nr_inodes=100000" in command
