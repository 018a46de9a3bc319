"""The ways to make a sandbox that a machine may have: namespaces by unshare(1), bubblewrap, docker.

Each turns a plan into a command line; none is believed before the probes were denied in it (selfcheck.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.evaluation.sandbox.confinement import SCRATCH, Confinement, Limits, interpreter, plan

FIRST_PROCESS = Path(__file__).with_name("first_process.py")
_IMAGE = "stiltboard-sandbox:empty"
_EMPTY_TAR = bytes(10240)


@dataclass(frozen=True)
class Mechanism:
    """A way to make a sandbox. `build` gives the command line that runs a command in a view, with an empty folder to make it on."""

    name: str
    program: str
    build: Callable[[Sequence[str], Confinement, Limits, Path], list[str]]

    def missing(self) -> str | None:
        """Return why this cannot even be tried here, or None."""
        return None if shutil.which(self.program) else f"{self.program} is not installed"


def _first(
    command: Sequence[str],
    view: Confinement,
    limits: Limits,
    root: Path | None = None,
    *,
    confined: bool = True,
) -> list[str]:
    """Return the command line of the first program inside."""
    return [
        interpreter(),
        "-I",
        "-S",
        str(FIRST_PROCESS),
        json.dumps(plan(command, view, limits, root=root, confined=confined)),
    ]


def plain(command: Sequence[str], view: Confinement, limits: Limits) -> list[str]:
    """Return the command line that runs a command with limits alone, outside any sandbox."""
    return _first(command, view, limits, confined=False)


def _unshare(command: Sequence[str], view: Confinement, limits: Limits, root: Path) -> list[str]:
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
    return ["unshare", *namespaces, "--", *_first(command, view, limits, root)]


def _bubblewrap(command: Sequence[str], view: Confinement, limits: Limits, _root: Path) -> list[str]:
    shown = [word for path in view.readable() for word in ("--ro-bind", path, path)]
    shown += [word for path in view.writable() for word in ("--bind", path, path)]
    shown += [word for path, target in view.links() for word in ("--symlink", target, path)]
    nodes = [word for path in view.devices() for word in ("--dev-bind", path, path)]
    # /proc/sys belongs to whoever is root outside, and bubblewrap leaves it writable to them.
    return [
        *(
            "bwrap",
            "--unshare-all",
            "--unshare-user",
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
            str(SCRATCH),
            "--tmpfs",
            "/tmp",
        ),
        *(*shown, *nodes, "--remount-ro", "/"),
        *("--chdir", "/", "--", *_first(command, view, limits)),
    ]


def _docker(command: Sequence[str], view: Confinement, limits: Limits, _root: Path) -> list[str]:
    """Run in an image without a single file, which needs no download, on the folders of this machine."""
    shown = [word for path in view.readable() for word in ("--volume", f"{path}:{path}:ro")]
    shown += [word for path in view.writable() for word in ("--volume", f"{path}:{path}")]
    shown += [
        word
        for path, target in view.links()
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
            "4096",
        ),
        *("--tmpfs", f"/tmp:size={SCRATCH}", *(["--gpus", "all"] if view.gpu else []), *shown),
        *(["--memory", str(limits.memory)] if limits.memory else []),
        *(_IMAGE, *_first(command, view, limits)),
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
        made = subprocess.run(
            ["docker", "import", "-", _IMAGE], input=_EMPTY_TAR, capture_output=True, check=False
        )
        return (
            None if made.returncode == 0 else made.stderr.decode(errors="replace").strip().partition("\n")[0]
        )


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism("unshare", "unshare", _unshare),
    Mechanism("bubblewrap", "bwrap", _bubblewrap),
    Docker("docker", "docker", _docker),
)
