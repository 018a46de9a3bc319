"""The files for clusters under a real Slurm of one node on this machine."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.folders import ROOT
from tests.support.submissions import result_without_run, write_submission
from tests.support.toys import save_toy_encoder

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

CONF = """\
ClusterName=stiltboard
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
ACTIVATE = f"source {Path(sys.executable).parent}/activate; export PYTHONPATH={ROOT}"
EVALUATE = ("many", "one", "-t", "jupyterlab", "-l", "de", "-l", "fi", "--dtype", "float32")


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start a controller and a node as this account, and end them."""
    assert shutil.which("slurmctld"), "apt-get install slurm-wlm munge"
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir(mode=0o700)
    key = folder / "munge/key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    host, user = socket.gethostname().partition(".")[0], subprocess.getoutput("id -un")
    conf = folder / "slurm.conf"
    cores = os.cpu_count()
    conf.write_text(CONF.format(folder=folder, host=host, user=user, ports=_free_ports(), cores=cores))
    monkeypatch.setenv("SLURM_CONF", str(conf))
    munge = [f"--{name}-file={folder}/munge/{name}" for name in ("key", "pid", "log", "seed")]
    with ExitStack() as stack:
        for command in (
            ["munged", "-F", "--force", f"--socket={folder}/munge/socket", *munge],
            ["slurmctld", "-D", "-f", str(conf)],
            ["slurmd", "-D", "-f", str(conf), "-N", host],
        ):
            log = stack.enter_context((folder / f"{command[0]}.log").open("wb"))
            daemon = subprocess.Popen(command, stdout=log, stderr=log)
            stack.callback(daemon.wait, 30)
            stack.callback(daemon.terminate)
            time.sleep(1)
        assert (
            host
            in subprocess.run(
                ["srun", "-N1", "hostname", "-s"], capture_output=True, text=True, timeout=60, check=True
            ).stdout
        )
        yield


def _free_ports() -> list[int]:
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in (first, second)]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with two submissions, and return that of what one run after the other gives."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for slug, seeds in (("many", 3), ("one", 1)):
        checkpoints = ", ".join(f"{{seed: {seed}, path: weights-{seed}}}" for seed in range(seeds))
        folder = write_submission(tmp_path / "submissions" / slug, checkpoints=f"[{checkpoints}]")
        for seed in range(seeds):
            save_toy_encoder(folder / f"weights-{seed}", seed=seed + 10 * seeds)
    return tmp_path / "submissions"


def stiltboard(*arguments: str) -> None:
    code = "from harness.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", *EVALUATE, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def results(board: Path) -> list[tuple[str, str]]:
    return [result_without_run(board / slug) for slug in ("many", "one")]


def alone(board: Path) -> list[tuple[str, str]]:
    """Return the results of one run after the other, from nothing."""
    for slug in ("many", "one"):
        shutil.rmtree(board / slug / "results")
    shutil.rmtree(os.environ["STILTBOARD_CACHE"])
    stiltboard()
    return results(board)


@pytest.mark.usefixtures("slurm")
def test_pilots_of_slurm_end_with_the_bytes_of_one_run(board: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs/clusters/slurm_cpu.py").read_text()
    mine, changed = re.subn("ACTIVATE = .*", f"ACTIVATE = {ACTIVATE!r}", text)
    mine, cores = re.subn("CORES = 8", "CORES = 1", mine)
    assert changed == cores == 1
    (tmp_path / "cluster.py").write_text(mine)
    stiltboard("--cluster", str(tmp_path / "cluster.py"))
    measured = results(board)
    assert measured == alone(board)


@pytest.mark.usefixtures("slurm")
def test_the_array_job_of_the_docs_ends_with_the_bytes_of_one_run(board: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs/clusters.md").read_text()
    (script,) = re.findall(r"```\n(#!/bin/bash\n#SBATCH.*?)```", page, re.S)
    mine = (
        script.replace("source $HOME/stiltboard/.venv/bin/activate", ACTIVATE)
        .replace("cd $HOME/board", f"cd {tmp_path}")
        .replace("$HOME/stiltboard-cache", os.environ["STILTBOARD_CACHE"])
        .replace("--array=1-16", "--array=1-3")
        .replace("--cpus-per-task=8", "--cpus-per-task=1")
        .replace("-t tatoeba,xquad_r", " ".join(EVALUATE[2:]))
    )
    assert "$HOME" not in mine
    assert mine.count(" ".join(EVALUATE[2:])) == 1
    (tmp_path / "array.sh").write_text(mine)
    done = subprocess.run(
        ["sbatch", "--wait", "array.sh"],
        capture_output=True,
        text=True,
        timeout=400,
        cwd=tmp_path,
        check=False,
    )
    logs = "".join(path.read_text() for path in tmp_path.glob("slurm-*.out"))
    assert done.returncode == 0, logs
    assert all(f"shard {number}/3: " in logs for number in (1, 2, 3))
    measured = results(board)
    assert measured == alone(board)
