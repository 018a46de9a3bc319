"""The sandbox mechanisms that a machine may have: namespaces by unshare(1), bubblewrap, docker.

Each turns a plan into a command line; none is used before all probes were denied in it (selfcheck.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.evaluation.sandbox.confinement import (
    INODES,
    PROCESSES,
    Confinement,
    Limits,
    interpreter,
    sandbox_plan,
)

FIRST_PROCESS = Path(__file__).with_name("first_process.py")
_IMAGE = "stiltboard-sandbox:empty"
_EMPTY_TAR = bytes(10240)


@dataclass(frozen=True)
class Mechanism:
    """A way to make a sandbox.

    `build` returns the command line that runs a command in a confinement; its last argument is an empty
    folder on which the file system may be built. The launcher is visible inside, with the environment that it
    was started with, so that this is the confinement's; only a client of a daemon `inherits` this process's,
    and what the daemon starts is in a control group of its own.
    """

    name: str
    program: str
    build: Callable[[Sequence[str], Confinement, Limits, Path], list[str]]
    inherits: bool = False

    def missing(self) -> str | None:
        """Return why this cannot be tried on this machine, or None."""
        return None if shutil.which(self.program) else f"{self.program} is not installed"

    def command_line(
        self, command: Sequence[str], confinement: Confinement, limits: Limits, root: Path
    ) -> list[str]:
        """Return the launcher's command line; the launcher is killed when this process ends."""
        program, *arguments = self.build(command, confinement, limits, root)
        setpriv = shutil.which("setpriv")
        return [
            *([setpriv, "--pdeathsig", "KILL"] if setpriv else []),
            shutil.which(program) or program,
            *arguments,
        ]

    def environment(self, confinement: Confinement) -> Mapping[str, str]:
        """Return the environment to start the launcher with."""
        return os.environ if self.inherits else confinement.variables()


def _first(
    command: Sequence[str],
    confinement: Confinement,
    limits: Limits,
    root: Path | None = None,
    *,
    confined: bool = True,
) -> list[str]:
    """Return the command line of the first process inside."""
    return [
        interpreter(),
        "-I",
        "-S",
        str(FIRST_PROCESS),
        json.dumps(sandbox_plan(command, confinement, limits, root=root, confined=confined)),
    ]


def plain(command: Sequence[str], confinement: Confinement, limits: Limits) -> list[str]:
    """Return the command line that runs a command with limits only, outside any sandbox."""
    return _first(command, confinement, limits, confined=False)


def _unshare(command: Sequence[str], confinement: Confinement, limits: Limits, root: Path) -> list[str]:
    namespaces = [
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--net",
        "--ipc",
        "--uts",
        "--fork",
        "--kill-child=KILL",
    ]
    return ["unshare", *namespaces, "--", *_first(command, confinement, limits, root)]


def _bubblewrap(command: Sequence[str], confinement: Confinement, limits: Limits, _root: Path) -> list[str]:
    shown = [word for path in confinement.readable() for word in ("--ro-bind", path, path)]
    shown += [word for path in confinement.writable() for word in ("--bind", path, path)]
    shown += [word for path, target in confinement.links() for word in ("--symlink", target, path)]
    nodes = [word for path in confinement.devices() for word in ("--dev-bind", path, path)]
    # bubblewrap leaves /proc/sys writable for a user who is root outside.
    return [
        *(
            "bwrap",
            "--unshare-all",
            "--unshare-user",
            "--disable-userns",
            "--as-pid-1",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
            "--cap-drop",
            "ALL",
        ),
        *(
            "--proc",
            "/proc",
            "--remount-ro",
            "/proc",
            "--dev",
            "/dev",
            "--size",
            str(limits.scratch),
            "--tmpfs",
            "/tmp",
            "--size",
            str(limits.scratch),
            "--tmpfs",
            "/dev/shm",
        ),
        # Its /dev is a folder in memory without a limit.
        *(*shown, *nodes, "--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", "/", "--", *_first(command, confinement, limits)),
    ]


def _docker(command: Sequence[str], confinement: Confinement, limits: Limits, _root: Path) -> list[str]:
    """Run in an empty image, which needs no download, on the folders of this machine."""
    shown = [word for path in confinement.readable() for word in ("--volume", f"{path}:{path}:ro")]
    shown += [word for path in confinement.writable() for word in ("--volume", f"{path}:{path}")]
    shown += [
        word
        for path, target in confinement.links()
        for word in ("--volume", f"{Path(path).parent / target}:{path}:ro")
    ]
    return [
        *(
            "docker",
            "run",
            "--rm",
            "--interactive",
            "--network",
            "none",
            "--read-only",
            "--cap-drop",
            "ALL",
            "--ipc",
            "private",
        ),
        *(
            "--security-opt",
            "no-new-privileges",
            "--user",
            f"{os.getuid()}:{os.getgid()}",
            "--pids-limit",
            str(PROCESSES),
        ),
        *("--tmpfs", f"/tmp:size={limits.scratch},nr_inodes={INODES}"),
        *(*(["--gpus", "all"] if confinement.gpu else []), *shown),
        # Without the second, as much again may be swapped.
        *(["--memory", str(limits.memory), "--memory-swap", str(limits.memory)] if limits.memory else []),
        *(_IMAGE, *_first(command, confinement, limits)),
    ]


@dataclass(frozen=True)
class Docker(Mechanism):
    """docker, whose daemon may not run, and whose empty image has to be made once."""

    def missing(self) -> str | None:
        """Return why there is no daemon or no image."""
        if (absent := super().missing()) is not None:
            return absent
        if (
            subprocess.run(
                ["docker", "image", "inspect", _IMAGE], capture_output=True, check=False
            ).returncode
            == 0
        ):
            return None
        imported = subprocess.run(
            ["docker", "import", "-", _IMAGE], input=_EMPTY_TAR, capture_output=True, check=False
        )
        return (
            None
            if imported.returncode == 0
            else imported.stderr.decode(errors="replace").strip().partition("\n")[0]
        )


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism("unshare", "unshare", _unshare),
    Mechanism("bubblewrap", "bwrap", _bubblewrap),
    Docker("docker", "docker", _docker, inherits=True),
)
