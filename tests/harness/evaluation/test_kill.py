"""kill -9 at random moments: the same command then ends with the same bytes."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.submissions import result_without_run, write_submission

# The command line itself, with vectors reaching the disk all the time instead of every ten seconds.
_CODE = "import harness.models.vector_cache; harness.models.vector_cache._FLUSH_SECONDS = 0.02; from harness.cli.main import main; main()"


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    return folder


def start(submission: Path) -> subprocess.Popen[bytes]:
    arguments = [
        "evaluate",
        "toy",
        "-t",
        "jupyterlab",
        "-l",
        "fr",
        "-l",
        "ru",
        "-l",
        "ko",
        "--dtype",
        "float32",
    ]
    command = [
        sys.executable,
        "-c",
        _CODE,
        *arguments,
        "--batch-tokens",
        "256",
        "--submissions",
        str(submission.parent),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(submission: Path) -> float:
    began = time.monotonic()
    assert start(submission).wait() == 0
    return time.monotonic() - began


def kill_at_random(submission: Path, cache: Path, times: int, seed: int) -> list[tuple[str, str]]:
    """Kill a run at a random moment, start it again, and return what each pair ended with; the unkilled run's comes first."""
    seconds = finish(submission)
    outcomes = [result_without_run(submission)]
    moments = random.Random(seed)
    for _ in range(times):
        shutil.rmtree(submission / "results")
        shutil.rmtree(cache)
        process = start(submission)
        time.sleep(moments.uniform(0.4, 1.0) * seconds)  # before lie only imports
        process.send_signal(signal.SIGKILL)
        process.wait()
        finish(submission)
        outcomes.append(result_without_run(submission))
        assert not list(submission.rglob("*.partial"))
    return outcomes


@pytest.mark.slow
def test_a_killed_run_ends_with_the_bytes_of_one_that_was_not(submission: Path, own_cache: Path) -> None:
    assert len(set(kill_at_random(submission, own_cache, times=1, seed=1))) == 1


@pytest.mark.slow
def test_twenty_killed_runs_end_with_the_bytes_of_one_that_was_not(submission: Path, own_cache: Path) -> None:
    assert len(set(kill_at_random(submission, own_cache, times=20, seed=2))) == 1
